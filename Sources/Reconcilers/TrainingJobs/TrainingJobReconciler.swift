import ApusAPI
import FoundationEssentials
import KubernetesTypes
public import Reconciliation

/// Plans a training job: Pending → Starting → Running (→ Restarting → …) → Publishing → Succeeded | Failed; Suspended from any
/// live state.
///
/// An attempt is a set of pods with its number in their names. There is never a pod of a new attempt while one of an older
/// attempt may still run. Only a stored and registered bundle makes a job Succeeded.
public enum TrainingJobReconciler: Reconciler {
    public static func reconcile(_ observation: TrainingJobObservation) throws -> Plan {
        var planner = TrainingJobPlanner(observation)
        return try planner.makePlan()
    }
}

/// The plan while it is made.
struct TrainingJobPlanner {
    let observation: TrainingJobObservation
    var status: TrainingJobStatus
    var conditions: ConditionSet
    var plan = Plan()

    var job: TrainingJob { observation.job }
    var now: Date { observation.now }

    init(_ observation: TrainingJobObservation) {
        self.observation = observation
        status = observation.job.status ?? TrainingJobStatus()
        conditions = ConditionSet(status.conditions, generation: observation.job.metadata.generation, now: observation.now)
        // A crash between making an attempt's pods and recording it leaves pods that are ahead of the status.
        let newestPodAttempt = observation.pods.compactMap(\.attempt).max() ?? 0
        if newestPodAttempt > status.attempt ?? 0 {
            status.attempt = newestPodAttempt
            status.retryTime = nil
            status.attemptStartTime = observation.pods.filter { $0.attempt == newestPodAttempt }.compactMap(
                \.metadata.creationTimestamp
            ).min()
            status.startTime = status.startTime ?? status.attemptStartTime
        }
    }

    mutating func makePlan() throws -> Plan {
        if job.isBeingDeleted { return Plan(kept: allPods) }
        if let phase = end {
            var plan = try finished()
            // The phase is for display: whatever it was made to say, a job that has ended has ended.
            if status.phase != phase, !plan.deletesObject {
                status.phase = phase
                plan.status = try JSONValue(encoding: status)
            }
            return plan
        }
        try live()
        status.conditions = conditions.conditions
        status.observedGeneration = job.metadata.generation
        plan.status = try JSONValue(encoding: status)
        return plan
    }

    /// How the job has ended, by its conditions; nil while it goes on.
    private var end: TrainingJobStatus.Phase? {
        if conditions.isTrue("Complete") { return .succeeded }
        if conditions.isTrue("Failed") { return .failed }
        return status.phase?.isFinished == true ? status.phase : nil
    }

    private mutating func live() throws {
        if let deadline = job.spec.activeDeadline, let start = status.startTime {
            let left = start.date.timeIntervalSince1970 + deadline.seconds - now.timeIntervalSince1970
            guard left > 0 else {
                return fail(
                    reason: "DeadlineExceeded",
                    "The job ran longer than spec.activeDeadline (\(deadline)); its last checkpoint is kept. Create a job with more time."
                )
            }
            plan.next = plan.next.orSooner(.after(.seconds(left)))
        }
        if job.spec.suspend == true { return suspend() }
        guard let attempt = status.attempt, attempt > 0, status.phase != .suspended else {
            return try start(attempt: (status.attempt ?? 0) + 1)
        }
        if let retryTime = status.retryTime { return try restart(after: attempt, at: retryTime) }
        try assess(attempt)
    }

    // MARK: An attempt's life

