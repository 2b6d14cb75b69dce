import AsyncHTTPClient
import Exposition
import KubernetesClient
import Logging
import Prometheus
import ServiceLifecycle
import Synchronization

/// A real Prometheus, and the list of pods that it scrapes.
final class PrometheusPart: Part {
    let name = "Prometheus"
    private let settings: ClusterSettings
    private let client: Client
    private let metrics: MetricsRegistry
    private let logger: Logger

    init(settings: ClusterSettings, access: ClusterAccess, metrics: MetricsRegistry, logger: Logger) throws {
        self.settings = settings
        self.metrics = metrics
        self.logger = logger
        client = try access.client("monitoring", .serviceAccount("apus-monitoring"))
    }

    func makeService() async throws -> any ServiceLifecycle.Service {
        await PrometheusProcess.endLeftover(settings.paths)
        let gateway = "127.0.0.1:\(settings.gatewayPort)"
        let targets = TargetServer(client: client, gateway: gateway, metrics: metrics, logger: logger)
        return MonitoringService(settings: settings, targets: targets, logger: logger)
    }

    func readiness() async throws -> String? {
        let response = try await HTTPClient.shared.execute(
            HTTPClientRequest(url: settings.prometheusURL + "/-/ready"), timeout: .seconds(2))
        guard response.status == .ok else { return nil }
        return "\(settings.prometheusURL), scraping every \(settings.scrapeIntervalSeconds) s"
    }
}

/// Serves the targets first: Prometheus is configured with where they are.
private struct MonitoringService: Service {
    let settings: ClusterSettings
    let targets: TargetServer
    let logger: Logger

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await targets.run() }
            group.addTask {
                try await cancelWhenGracefulShutdown {
                    while targets.url == nil { try await Task.sleep(for: .milliseconds(5)) }
                }
                guard let url = targets.url, let program = Prerequisites.find(.prometheus) else { return }
                var configuration = PrometheusConfiguration(discoveryURL: url)
                configuration.scrapeInterval = .seconds(settings.scrapeIntervalSeconds)
                configuration.discoveryInterval = .seconds(settings.scrapeIntervalSeconds)
                try await PrometheusProcess(
                    paths: settings.paths, program: program, listenAddress: "127.0.0.1:\(settings.prometheusPort)",
                    configuration: configuration, logger: logger
                ).run()
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}

extension Prerequisites.Program {
    fileprivate static let prometheus = Self(name: "prometheus", package: "prometheus")
}
