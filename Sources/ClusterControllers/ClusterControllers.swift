// The controllers and the scheduler that a cluster without upstream's needs.
//
// Decisions are pure and in files of their own (`…Decision`, `Placement`); the files beside them read caches and send requests.
// They speak nothing but the Kubernetes API and would run against an upstream API server as well.

public import ControllerRuntime
public import KubernetesClient
import KubernetesTypes
public import Logging
public import ServiceLifecycle

/// Runs the built-in controllers until it is cancelled or asked to shut down.
public struct ClusterControllers: ServiceLifecycle.Service {
    public struct Configuration: Sendable {
        /// PEM of the authority that signed the API server's certificate, for `kube-root-ca.crt`.
        public var certificateAuthority: String
        /// nil works without asking whether another process does.
        public var election: LeaderElector.Configuration?
        /// How long a node may be silent before its pods are moved.
        public var nodeGraceSeconds: Double
        public var runsScheduler: Bool

        public init(
            certificateAuthority: String = "", election: LeaderElector.Configuration? = nil, nodeGraceSeconds: Double = 40,
            runsScheduler: Bool = true
        ) {
            self.certificateAuthority = certificateAuthority
            self.election = election
            self.nodeGraceSeconds = nodeGraceSeconds
            self.runsScheduler = runsScheduler
        }
    }

    /// Caches, queues and health of the controllers.
    public let manager: Manager

    public init(client: Client, configuration: Configuration, logger: Logger = Logger(label: "apus.controllers")) {
        let client = client.named("kube-controller-manager", fieldManager: "kube-controller-manager")
        manager = Manager(client: client, election: configuration.election, logger: logger)
        let context = ControllerContext(client: client, manager: manager, logger: logger)
        NamespaceController.wire(context)
        StorageProtectionController.wire(context)
        ServiceAccountController.wire(context, certificateAuthority: configuration.certificateAuthority)
        DeploymentController.wire(context)
        ReplicaSetController.wire(context)
        JobController.wire(context)
        EndpointsController.wire(context)
        NodeController.wire(context, graceSeconds: configuration.nodeGraceSeconds)
        let collector = GarbageCollector(context: context)
        // The kinds that it follows change; it keeps its own informers but for this one.
        _ = manager.informer(GarbageCollector.definitions)
        manager.add("garbage-collector") { try await collector.run() }
        if configuration.runsScheduler {
            let scheduler = Scheduler(context: context)
            manager.add("scheduler") { await scheduler.run() }
        }
    }

    public func run() async throws { try await manager.run() }
}
