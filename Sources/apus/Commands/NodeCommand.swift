import ArgumentParser
import Foundation
import KubernetesClient
import Logging
import NodeAgent
import ServiceLifecycle

/// `apus node`: runs pods on this machine for any API server.
struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node",
        abstract: "Runs pods on this machine as a node of a cluster.",
        discussion: """
            Registers this machine with the API server that the kubeconfig names and runs the pods bound to it with runc and \
            conmon. Containers outlive the agent: stopped or killed, it takes them over when started again.

            Examples:
              sudo apus node --kubeconfig /var/lib/apus/kubeconfig
              sudo apus node --kubeconfig admin.yaml --name edge-1 --label zone=a \\
                --taint dedicated=ml:NoSchedule
              sudo apus node --kubeconfig admin.yaml --data /srv/node --bridge pods1 \\
                --pod-cidr 10.99.0.0/24 --kubelet-port 10251
              sudo apus node stop --data /srv/node --bridge pods1
            """,
        subcommands: [RunNodeCommand.self, StopNodeCommand.self], defaultSubcommand: RunNodeCommand.self)
}

/// What both subcommands need to know of a node.
struct NodeOptions: ParsableArguments {
    @Option(name: .customLong("data"), help: "Directory for pods, images, logs and records.")
    var dataDirectory = "/var/lib/apus/node"

    @Option(help: "The bridge that joins the pods; made when missing.")
    var bridge = "apus0"

    @Option(name: .customLong("pod-cidr"), help: "The pods' addresses on this node.")
    var podCIDR = "10.88.0.0/16"

    func configuration(name: String?) -> NodeAgent.Configuration {
        var configuration = NodeAgent.Configuration(nodeName: name, dataDirectory: dataDirectory, bridge: bridge)
        configuration.network.podCIDR = podCIDR
        return configuration
    }
}

/// `apus node run`, which is also `apus node`.
struct RunNodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs the agent (default).",
        discussion: """
            Examples:
              sudo apus node run --kubeconfig admin.yaml --name edge-1
            """)

    @OptionGroup var node: NodeOptions

    @Option(help: "How to reach the API server; default: KUBECONFIG, ~/.kube/config or the pod's own account.")
    var kubeconfig: String?

    @Option(help: "The node's name; default: the machine's.")
    var name: String?

    @Option(name: .customLong("service-cidr"), help: "The addresses of services.")
    var serviceCIDR = "10.96.0.0/16"

    @Option(name: .customLong("cluster-dns"), help: "Where pods ask for names; \"none\" leaves them the machine's resolver.")
    var clusterDNS = "10.96.0.10"

    @Option(help: "The cluster's domain.")
    var clusterDomain = "cluster.local"

    @Option(help: "Port on the bridge that the name server listens on.")
    var dnsPort = 10053

    @Option(help: "Address of the kubelet endpoints; default: the machine's address on the bridge.")
    var kubeletAddress: String?

    @Option(help: "Port of the kubelet endpoints.")
    var kubeletPort = 10250

    @Option(help: "PEM file of the CA whose client certificates the kubelet endpoints accept; default: the kubeconfig's.")
    var clientCA: String?

    @Option(name: .customLong("tls-cert"), help: "PEM file with the endpoints' certificate; default: one of its own making.")
    var certificate: String?

    @Option(name: .customLong("tls-key"), help: "PEM file with the certificate's key.")
    var key: String?

    @Option(help: "How many pods the node takes.")
    var maxPods = 110

    @Option(name: .customLong("extended-resource"), help: "A further resource that the node offers, as name=count; repeatable.")
    var extendedResources: [String] = []

    @Option(name: .customLong("label"), help: "A label set at registration, as key=value; repeatable.")
    var labels: [String] = []

    @Option(name: .customLong("taint"), help: "A taint set at registration, as key=value:Effect; repeatable.")
    var taints: [String] = []

    @Option(name: .customLong("insecure-registry"), help: "A registry host:port without trusted TLS; repeatable.")
    var insecureRegistries: [String] = []

    @Flag(help: "Leave cluster IPs and names to someone else.")
    var withoutServices = false

    func validate() throws {
        guard (certificate == nil) == (key == nil) else {
            throw ValidationError(
                "--tls-cert and --tls-key go together: give both, or neither for a certificate of the node's own making.")
        }
    }

    func run() async throws {
        var logger = Logger(label: "node")
        logger.logLevel = .info
        var configuration = node.configuration(name: name)
        configuration.serviceCIDR = serviceCIDR
        configuration.clusterDNS = clusterDNS == "none" ? nil : clusterDNS
        configuration.clusterDomain = clusterDomain
        configuration.dnsPort = dnsPort
        configuration.kubeletAddress = kubeletAddress
        configuration.kubeletPort = kubeletPort
        configuration.maxPods = maxPods
        configuration.taints = taints
        configuration.insecureRegistries = insecureRegistries
        configuration.servesNetwork = !withoutServices
        for (name, value) in try extendedResources.map(Self.pair) {
            guard let count = Int(value), count >= 0 else {
                throw ValidationError("--extended-resource \(name)=\(value): the count must be a number")
            }
            configuration.extendedResources[name] = count
        }
        for (name, value) in try labels.map(Self.pair) { configuration.labels[name] = value }
        let connection = try ConnectionConfiguration.discover(kubeconfig: kubeconfig)
        if let clientCA {
            configuration.kubeletClientCA = try String(contentsOfFile: clientCA, encoding: .utf8)
        } else if case .authorities(let pem) = connection.trust {
            configuration.kubeletClientCA = pem
        }
        if let certificate, let key {
            configuration.kubeletCertificate = (
                try String(contentsOfFile: certificate, encoding: .utf8), try String(contentsOfFile: key, encoding: .utf8)
            )
        }
        let client = try Client(connection)
        let agent = NodeAgent(configuration: configuration, client: client, logger: logger)
        do {
            try await ServiceGroup(services: [agent], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger).run()
        } catch let error as NodeAgentError {
            throw ValidationError(error.message)
        }
        try await client.shutdown()
    }

    private static func pair(_ text: String) throws -> (String, String) {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw ValidationError("\"\(text)\" is not of the form name=value") }
        return (parts[0], parts[1])
    }
}

/// `apus node stop`: ends what an agent left running.
struct StopNodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Ends all containers of a node whose agent does not run, and cleans up its network.",
        discussion: """
            Examples:
              sudo apus node stop --data /srv/node --bridge pods1
            """)

    @OptionGroup var node: NodeOptions

    func run() async throws {
        do {
            try await NodeAgent.stopEverything(
                configuration: node.configuration(name: nil), logger: Logger(label: "node"))
        } catch let error as NodeAgentError {
            throw ValidationError(error.message)
        }
    }
}
