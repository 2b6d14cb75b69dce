public import Exposition
public import Foundation
public import Logging
public import ServiceLifecycle

/// A whole cluster in one process: API server, controllers, node, operator, gateway, and a Prometheus beside it.
///
/// The parts speak to each other through the Kubernetes API only, each over its own TLS connection and with its own rights;
/// here they are started in the order in which they need each other, watched, and stopped the other way round. Pods are not
/// among what is stopped: their shims own them, and the next `apus up` takes them over.
public struct EmbeddedCluster: ServiceLifecycle.Service {
    /// What happens, for people to follow.
    public enum Event: Sendable {
        case starting(ClusterSettings)
        /// A part works; `took` is since the start of the part.
        case ready(part: String, detail: String, took: Duration)
        /// All of it works; since the start of the program.
        case allReady(took: Duration)
        case stopping
        case stopped
    }

    private let settings: ClusterSettings
    private let writesDefaultKubeconfig: Bool
    private let metrics: MetricsRegistry
    private let logger: Logger
    private let now: @Sendable () -> Date
    private let report: @Sendable (Event) -> Void

    /// - Parameters:
    ///   - writesDefaultKubeconfig: whether `~/.kube/config` gets the context `apus`.
    ///   - metrics: of this process, which the cluster's Prometheus scrapes.
    ///   - report: told what happens.
    public init(
        settings: ClusterSettings, writesDefaultKubeconfig: Bool = false, metrics: MetricsRegistry = MetricsRegistry(),
        logger: Logger,
        now: @escaping @Sendable () -> Date = { Date() }, report: @escaping @Sendable (Event) -> Void
    ) {
        self.settings = settings
        self.writesDefaultKubeconfig = writesDefaultKubeconfig
        self.metrics = metrics
        self.logger = logger
        self.now = now
        self.report = report
    }

    /// Runs until asked to shut down.
    /// - Throws: ``EmbeddedError`` when the cluster cannot be started, with what to do.
    public func run() async throws {
        let start = ContinuousClock.now
        try settings.validate()
        try Prerequisites.check()
        try Files.makeFolder(settings.dataDirectory, mode: 0o711)
        let lock = try await InstanceLock.take(settings.paths)
        defer { withExtendedLifetime(lock) {} }
        let parts = PartSet(settings: settings, startTime: now(), logger: logger, report: report)
        do {
            report(.starting(settings))
            await parts.write(.starting)
            try await cancelWhenGracefulShutdown { try await bringUp(parts) }
        } catch {
            await parts.stopAll()
            if Task.isShuttingDownGracefully { return report(.stopped) }
            await parts.write(.failed, message: "\(error)")
            throw error
        }
        report(.allReady(took: ContinuousClock.now - start))
        await parts.write(.ready)
        try? await gracefulShutdown()
        report(.stopping)
        await parts.write(.stopping)
        await parts.stopAll()
        try? FileManager.default.removeItem(atPath: settings.paths.state)
        report(.stopped)
    }

    private func bringUp(_ parts: PartSet) async throws {
        await PrometheusProcess.endLeftover(settings.paths)
        try PortCheck.check(PortCheck.ports(of: settings))
        try NodePart.checkNetwork(settings)
        try settings.save()
        for folder in [settings.paths.artifacts, settings.paths.examples] { try Files.makeFolder(folder, mode: 0o755) }
        try await NodePart.prepareNetwork(settings, logger: logger)

        let server = APIServerPart(settings: settings, logger: logger)
        try await parts.start(server)
        let access = try server.access()
        await parts.own(access)
        try Files.write(try access.kubeconfig(.administrator), to: settings.paths.kubeconfig)
        if writesDefaultKubeconfig { try KubeconfigFile.mergeIntoDefault(settings) }

        let installing = ContinuousClock.now
        let administrator = try access.client("installer", .administrator)
        let kinds = try await Installer(client: administrator).run()
        report(.ready(part: "kinds", detail: "\(kinds) of apus.dev", took: ContinuousClock.now - installing))

        let program = settings.paths.program
        let all: [any Part] = [
            try ControllersPart(access: access, logger: logger),
            try NodePart(settings: settings, access: access, logger: logger),
            try OperatorPart(settings: settings, access: access, logger: logger),
            try GatewayPart(settings: settings, access: access, logger: logger),
            try PrometheusPart(settings: settings, access: access, metrics: metrics, logger: logger),
        ]
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try ProgramCopy.update(to: program) }
            for part in all { group.addTask { try await parts.start(part) } }
            try await group.waitForAll()
        }
    }
}
