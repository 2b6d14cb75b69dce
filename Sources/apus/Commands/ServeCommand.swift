import ArgumentParser
import Exposition
import Logging
import ModelServer
import ServiceLifecycle

/// `apus serve`: one model over HTTP, as it runs in a pod.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serves a model bundle over HTTP.",
        discussion: """
            Answers the Open Inference Protocol v2 (/v2/…), POST /v1/models/NAME:predict \
            and :feedback, /health, /ready and /metrics. It is ready once the model is \
            loaded and warmed up. A bundle that is damaged, or that cannot be served, ends \
            the process; the reason is in the termination message.

            Examples:
              apus serve --bundle ./model --model-name tickets --model-version tickets-1

              apus serve --artifact file:///var/lib/apus/artifacts --digest sha256:… \\
                --model-name tickets --model-version tickets-1

              curl localhost:8080/v1/models/tickets:predict \\
                -d '{"instances": ["My parcel never came"]}'

              curl localhost:8080/v2/models/tickets/infer \\
                -d '{"inputs": [{"name": "text", "shape": [1],
                     "datatype": "BYTES", "data": ["My parcel never came"]}]}'
            """)

    @Option(help: "Directory of the bundle, in the Hugging Face layout.")
    var bundle: String?

    @Option(help: "URI of the artifact store that holds the bundle.")
    var artifact: String?

    @Option(help: "The bundle's digest, sha256:…; needed with --artifact, checked with --bundle.")
    var digest: String?

    @Option(help: "Name in URLs and metrics.")
    var modelName: String

    @Option(help: "Version in URLs, answers and metrics.")
    var modelVersion: String

    @Option(help: "Address to listen on.")
    var host = "0.0.0.0"

    @Option(help: "Port to listen on; 0 takes a free one.")
    var port = 8080

    @Option(help: "Threads that compute.")
    var threads = 2

    @Option(help: "Cut texts to this many tokens, where the model allows more.")
    var maxTokens: Int?

    @Option(help: "Tokens computed together at most.")
    var batchTokens = 4096

    @Option(help: "Texts that may wait; beyond, requests are answered 503 with Retry-After.")
    var queue = 1024

    @Option(help: "Texts that one request may bring.")
    var maxInstances = 512

    @Option(help: "Bytes that one request's body may have.")
    var maxBodyBytes = 4 << 20

    @Option(help: "Seconds for which requests are still taken after SIGTERM, while /ready says no.")
    var drainSeconds = 1.0

    @Option(help: "File for the reason of a failed start.")
    var terminationMessagePath = "/dev/termination-log"

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: String = "info"

    func validate() throws {
        guard (bundle == nil) != (artifact == nil) else { throw ValidationError("Give either --bundle or --artifact.") }
        guard artifact == nil || digest != nil else { throw ValidationError("--artifact needs --digest.") }
        guard Logger.Level(rawValue: logLevel) != nil else { throw ValidationError("--log-level \(logLevel) is not a level.") }
        guard drainSeconds >= 0, drainSeconds <= 3600 else { throw ValidationError("--drain-seconds must be 0 to 3600.") }
    }

    private var source: ModelServer.Source {
        if let artifact, let digest { return .artifact(store: artifact, digest: digest) }
        return .directory(bundle ?? ".", digest: digest)
    }

    func run() async throws {
        var logger = Logger(label: "apus.serve")
        logger.logLevel = Logger.Level(rawValue: logLevel) ?? .info
        var configuration = ModelServer.Configuration(
            source: source, modelName: modelName, modelVersion: modelVersion)
        configuration.host = host
        configuration.port = port
        configuration.threads = threads
        configuration.maximumTokens = maxTokens
        configuration.batchTokens = batchTokens
        configuration.queuedTexts = queue
        configuration.textsPerRequest = maxInstances
        configuration.bodyBytes = maxBodyBytes
        configuration.drainDelay = .milliseconds(Int64(drainSeconds * 1000))
        configuration.terminationMessagePath = terminationMessagePath
        let server = try ModelServer(
            configuration, registry: MetricsRegistry(collectors: [ProcessMetrics()]), logger: logger,
            onListening: { [logger] port in logger.info("Listening", metadata: ["port": "\(port)"]) })
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: server)], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }
}
