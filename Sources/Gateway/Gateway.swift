import ControllerRuntime
public import Exposition
public import KubernetesClient
public import Logging
public import ServiceLifecycle
import Synchronization

/// The data plane: one stable address for each inference service.
///
/// Requests come in as `http://<gateway>/<namespace>/<service>/…` or with `Host: <service>.<namespace>`, and go to a ready
/// server of one of the versions that share the service's traffic. The table that decides this is a value, rebuilt from
/// InferenceServices and EndpointSlices whenever they change; choosing from it is a pure function.
public final class Gateway: Service {
    public let configuration: Configuration
    private let table: any RoutingTableSource
    private let follower: ClusterRoutes?
    private let capture: DriftCapture?
    private let shared: GatewayShared
    private let logger: Logger
    private let started = Mutex<[Configuration.Listener]?>(nil)

    /// A gateway for the services of a cluster.
    /// - Parameters:
    ///   - client: reads InferenceServices and EndpointSlices.
    ///   - registry: where its metrics go; they are served at `/metrics` too.
    public convenience init(
        configuration: Configuration, client: Client, registry: MetricsRegistry = MetricsRegistry(collectors: [ProcessMetrics()]),
        logger: Logger = Logger(label: "apus.gateway")
    ) {
        let table = CurrentRoutingTable()
        self.init(
            configuration: configuration, table: table, registry: registry, logger: logger,
            follower: ClusterRoutes(client: client, table: table, logger: logger))
    }

    /// A gateway for a table from elsewhere.
    public convenience init(
        configuration: Configuration, table: any RoutingTableSource,
        registry: MetricsRegistry = MetricsRegistry(collectors: [ProcessMetrics()]),
        logger: Logger = Logger(label: "apus.gateway")
    ) {
        self.init(configuration: configuration, table: table, registry: registry, logger: logger, follower: nil)
    }

    private init(
        configuration: Configuration, table: any RoutingTableSource, registry: MetricsRegistry, logger: Logger,
        follower: ClusterRoutes?
    ) {
        self.configuration = configuration
        self.table = table
        self.follower = follower
        self.logger = logger
        capture = configuration.capturesDrift ? DriftCapture(registry: registry, logger: logger) : nil
        shared = GatewayShared(
            configuration: configuration, table: table, metrics: GatewayMetrics(registry), capture: capture)
    }

    /// Where it listens, once it does: ports that were 0 are known then.
    public var addresses: [Configuration.Listener]? { started.withLock { $0 } }

    /// Serves until cancelled or asked to shut down, and then lets requests under way finish.
    /// - Throws: ``GatewayError`` when an address cannot be listened at.
    public func run() async throws {
        let plane = try await DataPlane.start(shared)
        started.withLock { $0 = plane.addresses }
        logger.notice("listening", metadata: ["addresses": "\(plane.addresses.map { "http://\($0.host):\($0.port)" })"])
        defer { started.withLock { $0 = nil } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            if let follower {
                group.addTask { [capture, shared] in
                    try await follower.run { table in
                        shared.states.keepOnly(Set(table.services.values.flatMap(\.versions).flatMap(\.backends)))
                        shared.metrics.keepOnly(Set(table.services.keys))
                        capture?.prepare(table)
                    }
                }
            } else {
                capture?.prepare(table.table)
            }
            if let capture { group.addTask { await capture.run() } }
            // Whoever asks for a graceful end, or cancels, ends this wait.
            group.addTask {
                try? await cancelWhenGracefulShutdown {
                    while true { try await Task.sleep(for: .seconds(3_600)) }
                }
            }
            let ended = await group.nextResult()
            await plane.shutDown()
            group.cancelAll()
            if case .failure(let error) = ended, !(error is CancellationError) { throw error }
        }
    }
}

/// Why a gateway cannot run.
public struct GatewayError: Error, Sendable, CustomStringConvertible {
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String

        /// An address is taken, or is not one of this machine.
        public static let cannotListen = Code(description: "CannotListen")

        private init(description: String) {
            self.description = description
        }
    }

    public let code: Code
    public let message: String
    public let cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { cause.map { "\(code): \(message) (\($0))" } ?? "\(code): \(message)" }
}
