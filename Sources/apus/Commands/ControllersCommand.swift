import ArgumentParser
import ClusterControllers
import ControllerRuntime
import Foundation
import KubernetesClient
import KubernetesTypes
import ServiceLifecycle

/// `apus controllers`: the built-in controllers and the scheduler, for an API server that has none.
struct ControllersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "controllers",
        abstract: "Runs the built-in controllers and the scheduler against an API server that has none.",
        discussion: """
            Examples:
              apus controllers --kubeconfig DIR/kubeconfig
            """)

    @Option(help: "How to reach the API server. Without it: $KUBECONFIG, the pod's service account, ~/.kube/config.")
    var kubeconfig: String?

    @Option(help: "Context in the kubeconfig.")
    var context: String?

    @Flag(
        inversion: .prefixedNo,
        help: "Ask for the lease kube-system/apus-controllers, so that only one of several processes works.")
    var leaderElection = true

    @Flag(inversion: .prefixedNo, help: "Place pods on nodes.")
    var scheduler = true

    @Option(help: "Seconds after which a silent node's pods are moved.")
    var nodeGraceSeconds = 40.0

    @OptionGroup var logging: LoggingOptions

    func validate() throws {
        guard nodeGraceSeconds > 0, nodeGraceSeconds.isFinite else {
            throw ValidationError("--node-grace-seconds must be a number above 0.")
        }
    }

    func run() async throws {
        let logger = logging.logger("controllers")
        let connection = try ConnectionConfiguration.discover(kubeconfig: kubeconfig, context: context)
        let client = try Client(connection)
        var configuration = ClusterControllers.Configuration()
        if case .authorities(let pem) = connection.trust { configuration.certificateAuthority = pem }
        configuration.nodeGraceSeconds = nodeGraceSeconds
        configuration.runsScheduler = scheduler
        if leaderElection {
            configuration.election = LeaderElector.Configuration(
                lease: ObjectKey(namespace: "kube-system", name: "apus-controllers"),
                identity: "\(ProcessInfo.processInfo.hostName)_\(SystemChance().uuid())")
        }
        let controllers = ClusterControllers(client: client, configuration: configuration, logger: logger)
        try await ServiceGroup(
            services: [controllers], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger
        ).run()
        try await client.shutdown()
    }
}
