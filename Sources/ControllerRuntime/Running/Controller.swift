public import KubernetesClient
public import KubernetesTypes
public import Logging
import Metrics
import Synchronization

/// How a look at an object ended.
public enum Outcome: Sendable, Hashable {
    /// Look again when something changes.
    case settled
    /// Look again after this time, or when something changes.
    case lookAgain(after: Duration)
    /// Something moved under our hands: look again right away.
    case stale
}

/// Looks at objects of one kind whenever something that concerns them changes.
///
///     let controller = Controller("training-job", manager: manager) { key in … }
///     controller.watch(jobs)
///     controller.watch(owned: pods, by: TrainingJob.resourceType)
///     controller.watch(mapped: runtimes) { runtime in … }
public final class Controller: Sendable {
    public let name: String
    public let queue: WorkQueue<ObjectKey>
    private let workers: Int
    private let time: any TimeSource
    private let logger: Logger
    private let reconcile: @Sendable (ObjectKey) async throws -> Outcome
    private let metrics: ControllerMetrics

    /// - Parameters:
    ///   - name: for logs and metrics.
    ///   - workers: objects that are looked at at the same time; never one object twice.
    public init(
        _ name: String, workers: Int = 2, time: any TimeSource, limits: RetryLimits = RetryLimits(),
        logger: Logger = Logger(label: "apus.controller"), reconcile: @escaping @Sendable (ObjectKey) async throws -> Outcome
    ) {
        self.name = name
        self.workers = workers
        self.time = time
        self.logger = logger
        self.reconcile = reconcile
        queue = WorkQueue(time: time, limits: limits)
        metrics = ControllerMetrics(name)
    }

    // MARK: What concerns it

    /// Objects of the kind itself.
    public func watch<Object>(
        _ informer: Informer<Object>, where isOfInterest: @escaping @Sendable (Object) -> Bool = { _ in true }
    ) {
        let identify = informer.identify
        informer.cache.onChange { [queue] change in
            if isOfInterest(change.object) { queue.add(identify(change.object).key) }
        }
    }

    /// Objects that the kind owns: their controller is looked at.
    public func watch<Resource: KubernetesResource>(owned informer: Informer<Resource>, by owner: ResourceType) {
        let group = owner.group
        watch(mapped: informer) { object in
            (object.metadata.ownerReferences ?? []).filter {
                $0.controller == true && $0.kind == owner.kind
                    && GroupVersionKind(apiVersion: $0.apiVersion, kind: $0.kind).group == group
            }.map { ObjectKey(namespace: owner.isNamespaced ? object.namespace : "", name: $0.name) }
        }
    }

    /// Objects that concern others, for both their old and their new form.
    public func watch<Object>(mapped informer: Informer<Object>, to keys: @escaping @Sendable (Object) -> [ObjectKey]) {
        informer.cache.onChange { [queue] change in
            if case .updated(let old, _) = change { for key in keys(old) { queue.add(key) } }
            for key in keys(change.object) { queue.add(key) }
        }
    }

    // MARK: Running

    /// Works until the task is cancelled. The informers must have synchronised.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<workers { group.addTask { await self.work() } }
            await group.waitForAll()
        }
    }

    private func work() async {
        while !Task.isCancelled, let key = await queue.next() {
            await look(at: key)
            queue.done(key)
            metrics.depth(queue.depth)
        }
    }

    /// Reconciles one object and says how it went, without putting it into the queue again.
    @discardableResult
    public func reconcileOnce(_ key: ObjectKey) async throws -> Outcome { try await reconcile(key) }

    /// One look at one object, outside of `run` in tests and simulations.
    public func look(at key: ObjectKey) async {
        let start = time.uptime()
        do {
            switch try await reconcile(key) {
            case .settled:
                queue.forget(key)
                metrics.reconciled("settled", time.uptime() - start)
            case .lookAgain(let delay):
                queue.forget(key)
                queue.add(key, after: delay)
                metrics.reconciled("look_again", time.uptime() - start)
            case .stale:
                queue.addAfterFailure(key)
                metrics.reconciled("stale", time.uptime() - start)
            }
        } catch is CancellationError {
            return
        } catch let error as StalePlan {
            logger.debug("planning again", metadata: ["controller": "\(name)", "object": "\(key)", "why": "\(error)"])
            queue.addAfterFailure(key)
            metrics.reconciled("stale", time.uptime() - start)
        } catch let error as StatusError where error.isConflict {
            queue.addAfterFailure(key)
            metrics.reconciled("stale", time.uptime() - start)
        } catch {
            if Task.isCancelled { return }
            let failures = queue.failures(of: key)
            let wait = queue.addAfterFailure(key)
            // A server that restarts makes every controller fail once or twice.
            logger.log(
                level: failures > 2 ? .warning : .debug, "reconciliation failed",
                metadata: ["controller": "\(name)", "object": "\(key)", "error": "\(error)", "again in": "\(wait)"])
            metrics.reconciled("error", time.uptime() - start)
        }
    }
}

/// What operators of controllers watch.
struct ControllerMetrics: Sendable {
    private let name: String
    private let depthGauge: Gauge

    init(_ name: String) {
        self.name = name
        depthGauge = Gauge(label: "apus_workqueue_depth", dimensions: [("controller", name)])
    }

    func depth(_ depth: Int) { depthGauge.record(depth) }

    func reconciled(_ result: String, _ duration: Duration) {
        Counter(label: "apus_reconcile_total", dimensions: [("controller", name), ("result", result)]).increment()
        let (seconds, attoseconds) = duration.components
        Timer(label: "apus_reconcile_duration_seconds", dimensions: [("controller", name)])
            .recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
