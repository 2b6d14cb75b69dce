import ApusAPI
import ControllerRuntime
import KubernetesClient
import KubernetesTypes
import Logging

/// Keeps a routing table the same as the cluster.
final class ClusterRoutes: Sendable {
    private let manager: Manager
    private let services: Informer<InferenceService>
    private let slices: Informer<EndpointSlice>
    private let table: CurrentRoutingTable
    private let logger: Logger
    private let changes: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init(client: Client, table: CurrentRoutingTable, logger: Logger) {
        self.table = table
        self.logger = logger
        manager = Manager(client: client, logger: logger)
        services = manager.informer(InferenceService.self)
        slices = manager.informer(EndpointSlice.self)
        // One pending signal is enough: whoever reads it looks at everything.
        (changes, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        services.cache.onChange { [signal] _ in signal.yield() }
        slices.cache.onChange { [signal] _ in signal.yield() }
    }

    /// Follows the cluster until cancelled.
    func run(onChange: @escaping @Sendable (RoutingTable) -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [manager] in try await manager.run() }
            group.addTask { [self] in
                // A table of half the endpoints would turn requests away that have a backend.
                try await services.waitUntilSynced()
                try await slices.waitUntilSynced()
                signal.yield()
                var last: RoutingTable?
                for await _ in changes {
                    let next = RoutingTable(services: services.cache.list(), slices: slices.cache.list())
                    guard next != last else { continue }
                    table.set(next)
                    onChange(next)
                    last = next
                    logger.debug("routes changed", metadata: ["services": "\(next.services.count)"])
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
