import ClusterControllers
import KubernetesClient
import Logging
import ServiceLifecycle
import Synchronization

/// Upstream's controllers and scheduler, as far as Apus needs them.
final class ControllersPart: Part {
    let name = "controllers"
    private let client: Client
    private let certificateAuthority: String
    private let logger: Logger
    private let current = Mutex<ClusterControllers?>(nil)

    init(access: ClusterAccess, logger: Logger) throws {
        client = try access.client("controllers", .controllers, logger: "kube-controller-manager")
        certificateAuthority = access.authority
        self.logger = logger
    }

    func makeService() async throws -> any ServiceLifecycle.Service {
        let controllers = ClusterControllers(
            client: client, configuration: .init(certificateAuthority: certificateAuthority), logger: logger)
        current.withLock { $0 = controllers }
        return controllers
    }

    func readiness() async throws -> String? {
        guard let health = current.withLock({ $0 })?.manager.health, health.isSynced, health.isLeading else { return nil }
        return "\(health.queueDepths.count) controllers and the scheduler"
    }
}
