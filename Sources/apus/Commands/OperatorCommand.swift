import ArgumentParser
import Exposition
import Foundation
import KubernetesClient
import Logging
import Operator
import Reconcilers
import ServiceLifecycle
import Transformer

/// `apus operator`: the reconcilers alone, against any API server.
struct OperatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operator", abstract: "Runs the operator: reconciles the kinds of apus.dev on any API server.",
        discussion: """
            The kinds must be there (apus crds | kubectl apply --server-side -f -), and the rights of manifests/install/rbac.yaml.

            Examples:
              apus operator --kubeconfig ~/.kube/config \\
                --store file:///srv/artifacts --program-image registry/apus:1
            """)

    @Option(help: "Kubeconfig of the API server. As kubectl finds it when left out.")
    var kubeconfig: String?

    @Option(help: "Context of the kubeconfig.")
    var context: String?

    @Option(help: "Artifact store, reachable by this process and by pods.")
    var store = "file:///var/lib/apus/artifacts"

    @Option(help: "Image whose pods run apus.")
    var programImage = "localhost/host"

    @Option(help: "Path of the program in that image.")
    var programPath = "/var/lib/apus/bin/apus"

    @Option(help: "Folder of nodes to mount at its own path, where the image lacks the program.")
    var programHostFolder: String?

    @Option(name: .customLong("gateway-url"), help: "Base of the services' addresses.")
    var gatewayURL = "http://127.0.0.1:8088"

    @Option(name: .customLong("prometheus-url"), help: "Prometheus that drift monitors ask unless they name another.")
    var prometheusURL = "http://127.0.0.1:9095"

    @Option(name: .customLong("allowed-files"), help: "Folder of nodes below which file: inputs may lie; may be repeated.")
    var allowedFileRoots: [String] = []

    @Option(help: "Namespace of the leader's lease.")
    var leaderElectionNamespace = "apus-system"

    @Flag(inversion: .prefixedNo, help: "Work only while no other operator does.")
    var leaderElection = true

    @Option(help: "Address of /healthz, /readyz and /metrics: host:port.")
    var health: String?

    @OptionGroup var logging: LoggingOptions

    func run() async throws {
        try await Failure.explained {
            let logger = logging.logger("apus.operator")
            var platform = Platform(
                store: store, program: .init(image: programImage, command: [programPath], hostFolder: programHostFolder),
                gatewayURL: gatewayURL, prometheusURL: prometheusURL)
            platform.allowedFileRoots = allowedFileRoots
            var configuration = Operator.Configuration(
                platform: platform, servableArchitectures: Set(ServableArchitecture.names))
            if leaderElection {
                let identity = "\(ProcessInfo.processInfo.hostName)_\(UUID().uuidString.lowercased())"
                configuration.leaderElection = .init(namespace: leaderElectionNamespace, identity: identity)
            }
            if let health {
                guard let colon = health.lastIndex(of: ":"), let port = Int(health[health.index(after: colon)...]) else {
                    throw ValidationError("\"\(health)\" is not host:port.")
                }
                configuration.healthAddress = (String(health[..<colon]), port)
            }
            configuration.metrics = ProcessRegistry.shared
            configuration.onReady = { Terminal.say("reconciling") }
            let client = try Client(
                .discover(kubeconfig: kubeconfig, context: context), options: .init(userAgent: "apus-operator"))
            do {
                try await ServiceGroup(
                    services: [Operator(configuration: configuration, client: client, logger: logger)],
                    gracefulShutdownSignals: [.sigterm, .sigint], logger: logger
                ).run()
            } catch {
                try? await client.shutdown()
                throw error
            }
            try await client.shutdown()
        }
    }
}
