import Gateway
import KubernetesClient
import Logging
import ServiceLifecycle
import Synchronization

/// Where services are called.
final class GatewayPart: Part {
    let name = "gateway"
    private let settings: ClusterSettings
    private let client: Client
    private let logger: Logger
    private let current = Mutex<Gateway?>(nil)

    init(settings: ClusterSettings, access: ClusterAccess, logger: Logger) throws {
        self.settings = settings
        self.logger = logger
        client = try access.client("gateway", .serviceAccount("apus-gateway"))
    }

    func makeService() async throws -> any ServiceLifecycle.Service {
        let gateway = Gateway(
            configuration: Gateway.Configuration(listeners: [.init(port: settings.gatewayPort)]), client: client, logger: logger)
        current.withLock { $0 = gateway }
        return gateway
    }

    func readiness() async throws -> String? {
        current.withLock { $0 }?.addresses == nil ? nil : settings.gatewayURL
    }
}
