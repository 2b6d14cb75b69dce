import ControllerRuntime
import Foundation
import Hummingbird
import KubernetesClient
import KubernetesTypes
import Logging
import Reconcilers
import ServiceLifecycle
import Synchronization

/// Tells Prometheus which pods to scrape, and the gateway, in the form of its HTTP service discovery.
final class TargetServer: ServiceLifecycle.Service {
    private let manager: Manager
    private let pods: Informer<Pod>
    private let gateway: String
    private let logger: Logger
    private let boundPort = Mutex<Int?>(nil)

    /// - Parameter gateway: where the gateway listens, `host:port`.
    init(client: Client, gateway: String, logger: Logger) {
        self.gateway = gateway
        manager = Manager(client: client, logger: logger)
        pods = manager.informer(Pod.self)
        self.logger = logger
    }

    /// Where the list is, once it is served and all pods are known.
    var url: String? {
        guard pods.hasSynced, let port = boundPort.withLock({ $0 }) else { return nil }
        return "http://127.0.0.1:\(port)/targets"
    }

    func run() async throws {
        let (pods, gateway) = (pods, ScrapeTargetGroup(gateway: gateway))
        let router = Router()
        router.get("/targets") { _, _ in
            let data = try JSONEncoder().encode(ScrapeTargetGroup.groups(of: pods.cache.list()) + [gateway])
            return Response(
                status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(bytes: data)))
        }
        var quiet = logger
        quiet.logLevel = .warning
        // The system chooses the port: only the Prometheus that is told the address needs to know it.
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { [boundPort = PortBox(self)] channel in boundPort.set(channel.localAddress?.port) }, logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.manager.run() }
            group.addTask { try await application.run() }
            try await group.next()
            group.cancelAll()
        }
    }

    private struct PortBox: Sendable {
        let server: TargetServer
        init(_ server: TargetServer) { self.server = server }
        func set(_ port: Int?) { server.boundPort.withLock { $0 = port } }
    }
}
