/// Gathers observations, executes plans: the reconcilers of every kind at work on an API server.
///
/// One wiring file a kind says what concerns it and where the facts of its observation come from; `Facts/` reads what lies outside
/// Kubernetes. There is no decision here.
import ArtifactStore
import AsyncHTTPClient
import ControllerRuntime
public import Exposition
public import KubernetesClient
import KubernetesTypes
public import Logging
public import Reconcilers
public import ServiceLifecycle

public struct Operator: ServiceLifecycle.Service {
    public struct Configuration: Sendable {
        public var platform: Platform
        /// Architectures that the model server loads.
        public var servableArchitectures: Set<String>
        /// Whether this process sees the files of the nodes, so that it can tell at once what is missing.
        public var seesNodeFiles = false
        /// Where the lease of the leader lies; nil runs without election.
        public var leaderElection: LeaderElection?
        /// Where health and metrics are served; nil serves none.
        public var healthAddress: (host: String, port: Int)?
        /// What is served at `/metrics` there.
        public var metrics = MetricsRegistry()
        /// Called when the caches are filled and this process leads: from then on it reconciles.
        public var onReady: (@Sendable () -> Void)?

        public struct LeaderElection: Sendable {
            public var namespace: String
            public var identity: String

            public init(namespace: String, identity: String) {
                self.namespace = namespace
                self.identity = identity
            }
        }

        public init(
            platform: Platform, servableArchitectures: Set<String>, leaderElection: LeaderElection? = nil,
            healthAddress: (host: String, port: Int)? = nil
        ) {
            self.platform = platform
            self.servableArchitectures = servableArchitectures
            self.leaderElection = leaderElection
            self.healthAddress = healthAddress
        }
    }

    private let configuration: Configuration
    private let client: Client
    private let logger: Logger

    public init(configuration: Configuration, client: Client, logger: Logger) {
        self.configuration = configuration
        self.client = client
        self.logger = logger
    }

    /// Runs until cancelled or asked to shut down.
    public func run() async throws {
        let election = configuration.leaderElection.map {
            LeaderElector.Configuration(lease: ObjectKey(namespace: $0.namespace, name: "apus-operator"), identity: $0.identity)
        }
        let manager = Manager(client: client, election: election, logger: logger)
        try Self.wire(configuration, manager: manager, logger: logger)
        if let address = configuration.healthAddress {
            let server = HealthServer(
                host: address.host, port: address.port, manager: manager, metrics: configuration.metrics, logger: logger)
            manager.add("health", needsLeadership: false) { try await server.run() }
        }
        let store = try StoreURI(configuration.platform.store).openStore()
        let sweep = StoreSweep(store: store, time: client.time, logger: logger)
        manager.add("store-sweep") { try await sweep.run() }
        if let onReady = configuration.onReady { manager.add("ready") { onReady() } }
        try await manager.run()
    }
}

extension Operator {
    /// Gives a manager the controllers of every kind.
    /// - Parameter recorder: takes the plans instead of an executor.
    static func wire(_ configuration: Configuration, manager: Manager, recorder: PlanRecorder? = nil, logger: Logger) throws {
        let context = OperatorContext(
            manager: manager, platform: configuration.platform, servableArchitectures: configuration.servableArchitectures,
            seesNodeFiles: configuration.seesNodeFiles, store: try StoreURI(configuration.platform.store).openStore(),
            http: HTTPClient.shared, logger: logger, recorder: recorder)
        TrainingJobWiring.add(to: context)
        ModelWiring.add(to: context)
        InferenceServiceWiring.add(to: context)
        DriftMonitorWiring.add(to: context)
    }
}

/// What every wiring works with.
struct OperatorContext: Sendable {
    let manager: Manager
    let platform: Platform
    let servableArchitectures: Set<String>
    let seesNodeFiles: Bool
    let store: any BundleStore
    let http: HTTPClient
    let logger: Logger
    let recorder: PlanRecorder?
}
