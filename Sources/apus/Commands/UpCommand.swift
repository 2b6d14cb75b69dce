import ArgumentParser
import Embedded
import Exposition
import Foundation
import Logging
import ServiceLifecycle

/// `apus up`: a whole cluster on this machine.
struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Runs a whole cluster on this machine: API server, node, operator, gateway, Prometheus.",
        discussion: """
            Pods go on when it stops or is killed, and the next one takes them over; apus down stops everything. What a cluster
            was started with is kept in its folder: a flag that is not given stays as it was.

            Examples:
              apus up                         in the foreground, until Ctrl-C
              apus up --detach                in the background; returns when all works
              export KUBECONFIG=/var/lib/apus/kubeconfig && kubectl get apus
              apus up --data /srv/second --port 7443 --gateway-port 8188 \\
                --prometheus-port 9195 --kubelet-port 11250 --dns-port 11053 \\
                --bridge apus1 --pod-cidr 10.89.0.0/16 --service-cidr 10.97.0.0/16
            """)

    @OptionGroup var cluster: DataOptions

    @Flag(help: "Run in the background and return when everything works.")
    var detach = false

    @Option(help: "Port of the API server. [default: 6443]")
    var port: Int?

    @Option(help: "Port of the gateway, where services are called. [default: 8088]")
    var gatewayPort: Int?

    @Option(help: "Port of Prometheus. [default: 9095]")
    var prometheusPort: Int?

    @Option(help: "Port of the node's own endpoints (logs, exec). [default: 10250]")
    var kubeletPort: Int?

    @Option(help: "Port of the name server on the pod bridge. [default: 10053]")
    var dnsPort: Int?

    @Option(help: "Name of the bridge that pods are joined to. [default: apus0]")
    var bridge: String?

    @Option(name: .customLong("pod-cidr"), help: "Addresses of pods. [default: 10.88.0.0/16]")
    var podRange: String?

    @Option(name: .customLong("service-cidr"), help: "Addresses of Services. [default: 10.96.0.0/16]")
    var serviceRange: String?

    @Option(name: .customLong("dns"), help: "Address at which pods ask for names; \"none\" leaves them the machine's resolver.")
    var nameServer: String?

    @Option(help: "Name of this machine as a node. [default: the host name]")
    var nodeName: String?

    @Option(help: "How often Prometheus reads metrics: 5s, 1m. [default: 5s]", transform: DurationArgument.seconds)
    var scrapeInterval: Int?

    @Flag(help: "Add the context \"apus\" to ~/.kube/config.")
    var writeKubeconfig = false

    @OptionGroup var logging: LoggingOptions

    func run() async throws {
        try await Failure.explained {
            let settings = try ClusterSettings.starting(dataDirectory: cluster.data, changes: changes)
            if detach {
                let arguments = CommandLine.arguments.dropFirst().filter { $0 != "--detach" }
                try await BackgroundCluster.start(settings, arguments: Array(arguments)) { Terminal.say($0) }
                UpProgress(settings: settings).hints(isDetached: true)
                return
            }
            let logger = logging.logger("apus")
            let progress = UpProgress(settings: settings)
            let cluster = EmbeddedCluster(
                settings: settings, writesDefaultKubeconfig: writeKubeconfig, metrics: ProcessRegistry.shared, logger: logger,
                report: { progress.show($0) })
            var quiet = logger
            quiet.logLevel = .critical
            let group = ServiceGroup(
                configuration: .init(
                    services: [.init(service: cluster, successTerminationBehavior: .gracefullyShutdownGroup)],
                    gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
            try await group.run()
        }
    }
}

extension UpCommand {
    private var changes: SettingsChanges {
        var changes = SettingsChanges()
        (changes.port, changes.gatewayPort, changes.prometheusPort) = (port, gatewayPort, prometheusPort)
        (changes.kubeletPort, changes.dnsPort) = (kubeletPort, dnsPort)
        (changes.bridge, changes.podCIDR, changes.serviceCIDR) = (bridge, podRange, serviceRange)
        (changes.nameServer, changes.nodeName, changes.scrapeIntervalSeconds) = (nameServer, nodeName, scrapeInterval)
        return changes
    }
}

/// Tells what `apus up` does, line by line, with times.
struct UpProgress: Sendable {
    let settings: ClusterSettings

    func show(_ event: EmbeddedCluster.Event) {
        switch event {
        case .starting(let settings):
            Terminal.say("apus \(ProductVersion.current), data in \(settings.dataDirectory)")
        case .ready(let part, let detail, let took):
            Terminal.say("  \(Terminal.padded(part, 12)) \(Terminal.padded(Terminal.seconds(took), 8)) \(detail)")
        case .allReady(let took):
            Terminal.say("ready in \(Terminal.seconds(took))")
            hints(isDetached: false)
        case .stopping: Terminal.say("stopping (pods go on; apus down stops them too)")
        case .stopped: Terminal.say("stopped")
        }
    }

    func hints(isDetached: Bool) {
        Terminal.say("  export KUBECONFIG=\(settings.paths.kubeconfig)")
        if isDetached { Terminal.say("  log: \(settings.paths.log)   stop: apus down\(settings.dataFlag)") }
    }
}

/// `5s`, `1m`, `90`: whole seconds.
enum DurationArgument {
    static func seconds(_ text: String) throws -> Int {
        let units: [(suffix: String, factor: Int)] = [("h", 3600), ("m", 60), ("s", 1), ("", 1)]
        for unit in units where text.hasSuffix(unit.suffix) {
            if let number = Int(text.dropLast(unit.suffix.count)), number > 0 { return number * unit.factor }
            break
        }
        throw ValidationError("\"\(text)\" is not a time such as 5s or 1m")
    }
}
