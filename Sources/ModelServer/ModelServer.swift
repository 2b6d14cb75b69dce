public import Exposition
import Foundation
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import ServiceLifecycle

/// One model over HTTP. ``run()`` loads it, serves until graceful shutdown or cancellation, and drains.
public final class ModelServer: Service {
    private let configuration: Configuration
    private let registry: MetricsRegistry
    private let logger: Logger
    private let onListening: @Sendable (_ port: Int) -> Void
    private let state = ServingState()
    private let metrics: ServingMetrics
    private let onBatch: @Sendable (_ texts: Int) -> Void

    /// - Parameters:
    ///   - registry: What `/metrics` shows.
    ///   - onListening: Called with the port once connections are taken; the model may still be loading.
    /// - Throws: `ModelServerError` with code `invalidConfiguration`.
    public convenience init(
        _ configuration: Configuration, registry: MetricsRegistry, logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }
    ) throws {
        try self.init(configuration, registry: registry, logger: logger, onListening: onListening, onBatch: { _ in })
    }

    /// - Parameter onBatch: Called on the computing thread before each batch.
    init(
        _ configuration: Configuration, registry: MetricsRegistry, logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) -> Void, onBatch: @escaping @Sendable (_ texts: Int) -> Void
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        self.registry = registry
        self.logger = logger
        self.onListening = onListening
        self.onBatch = onBatch
        metrics = ServingMetrics(
            registry, modelName: configuration.modelName, modelVersion: configuration.modelVersion)
    }

    /// Serves until told to stop.
    ///
    /// - Throws: `ModelServerError` when the bundle cannot be served, whose sentence is in the termination message then;
    ///   what the network said when the port cannot be had.
    public func run() async throws {
        // A group of its own, out of the caller's: on graceful shutdown it has to go on for the drain delay.
        let http = ServiceGroup(configuration: .init(services: [.init(service: application())], logger: logger))
        let listening = Task.detached { try await http.run() }
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                do {
                    try await load()
                } catch {
                    reportFailure(error)
                    await http.triggerGracefulShutdown()
                    _ = await listening.result
                    throw error
                }
                defer { state.serving?.queue.close() }
                try await listening.value
            } onGracefulShutdown: { [state, logger, configuration] in
                state.drain()
                logger.info("Draining")
                Task.detached {
                    try? await Task.sleep(for: configuration.drainDelay)
                    await http.triggerGracefulShutdown()
                }
            }
        } onCancel: {
            listening.cancel()
        }
    }

    private func application() -> Application<RouterResponder<ServingContext>> {
        let router = Router(context: ServingContext.self)
        router.add(middleware: RequestCountMiddleware(metrics: metrics))
        router.add(middleware: ProblemMiddleware())
        let classifying = Classifying(
            configuration: configuration, state: state, metrics: metrics, log: PredictionLog())
        HealthRoutes(state: state, registry: registry).add(to: router)
        OpenInferenceRoutes(classifying: classifying).add(to: router)
        PredictRoutes(classifying: classifying).add(to: router)

        let connection = HTTP1Channel.Configuration(
            additionalChannelHandlers: [ClientDeparture()],
            idleTimeout: .nanoseconds(Int64(configuration.idleTimeout / .nanoseconds(1))))
        return Application(
            router: router, server: .http1(configuration: connection),
            configuration: .init(address: .hostname(configuration.host, port: configuration.port), backlog: 1024),
            onServerRunning: { [onListening] channel in onListening(channel.localAddress?.port ?? 0) },
            logger: logger)
    }

    private func load() async throws {
        let start = ContinuousClock.now
        let files = try await BundleFiles(configuration.source)
        let model = try await onOwnThread("apus-load") { [configuration] in
            let model = try LoadedModel(files, configuration: configuration)
            try model.warmUp()
            return model
        }
        metrics.prepare(model)
        let queue = InferenceQueue(
            model.classifier, meanHiddenStates: model.reference?.sketch != nil,
            capacity: configuration.queuedTexts, batchTokens: configuration.batchTokens,
            onBatch: { [metrics, onBatch] texts in
                metrics.observe(batch: texts)
                onBatch(texts)
            })
        metrics.watch(queue)
        state.serve(.init(model: model, queue: queue))
        logger.info(
            "Ready",
            metadata: [
                "model": "\(configuration.modelName)", "version": "\(configuration.modelVersion)",
                "architecture": "\(model.classifier.configuration.architecture.rawValue)",
                "seconds": "\((ContinuousClock.now - start) / .seconds(1))",
            ])
    }

    /// Kubernetes shows this file's text as the reason why the container ended.
    private func reportFailure(_ error: any Error) {
        logger.error("The model cannot be served", metadata: ["error": "\(error)"])
        guard let path = configuration.terminationMessagePath else { return }
        let text = Data("\(error)".utf8)
        if let file = FileHandle(forWritingAtPath: path) {
            try? file.truncate(atOffset: 0)
            try? file.write(contentsOf: text)
            try? file.close()
        } else {
            try? text.write(to: URL(filePath: path))
        }
    }
}