    /// Makes the attempt's pods, unless something stands in the way or a pod of an older attempt may still run.
    private mutating func start(attempt: Int) throws {
        if let obstacle = try Preconditions.check(observation) {
            if obstacle.isFinal { return fail(reason: obstacle.reason, obstacle.message) }
            keepEndedPods()
            return postpone(phase: .pending, reason: obstacle.reason, obstacle.message, lookAgain: 30)
        }
        let lingering = observation.pods.filter { $0.attempt != attempt && !$0.hasEnded }
        guard lingering.isEmpty else {
            keepEndedPods()
            let names = lingering.map(\.name).sorted().joined(separator: ", ")
            return postpone(
                phase: status.attempt == nil ? .pending : .restarting, reason: "WaitingForOldPods",
                "Attempt \(attempt) starts when the pods of the one before have ended: \(names).", lookAgain: nil)
        }
        status.attempt = attempt
        status.attemptStartTime = Timestamp(now)
        status.startTime = status.startTime ?? Timestamp(now)
        status.retryTime = nil
        status.progress?.estimatedRemaining = nil
        if attempt > 1 { status.progress?.summary = nil }
        keepEndedPods(except: attempt)
        try planPods(of: attempt)
        set(phase: .starting, reason: "Starting", "Attempt \(attempt): \(podCount) created.")
        plan.events.append(
            PlannedEvent(.normal, reason: "AttemptStarted", message: "Attempt \(attempt) starts with \(podCount)."))
        lookAgainAtStartTimeout()
    }

    private mutating func restart(after attempt: Int, at retryTime: Timestamp) throws {
        let left = retryTime.date.timeIntervalSince(now)
        guard left > 0 else { return try start(attempt: attempt + 1) }
        keepEndedPods()
        status.phase = .restarting
        plan.next = plan.next.orSooner(.after(.seconds(left)))
    }

    private mutating func assess(_ attempt: Int) throws {
        let pods = observation.pods.filter { $0.attempt == attempt }
        takeProgress(of: attempt)
        switch AttemptAssessment.of(pods, replicas: job.spec.replicas ?? 1) {
        case .starting(let message):
            let deadline = (status.attemptStartTime?.date ?? now).addingTimeInterval(job.spec.startTimeout?.seconds ?? 900)
            guard now < deadline else {
                return retry(
                    reason: "StartTimeout",
                    "The pods of attempt \(attempt) did not start within \(job.spec.startTimeout.map(\.description) ?? "15m"): \(message.text)"
                )
            }
            keepPods(of: attempt)
            set(phase: .starting, reason: message.reason, message.text)
            lookAgainAtStartTimeout()
        case .running:
            keepPods(of: attempt)
            set(phase: .running, reason: "Running", progressSentence(attempt))
            plan.next = plan.next.orSooner(.after(.seconds(2)))
        case .publishing:
            keepPods(of: attempt)
            if let obstacle = observation.reading?.obstacle, observation.reading?.attempt == attempt {
                set(
                    phase: .publishing, reason: obstacle.reason,
                    "\(obstacle.message) The trained model waits in its pod, and the agent tries again.")
            } else {
                set(phase: .publishing, reason: "Publishing", "The trainer has ended well; the agent stores what it made.")
            }
            plan.next = plan.next.orSooner(.after(.seconds(2)))
        case .published(let report):
            keepPods(of: attempt)
            try register(report)
        case .failedForGood(let reason, let message):
            fail(reason: reason, message)
        case .failed(let reason, let message):
            retry(reason: reason, message)
        case .interrupted(let reason, let message):
            status.retryTime = Timestamp(now)
            set(phase: .restarting, reason: reason, "\(message) Attempt \(attempt + 1) goes on from the last checkpoint.")
            plan.events.append(PlannedEvent(.normal, reason: reason, message: message))
            keepEndedPods()
            plan.next = .after(.milliseconds(1))
        }
    }

    private func progressSentence(_ attempt: Int) -> String {
        guard let progress = status.progress, let summary = progress.summary else { return "Attempt \(attempt) trains." }
        let remaining = progress.estimatedRemaining.map { ", about \($0) left" } ?? ""
        return "Attempt \(attempt) trains: \(summary)\(remaining)."
    }

