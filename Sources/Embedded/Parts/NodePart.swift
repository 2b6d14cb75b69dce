import KubernetesClient
import KubernetesTypes
import Logging
import NodeAgent
import ServiceLifecycle

/// This machine as a node: pods run here as containers.
struct NodePart: Part {
    let name = "node"
    private let settings: ClusterSettings
    private let configuration: NodeConfiguration
    private let client: Client
    private let logger: Logger

    init(settings: ClusterSettings, access: ClusterAccess, logger: Logger) throws {
        self.settings = settings
        self.logger = logger
        client = try access.client("node", .node(settings.nodeName))
        var configuration = Self.configuration(settings)
        configuration.kubeletCertificate = try access.kubeletCertificate(addresses: ["127.0.0.1", settings.bridgeAddress])
        configuration.kubeletClientCA = access.authority
        self.configuration = configuration
    }

    /// What the agent needs to know whether it runs or only cleans up.
    static func configuration(_ settings: ClusterSettings) -> NodeConfiguration {
        var configuration = NodeConfiguration(
            nodeName: settings.nodeName, dataDirectory: settings.paths.node, bridge: settings.bridge)
        configuration.network.podCIDR = settings.podCIDR
        configuration.serviceCIDR = settings.serviceCIDR
        configuration.clusterDNS = settings.clusterDNS
        configuration.dnsPort = settings.dnsPort
        // The API server reaches the kubelet endpoints over the bridge, which nobody outside of the machine does.
        configuration.kubeletAddress = settings.bridgeAddress
        configuration.kubeletPort = settings.kubeletPort
        configuration.hiddenPaths = [settings.dataDirectory]
        return configuration
    }

    /// - Throws: when the bridge or the pods' addresses are another cluster's or the machine's own.
    static func checkNetwork(_ settings: ClusterSettings) throws {
        try NodeAgent.checkNetwork(configuration: configuration(settings))
    }

    /// Makes the pod bridge, which the API server listens at before there is an agent.
    static func prepareNetwork(_ settings: ClusterSettings, logger: Logger) async throws {
        try await NodeAgent.prepareNetwork(configuration: configuration(settings), logger: logger)
    }

    /// Ends all containers of the cluster and takes its mounts and its network away.
    static func stopEverything(_ settings: ClusterSettings, logger: Logger) async throws {
        try await NodeAgent.stopEverything(configuration: configuration(settings), logger: logger)
    }

    func makeService() async throws -> any ServiceLifecycle.Service {
        NodeAgent(configuration: configuration, client: client, logger: logger)
    }

    func readiness() async throws -> String? {
        let node = try await client.find(Node.self, settings.nodeName)
        let ready = node?.status?.conditions?.first { $0.type == "Ready" }
        guard ready?.status == "True" else { return nil }
        let capacity = node?.status?.capacity ?? [:]
        return "\(settings.nodeName): \(capacity["cpu"]?.description ?? "?") CPUs, pods on \(settings.bridge) \(settings.podCIDR)"
    }
}
