import APIServer
import Foundation
import Logging
import ServiceLifecycle
import Synchronization

/// The Kubernetes API of the cluster, on the loopback address and the pod bridge.
final class APIServerPart: Part {
    let name = "API server"
    let isEssential = true
    private let settings: ClusterSettings
    private let logger: Logger
    private let answer = Mutex<Result<APIServer.Ready, any Error>?>(nil)

    init(settings: ClusterSettings, logger: Logger) {
        self.settings = settings
        self.logger = logger
    }

    func makeService() async throws -> any ServiceLifecycle.Service {
        var configuration = APIServer.Configuration()
        configuration.dataDirectory = URL(filePath: settings.paths.apiServer)
        configuration.port = settings.port
        configuration.bindAddresses = ["127.0.0.1", settings.bridgeAddress]
        configuration.advertisedAddress = settings.bridgeAddress
        configuration.core.serviceRange = settings.serviceCIDR
        configuration.core.advertisedAddress = "127.0.0.1:\(settings.port)"
        let server = APIServer(configuration: configuration, logger: logger)
        answer.withLock { $0 = nil }
        Task.detached { [self] in
            do {
                let ready = try await server.ready()
                answer.withLock { $0 = .success(ready) }
            } catch {
                answer.withLock { $0 = .failure(error) }
            }
        }
        return server
    }

    func readiness() async throws -> String? {
        guard let answer = answer.withLock({ $0 }) else { return nil }
        _ = try answer.get()
        return settings.serverURL
    }

    /// Keys and certificates of the cluster, once the server is ready.
    func access() throws -> ClusterAccess {
        guard let ready = try answer.withLock({ $0 })?.get() else {
            throw EmbeddedError(.partFailed, "the API server is not ready")
        }
        return ClusterAccess(settings: settings, certificates: ready.certificates)
    }
}