    private mutating func takeProgress(of attempt: Int) {
        guard let reading = observation.reading, reading.attempt == attempt else { return }
        var progress = reading.progress
        // The numbers are a trainer's: they may be anything.
        if let step = progress.step, step < 0 { progress.step = nil }
        if let step = progress.step, let total = progress.totalSteps, total > 0 {
            let percent = Int(min(100, Double(step) / Double(total) * 100))
            progress.percent = percent
            progress.summary = "\(percent)% (\(step)/\(total))"
        }
        status.progress = progress
    }

    // MARK: Ends

    private mutating func register(_ report: TrainingAgentReport) throws {
        guard let digest = report.digest else {
            return retry(reason: "PublishFailed", "The agent reported success without a digest.")
        }
        status.artifact = ArtifactReference(uri: observation.platform.store, digest: digest)
        guard let output = job.spec.output else {
            return succeed("The bundle \(digest) is stored.")
        }
        switch ModelRegistration.plan(observation, report: report, digest: digest, output: output) {
        case .registered(let version):
            status.modelVersion = version
            succeed("The bundle \(digest) is registered as \(version).")
        case .register(let children, let version):
            plan.children += try children.map { .createOnce(try $0.json(), .independent) }
            set(phase: .publishing, reason: "Registering", "The bundle \(digest) is being registered as \(version).")
        case .waiting(let message):
            set(phase: .publishing, reason: "StoreUnavailable", message)
            plan.next = plan.next.orSooner(.after(.seconds(5)))
        case .invalid(let message):
            fail(reason: "InvalidBundle", message)
        }
    }

    private mutating func succeed(_ message: String) {
        status.phase = .succeeded
        status.completionTime = Timestamp(now)
        status.progress?.estimatedRemaining = nil
        conditions.set("Complete", true, reason: "Succeeded", message: message)
        conditions.ready(reason: "Succeeded", message: message)
        keepEndedPods()
        plan.events.append(PlannedEvent(.normal, reason: "Succeeded", message: message))
        plan.effects.append(
            Effect(
                name: TrainingEffect.deleteCheckpoints,
                parameters: [
                    "name": .string(TrainingAgentConfiguration.checkpointName(namespace: job.namespace, jobUID: job.uid))
                ]))
        plan.next = .after(.milliseconds(1))
    }

    private mutating func fail(reason: String, _ message: String) {
        status.phase = .failed
        status.completionTime = Timestamp(now)
        status.progress?.estimatedRemaining = nil
        conditions.set("Failed", true, reason: reason, message: message)
        conditions.stalled(reason: reason, message: message)
        keepEndedPods()
        plan.events.append(PlannedEvent(.warning, reason: reason, message: message))
    }

    private mutating func retry(reason: String, _ message: String) {
        let failures = (status.failures ?? 0) + 1
        let limit = job.spec.retry?.limit ?? 3
        guard failures <= limit else {
            return fail(
                reason: reason,
                limit == 0
                    ? message : "\(message) That was attempt \(status.attempt ?? 0); spec.retry.limit (\(limit)) is used up.")
        }
        status.failures = failures
        let delay = RetryDelay.seconds(afterFailures: failures, policy: job.spec.retry)
        status.retryTime = Timestamp(now.addingTimeInterval(delay.rounded(.up)))
        set(
            phase: .restarting, reason: reason,
            "\(message) Attempt \((status.attempt ?? 0) + 1) starts in \(KubernetesDuration(seconds: delay)).")
        plan.events.append(PlannedEvent(.warning, reason: reason, message: message))
        keepEndedPods()
        plan.next = plan.next.orSooner(.after(.seconds(delay.rounded(.up))))
    }

    private mutating func suspend() {
        keepEndedPods()
        if status.phase != .suspended {
            plan.events.append(
                PlannedEvent(.normal, reason: "Suspended", message: "The job is suspended; it resumes from its last checkpoint."))
        }
        status.retryTime = nil
        set(phase: .suspended, reason: "Suspended", "spec.suspend is true; set it to false to go on from the last checkpoint.")
    }

