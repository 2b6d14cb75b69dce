import ControllerRuntime
import Exposition
import Foundation
import Hummingbird
import KubernetesClient
import KubernetesTypes
import Logging
import Reconcilers
import ServiceLifecycle
import Synchronization

/// Tells Prometheus which pods to scrape, the gateway and this process, in the form of its HTTP service discovery.
final class TargetServer: ServiceLifecycle.Service {
    private let manager: Manager
    private let pods: Informer<Pod>
    private let gateway: String
    private let metrics: MetricsRegistry
    private let logger: Logger
    private let boundPort = Mutex<Int?>(nil)

    /// - Parameters:
    ///   - gateway: where the gateway listens, `host:port`.
    ///   - metrics: of this process, served beside the list.
    init(client: Client, gateway: String, metrics: MetricsRegistry, logger: Logger) {
        self.gateway = gateway
        self.metrics = metrics
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
        let (pods, metrics) = (pods, metrics)
        let gateway = ScrapeTargetGroup(job: "apus-gateway", target: gateway)
        let router = Router()
        router.get("/metrics") { request, _ in
            let page = metrics.page(accept: request.headers[.accept])
            return Response(
                status: .ok, headers: [.contentType: page.contentType], body: .init(byteBuffer: ByteBuffer(string: page.body)))
        }
        router.get("/targets") { [boundPort = PortBox(self)] _, _ in
            let own = boundPort.get().map { ScrapeTargetGroup(job: "apus", target: "127.0.0.1:\($0)") }
            let groups = ScrapeTargetGroup.groups(of: pods.cache.list()) + [gateway] + [own].compactMap(\.self)
            let data = try JSONEncoder().encode(groups)
            return Response(
                status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(bytes: data)))
        }
        var quiet = logger
        // The library takes the end of a server for an error.
        quiet.logLevel = .critical
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
        func get() -> Int? { server.boundPort.withLock { $0 } }
        func set(_ port: Int?) { server.boundPort.withLock { $0 = port } }
    }
}
