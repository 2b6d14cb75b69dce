import Foundation
import KubernetesTypes

/// What should be done about a job and its pods.
///
/// A finished pod is counted once: it is first listed by uid in the status, then loses its finalizer, then moves from the list
/// into the numbers. So neither a crash nor a deleted pod makes a completion count twice or not at all.
struct JobDecision: Sendable, Equatable {
    static let finalizer = "batch.kubernetes.io/job-tracking"
    static let indexAnnotation = "batch.kubernetes.io/job-completion-index"

    var status: JobStatus
    /// Indexes to make pods for; for jobs without indexes as many nils.
    var creations: [Int?] = []
    var deletions: [ObjectKey] = []
    /// Pods whose end is in the status: they need not be held any more.
    var releases: [ObjectKey] = []
    var event: (reason: String, message: String, isWarning: Bool)?
    var lookAgainAfterSeconds: Double?

    static func == (left: Self, right: Self) -> Bool {
        left.status == right.status && left.creations == right.creations && left.deletions == right.deletions
            && left.releases == right.releases && left.event?.reason == right.event?.reason
    }

    private let job: Job
    private let now: Date

    init(_ job: Job, pods: [Pod], now: Date) {
        self.job = job
        self.now = now
        status = job.status ?? JobStatus()
        let isSuspended = job.spec.suspend == true
        count(pods)
        var active = pods.filter { !PodPhase.isFinished($0) && !$0.isBeingDeleted }
        status.terminating = pods.count { $0.isBeingDeleted && !PodPhase.isFinished($0) }
        status.ready = active.count(where: PodPhase.isReady)
        guard !isFinished else {
            // Whatever still runs of a job that is over goes.
            deletions = active.map(\.key)
            status.active = nil
            return
        }
        guard !job.isBeingDeleted else { return }
        if !isSuspended, status.startTime == nil { status.startTime = Timestamp(now) }
        if let (reason, message) = failure(pods) {
            deletions = active.map(\.key)
            finish("Failed", reason, message, active: active.count)
        } else if isComplete(pods) {
            deletions = active.map(\.key)
            finish("Complete", "CompletionsReached", "Reached expected number of succeeded pods", active: active.count)
        } else if isSuspended {
            deletions = active.map(\.key)
            active = []
            if conditionStatus("Suspended") != "True" {
                set("Suspended", "True", "JobSuspended", "Job suspended")
                event = ("Suspended", "Job suspended", false)
            }
            status.startTime = nil
        } else {
            if conditionStatus("Suspended") == "True" {
                set("Suspended", "False", "JobResumed", "Job resumed")
                event = ("Resumed", "Job resumed", false)
                status.startTime = Timestamp(now)
            }
            fill(active, pods)
            lookAtDeadline()
        }
        status.active = count(active.count + creations.count - (isSuspended || isFinished ? active.count : 0))
    }

    private func count(_ number: Int) -> Int? { number > 0 ? number : nil }

    var isFinished: Bool { conditionStatus("Complete") == "True" || conditionStatus("Failed") == "True" }

    private func conditionStatus(_ type: String) -> String? { status.conditions?.first { $0.type == type }?.status }

    private var isIndexed: Bool { job.spec.completionMode == "Indexed" }

    static func index(of pod: Pod) -> Int? { pod.metadata.annotations?[indexAnnotation].flatMap { Int($0) } }

    // MARK: Counting

    private mutating func count(_ pods: [Pod]) {
        var uncounted = status.uncountedTerminatedPods ?? UncountedTerminatedPods()
        var succeeded = Set(uncounted.succeeded ?? [])
        var failed = Set(uncounted.failed ?? [])
        var completed = JobIndexes(status.completedIndexes)
        let held = Set(pods.filter { $0.metadata.finalizers?.contains(Self.finalizer) == true }.map(\.uid))
        // Those that nothing holds any more were listed in an earlier pass: they move into the numbers.
        let settledSuccesses = succeeded.subtracting(held)
        let settledFailures = failed.subtracting(held)
        if !isIndexed { status.succeeded = count((status.succeeded ?? 0) + settledSuccesses.count) }
        status.failed = count((status.failed ?? 0) + settledFailures.count)
        succeeded.subtract(settledSuccesses)
        failed.subtract(settledFailures)
        for pod in pods where held.contains(pod.uid) {
            let hasSucceeded = pod.status?.phase == "Succeeded"
            let hasFailed = pod.status?.phase == "Failed" || (pod.isBeingDeleted && isFinished)
            guard hasSucceeded || hasFailed else { continue }
            if succeeded.contains(pod.uid) || failed.contains(pod.uid) {
                releases.append(pod.key)
            } else if hasSucceeded, isIndexed {
                // The list of indexes is itself the count.
                if let index = Self.index(of: pod), index < job.spec.completions ?? 0 { completed.insert(index) }
                releases.append(pod.key)
            } else if hasSucceeded {
                succeeded.insert(pod.uid)
            } else if !isIgnored(pod) {
                failed.insert(pod.uid)
            } else {
                releases.append(pod.key)
            }
        }
        // A pod that is deleted before it ran to its end is not held up.
        for pod in pods
        where held.contains(pod.uid) && pod.isBeingDeleted && !PodPhase.isFinished(pod) && !releases.contains(pod.key) {
            if (pod.spec.nodeName ?? "").isEmpty || isFinished { releases.append(pod.key) }
        }
        if isIndexed {
            status.completedIndexes = completed.isEmpty ? nil : completed.description
            status.succeeded = count(completed.count)
        }
        uncounted.succeeded = succeeded.isEmpty ? nil : succeeded.sorted()
        uncounted.failed = failed.isEmpty ? nil : failed.sorted()
        status.uncountedTerminatedPods = uncounted
    }

