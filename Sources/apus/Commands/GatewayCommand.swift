import ArgumentParser
import Gateway
import KubernetesClient
import Logging
import ServiceLifecycle

/// `apus gateway`: the data plane alone, against any API server.
struct GatewayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway", abstract: "Runs the gateway: one stable address for each inference service.",
        discussion: """
            Examples:
              apus gateway --kubeconfig ~/.kube/config
            """)

    @Option(help: "Kubeconfig of the API server. As kubectl finds it when left out.")
    var kubeconfig: String?

    @Option(help: "Context of the kubeconfig.")
    var context: String?

    @Option(name: .customLong("listen"), help: "host:port to listen at; may be given more than once.")
    var listeners: [String] = ["127.0.0.1:8088"]

    @Option(help: "Largest request body in bytes.")
    var maximumBodyBytes = 64 << 20

    @Option(help: "Seconds that a try may take until the response's first byte.")
    var tryTimeoutSeconds = 60

    @Option(help: "Seconds that a shutdown waits for requests under way.")
    var drainTimeoutSeconds = 30

    @Flag(inversion: .prefixedNo, help: "Count texts and answers for drift.")
    var capture = true

    func run() async throws {
        var logger = Logger(label: "gateway")
        logger.logLevel = .notice
        var configuration = Gateway.Configuration(listeners: try listeners.map(Self.listener))
        configuration.maximumBodyBytes = maximumBodyBytes
        configuration.tryTimeout = .seconds(tryTimeoutSeconds)
        configuration.drainTimeout = .seconds(drainTimeoutSeconds)
        configuration.capturesDrift = capture
        let client = try Client(.discover(kubeconfig: kubeconfig, context: context)).named("apus-gateway")
        let gateway = Gateway(configuration: configuration, client: client, logger: logger)
        do {
            try await ServiceGroup(
                services: [gateway], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger
            ).run()
        } catch {
            try? await client.shutdown()
            throw error
        }
        try await client.shutdown()
    }

    /// `host:port` or `[IPv6]:port`.
    private static func listener(_ text: String) throws -> Gateway.Configuration.Listener {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (0...65_535).contains(port)
        else { throw ValidationError("\"\(text)\" is not host:port.") }
        let host = text[..<colon].trimmingPrefix("[")
        return .init(host: String(host.hasSuffix("]") ? host.dropLast() : host), port: port)
    }
}
