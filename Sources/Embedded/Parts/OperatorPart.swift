import KubernetesClient
import Logging
import Operator
import Reconcilers
import ServiceLifecycle
import Synchronization
import Transformer

/// Apus itself: the reconcilers of its kinds.
final class OperatorPart: Part {
    let name = "operator"
    private let platform: Platform
    private let client: Client
    private let logger: Logger
    private let isReady = Mutex(false)

    init(settings: ClusterSettings, access: ClusterAccess, logger: Logger) throws {
        client = try access.client("operator", .serviceAccount("apus-operator"))
        self.logger = logger
        platform = Self.platform(settings)
    }

    /// What every plan needs to know of an embedded cluster.
    static func platform(_ settings: ClusterSettings) -> Platform {
        let paths = settings.paths
        return Platform(
            store: settings.artifactStore,
            program: .init(image: "localhost/host", command: [paths.program], hostFolder: paths.programs),
            gatewayURL: settings.gatewayURL, prometheusURL: settings.prometheusURL,
            allowedFileRoots: [paths.artifacts, paths.examples, "/opt/apus"])
    }

    static func configuration(_ platform: Platform) -> Operator.Configuration {
        var configuration = Operator.Configuration(
            platform: platform, servableArchitectures: Set(ServableArchitecture.names))
        // The one node is this machine.
        configuration.seesNodeFiles = true
        return configuration
    }

    func makeService() async throws -> any ServiceLifecycle.Service {
        isReady.withLock { $0 = false }
        var configuration = Self.configuration(platform)
        configuration.onReady = { [self] in isReady.withLock { $0 = true } }
        return Operator(configuration: configuration, client: client, logger: logger)
    }

    func readiness() async throws -> String? { isReady.withLock { $0 } ? "reconciles apus.dev" : nil }
}