    private var succeededCount: Int { (status.succeeded ?? 0) + (status.uncountedTerminatedPods?.succeeded?.count ?? 0) }
    private var failedCount: Int { (status.failed ?? 0) + (status.uncountedTerminatedPods?.failed?.count ?? 0) }

    // MARK: Ends

    private func failure(_ pods: [Pod]) -> (String, String)? {
        for pod in pods where pod.status?.phase == "Failed" {
            if let message = JobFailurePolicy.failure(job, pod) { return ("PodFailurePolicy", message) }
        }
        // With restartPolicy OnFailure the containers' restarts count too.
        let restarts =
            job.spec.template.spec?.restartPolicy == "OnFailure"
            ? pods.filter { !PodPhase.isFinished($0) }.flatMap { $0.status?.containerStatuses ?? [] }.reduce(0) {
                $0 + $1.restartCount
            } : 0
        let limit = job.spec.backoffLimit ?? 6
        if failedCount > limit || (restarts > 0 && failedCount + restarts > limit) {
            return ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
        }
        if let deadline = job.spec.activeDeadlineSeconds, job.spec.suspend != true, let start = status.startTime,
            now.timeIntervalSince(start.date) >= Double(deadline)
        {
            return ("DeadlineExceeded", "Job was active longer than specified deadline")
        }
        return nil
    }

    private func isIgnored(_ pod: Pod) -> Bool { JobFailurePolicy.ignores(job, pod) }

    private func isComplete(_ pods: [Pod]) -> Bool {
        if let completions = job.spec.completions { return succeededCount >= completions }
        // A work queue is done when one succeeded and none runs.
        return succeededCount > 0 && !pods.contains { !PodPhase.isFinished($0) }
    }

    private mutating func finish(_ type: String, _ reason: String, _ message: String, active: Int) {
        let hasUncounted =
            !(status.uncountedTerminatedPods?.succeeded ?? []).isEmpty || !(status.uncountedTerminatedPods?.failed ?? []).isEmpty
        let interim = type == "Complete" ? "SuccessCriteriaMet" : "FailureTarget"
        set(interim, "True", reason, message)
        // The end itself is declared when every pod is gone and counted.
        guard !hasUncounted, active == 0, status.terminating ?? 0 == 0 else { return }
        set(type, "True", reason, message)
        if type == "Complete" {
            status.completionTime = Timestamp(now)
            event = ("Completed", "Job completed", false)
        } else {
            event = (reason, message, true)
        }
    }

    private mutating func set(_ type: String, _ value: String, _ reason: String, _ message: String) {
        var conditions = status.conditions ?? []
        let present = conditions.first { $0.type == type }
        if present?.status == value { return }
        conditions.removeAll { $0.type == type }
        conditions.append(
            JobCondition(
                lastProbeTime: Timestamp(now), lastTransitionTime: Timestamp(now), message: message, reason: reason,
                status: value,
                type: type))
        status.conditions = conditions
    }

    // MARK: Pods

    private mutating func fill(_ active: [Pod], _ pods: [Pod]) {
        let parallelism = job.spec.parallelism ?? 1
        var wanted = parallelism
        if let completions = job.spec.completions {
            wanted = min(parallelism, completions - succeededCount)
        } else if succeededCount > 0 {
            // A work queue that has begun to succeed starts nothing new.
            wanted = active.count
        }
        if active.count > wanted {
            deletions = active.sorted {
                ($0.metadata.creationTimestamp ?? Timestamp()) > ($1.metadata.creationTimestamp ?? Timestamp())
            }
            .prefix(active.count - max(0, wanted)).map(\.key)
            return
        }
        // Pods on their way out hold their place unless the job says that they need not.
        let replacesAtOnce = job.spec.podReplacementPolicy == "TerminatingOrFailed"
        var missing = wanted - active.count - (replacesAtOnce ? 0 : status.terminating ?? 0)
        guard missing > 0 else { return }
        if let wait = backOff(pods), wait > 0 {
            lookAgainAfterSeconds = wait
            return
        }
        missing = min(missing, 500)
        guard isIndexed else {
            creations = Array(repeating: nil, count: missing)
            return
        }
        let completed = JobIndexes(status.completedIndexes)
        let taken = Set((replacesAtOnce ? active : pods.filter { !PodPhase.isFinished($0) }).compactMap { Self.index(of: $0) })
        for index in 0..<(job.spec.completions ?? 0) where creations.count < missing {
            if !completed.contains(index), !taken.contains(index) { creations.append(index) }
        }
    }

    /// Seconds to wait after failures: 10, 20, 40 … up to ten minutes since the last one.
    private func backOff(_ pods: [Pod]) -> Double? {
        let failures = failedCount
        guard failures > 0 else { return nil }
        let ends = pods.filter { $0.status?.phase == "Failed" }.compactMap { pod in
            (pod.status?.containerStatuses ?? []).compactMap { $0.state?.terminated?.finishedAt?.date }.max()
                ?? pod.metadata.deletionTimestamp?.date
        }
        guard let last = ends.max() else { return nil }
        let delay = min(600, 10 * pow(2, Double(min(failures, 10) - 1)))
        return delay - now.timeIntervalSince(last)
    }

    private mutating func lookAtDeadline() {
        guard let deadline = job.spec.activeDeadlineSeconds, let start = status.startTime else { return }
        let left = max(0.1, Double(deadline) - now.timeIntervalSince(start.date))
        lookAgainAfterSeconds = min(left, lookAgainAfterSeconds ?? left)
    }
}
