public import Foundation
public import KubernetesClient
import KubernetesTypes
public import Logging
public import ServiceLifecycle

/// Runs a node: registers it with an API server, upstream's or the embedded one, and runs the pods bound to it as OCI
/// containers.
///
/// Reading order: `Lifecycle/PodObservation` and `PodPlanner` decide (pure), `PodWorker` carries out, `Engine` holds the
/// shells around `runc`, `conmon`, CNI, `skopeo` and `umoci`, `Volumes` and `Network` what their names say, `Kubelet` the
/// endpoints for logs, exec and attach, `Node` the registration. The disk is the only memory (`ContainerRecord`):
/// killed at any moment, the next agent finds the containers running and takes them over.
public struct NodeAgent: ServiceLifecycle.Service {
    public typealias Configuration = NodeConfiguration

    private let configuration: NodeConfiguration
    private let client: Client
    private let log: Logger
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - client: for the API server; its identity needs the rights of a node.
    ///   - now: the wall clock.
    public init(configuration: NodeConfiguration, client: Client, logger: Logger, now: (@Sendable () -> Date)? = nil) {
        self.configuration = configuration
        self.client = client
        log = logger
        self.now = now ?? { Date() }
    }

    /// Runs until cancelled or shut down. Containers go on running after that; the next agent takes them over.
    /// - Throws: `NodeAgentError` where the machine cannot run pods at all, with what to do.
    public func run() async throws {
        let lock = try Preflight.lock(configuration)
        defer { Preflight.unlock(lock) }
        try Preflight.check(configuration)
        let facts = Self.facts(configuration)
        let cluster = KubernetesCluster(client: client, nodeName: configuration.nodeName, log: log, now: now)
        let context = NodeContext(configuration: configuration, cluster: cluster, facts: facts, log: log, now: now)
        try context.layout.prepare()
        try await context.network.prepare()
        let manager = PodManager(context: context)
        let services = ServiceNetwork(configuration: configuration, log: log)
        await services.prepare()
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await manager.run() }
                group.addTask { await Self.followPods(manager, configuration: configuration, client: cluster.client, log: log) }
                let registration = NodeRegistration(
                    configuration: configuration, cluster: cluster, facts: facts, images: context.images, log: log, now: now)
                group.addTask { await registration.run() }
                group.addTask {
                    let name = configuration.nodeName
                    let node = ObjectReference(apiVersion: "v1", kind: "Node", name: name, uid: name)
                    await ImageCollector(context: context).run {
                        await cluster.record($0, about: node, namespace: "default")
                    }
                }
                group.addTask { await serveKubelet(manager, context) }
                group.addTask { await Self.followServices(services, cluster: cluster, log: log) }
                if configuration.servesNetwork, configuration.clusterDNS != nil {
                    let names = NameServer(
                        address: configuration.network.gateway, port: configuration.dnsPort, table: services.names,
                        upstream: PodFiles.parse(context.dns.host).servers, log: log)
                    group.addTask { await Self.persist("name server", log) { try await names.run() } }
                }
                await group.waitForAll()
            }
        }
    }

    private func serveKubelet(_ manager: PodManager, _ context: NodeContext) async {
        let routes = KubeletRoutes(manager: manager, context: context)
        let server = KubeletServer(
            configuration: configuration, address: configuration.kubeletAddress ?? configuration.network.gateway,
            routes: routes,
            access: KubeletAccess(tokens: configuration.kubeletTokens, client: client, nodeName: configuration.nodeName),
            log: log, now: now)
        await Self.persist("kubelet endpoints", log) { try await server.run() }
    }

    /// Runs something that must not stay down: said when it fails, and tried again.
    private static func persist(_ name: String, _ log: Logger, _ run: @Sendable () async throws -> Void) async {
        while !Task.isCancelled {
            do {
                try await run()
            } catch {
                if Task.isCancelled { return }
                log.error("\(name) failed; trying again", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private static func followServices(_ services: ServiceNetwork, cluster: KubernetesCluster, log: Logger) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await Follower<KubernetesTypes.Service>(client: cluster.client, log: log).run { change in
                    switch change {
                    case .listed(let list): await services.listed(list)
                    case .changed(let service): await services.changed(service, isRemoved: false)
                    case .removed(let service): await services.changed(service, isRemoved: true)
                    }
                    cluster.know(await services.allServices)
                }
            }
            group.addTask {
                await Follower<EndpointSlice>(client: cluster.client, log: log).run { change in
                    switch change {
                    case .listed(let list): await services.listed(list)
                    case .changed(let slice): await services.changed(slice, isRemoved: false)
                    case .removed(let slice): await services.changed(slice, isRemoved: true)
                    }
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    await services.apply()
                    try? await Task.sleep(for: .milliseconds(100))
                }
            }
            await group.waitForAll()
        }
    }

    private static func followPods(_ manager: PodManager, configuration: NodeConfiguration, client: Client, log: Logger) async {
        let follower = Follower<Pod>(client: client, fieldSelector: "spec.nodeName=\(configuration.nodeName)", log: log)
        await follower.run { change in
            switch change {
            case .listed(let pods): await manager.synchronize(pods)
            case .changed(let pod): await manager.update(pod)
            case .removed(let pod): await manager.remove(uid: pod.uid)
            }
        }
    }

    static func facts(_ configuration: NodeConfiguration) -> NodeFacts {
        NodeFacts(
            name: configuration.nodeName, address: configuration.nodeAddress, cpu: Quantity(Machine.processors),
            memory: .bytes(Machine.memoryBytes), ephemeralStorage: .bytes(Files.space(configuration.dataDirectory)?.total ?? 0))
    }

    /// Whether this node may have its bridge and its addresses, found out before anything is written.
    /// - Throws: ``NodeAgentError`` `networkTaken` when they are another node's or the machine's own.
    public static func checkNetwork(configuration: NodeConfiguration) throws {
        let network = configuration.network
        try PodBridge(name: network.bridge, podCIDR: network.podCIDR, owner: configuration.dataDirectory).check()
    }

    /// Makes the bridge that pods are joined to, with the machine's address on it: for servers that listen there before an agent runs.
    public static func prepareNetwork(configuration: NodeConfiguration, logger: Logger) async throws {
        let context = NodeContext(
            configuration: configuration, cluster: NoCluster(), facts: facts(configuration), log: logger, now: { Date() })
        try context.layout.prepare()
        try await context.network.prepare()
    }

    /// Ends every container of a data directory and takes mounts, network and records away. For when no agent runs.
    public static func stopEverything(configuration: NodeConfiguration, logger: Logger) async throws {
        let lock = try Preflight.lock(configuration)
        defer { Preflight.unlock(lock) }
        let facts = facts(configuration)
        let context = NodeContext(
            configuration: configuration, cluster: NoCluster(), facts: facts, log: logger, now: { Date() })
        try context.layout.prepare()
        let manager = PodManager(context: context)
        await manager.adoptFromDisk()
        await manager.stopEverything()
        // What follows bears the bridge's name.
        guard context.network.bridge.isOurs else { return }
        await ServiceNetwork.remove(configuration)
        await context.network.dismantle()
        ControlGroups.remove(configuration.cgroupParent)
    }
}