    /// A finished job only waits for its time to live.
    private func finished() throws -> Plan {
        guard let ttl = job.spec.ttlAfterFinished, let end = status.completionTime else { return Plan(kept: allPods) }
        let left = end.date.addingTimeInterval(ttl.seconds).timeIntervalSince(now)
        return left > 0 ? Plan(kept: allPods, next: .after(.seconds(left))) : Plan(deletesObject: true)
    }

    // MARK: Pieces

    /// The attempt is due and cannot start yet.
    private mutating func postpone(phase: TrainingJobStatus.Phase, reason: String, _ message: String, lookAgain seconds: Int?) {
        // Without it the next pass would look for pods of the attempt before, and take their absence for a loss.
        if status.attempt != nil { status.retryTime = status.retryTime ?? Timestamp(now) }
        set(phase: phase, reason: reason, message)
        if let seconds { plan.next = plan.next.orSooner(.after(.seconds(seconds))) }
    }

    private mutating func set(phase: TrainingJobStatus.Phase, reason: String, _ message: String) {
        // An obstacle is news; that things go their way shows in the conditions.
        let isObstacle = [.starting, .pending, .publishing].contains(phase) && !Self.usualReasons.contains(reason)
        if isObstacle, conditions.reason(of: "Ready") != reason {
            plan.events.append(PlannedEvent(.warning, reason: reason, message: message))
        }
        status.phase = phase
        conditions.reconciling(reason: reason, message: message)
    }

    private static let usualReasons: Set<String> = ["Starting", "Running", "Publishing", "Registering", "WaitingForOldPods"]

    private mutating func lookAgainAtStartTimeout() {
        let deadline = (status.attemptStartTime?.date ?? now).addingTimeInterval(job.spec.startTimeout?.seconds ?? 900)
        plan.next = plan.next.orSooner(.after(.seconds(max(1, deadline.timeIntervalSince(now)))))
    }

    private var podCount: String {
        let replicas = job.spec.replicas ?? 1
        return replicas == 1 ? "1 pod" : "\(replicas) pods"
    }

    private var allPods: Set<ResourceReference> { Set(observation.pods.map { ResourceReference($0) }) }

    /// Ended pods, and those about to end by themselves, stay for their logs; the executor deletes the others.
    private mutating func keepEndedPods(except attempt: Int? = nil) {
        let kept = observation.pods.filter { ($0.hasEnded || $0.isEnding) && $0.attempt != attempt }
        plan.kept.formUnion(kept.map { ResourceReference($0) })
    }

    private mutating func keepPods(of attempt: Int) {
        keepEndedPods()
        plan.kept.formUnion(observation.pods.filter { $0.attempt == attempt }.map { ResourceReference($0) })
    }

    private mutating func planPods(of attempt: Int) throws {
        let pods = TrainingPods(observation: observation, attempt: attempt)
        plan.children += try pods.supportingObjects()
        plan.children += try pods.all().map { .createOnce(try $0.json(), .owned) }
    }
}

/// Effects that a training job asks for.
public enum TrainingEffect {
    /// Parameter `name`: the mutable name in the store whose trees go.
    public static let deleteCheckpoints = "delete-checkpoints"
}

enum RetryDelay {
    /// Exponential with a cap.
    static func seconds(afterFailures failures: Int, policy: RetryPolicy?) -> Double {
        var delay = policy?.backoff?.base?.seconds ?? 10
        let cap = policy?.backoff?.cap?.seconds ?? 300
        for _ in 1..<max(failures, 1) { delay = min(delay * Double(policy?.backoff?.factor ?? 2), cap) }
        return min(delay, cap)
    }
}

extension KubernetesResource {
    func json() throws -> JSONValue { try JSONValue(encoding: self) }
}
