import ApusAPI
import KubernetesTypes

/// What the pods of one attempt say about it. The first finding that applies counts.
enum AttemptAssessment: Equatable {
    struct Message: Equatable {
        var reason: String
        var text: String
    }

    case starting(Message)
    case running
    /// Every trainer has ended well; the first replica's agent still works.
    case publishing
    case published(TrainingAgentReport)
    /// Another attempt would fail the same way.
    case failedForGood(reason: String, message: String)
    case failed(reason: String, message: String)
    /// Somebody stopped the node in good order: it says nothing of the training.
    case interrupted(reason: String, message: String)

    static func of(_ pods: [Pod], replicas: Int) -> AttemptAssessment {
        let pods = pods.sorted { ($0.rank ?? 0) < ($1.rank ?? 0) }
        if let published = published(pods) { return published }
        // A reason the user can change says more than that a sibling was lost meanwhile.
        let reports = pods.compactMap(report(of:))
        if let failure = reports.first(where: { $0.outcome == .failed }) {
            return .failedForGood(
                reason: failure.reason ?? "TrainerFailed", message: failure.message ?? "The trainer failed without a word.")
        }
        if let failure = pods.lazy.compactMap(failure(of:)).first { return failure }
        if pods.count < replicas {
            return .failed(
                reason: "PodLost",
                message: "\(replicas - pods.count) of \(replicas) pods of the attempt are gone; somebody deleted them.")
        }
        if let waiting = pods.lazy.compactMap(startingMessage(of:)).first { return .starting(waiting) }
        let trainersEnded = pods.allSatisfy { $0.termination(of: TrainingPods.trainer)?.exitCode == 0 }
        return trainersEnded ? .publishing : .running
    }

    /// The first replica publishes for all; the others need only have ended well.
    private static func published(_ pods: [Pod]) -> AttemptAssessment? {
        guard let first = pods.first(where: { $0.rank == 0 }), first.status?.phase == "Succeeded", let report = report(of: first),
            report.outcome == .published
        else { return nil }
        return .published(report)
    }

    /// What the agent of a pod said last, whatever became of the pod.
    static func report(of pod: Pod) -> TrainingAgentReport? {
        for name in [TrainingPods.agent, TrainingPods.fetch] {
            if let message = pod.termination(of: name)?.message, let report = TrainingAgentReport(terminationMessage: message) {
                return report
            }
        }
        return nil
    }

    private static func failure(of pod: Pod) -> AttemptAssessment? {
        if pod.isBeingDeleted && !pod.hasEnded {
            return .failed(reason: "PodDeleted", message: "Pod \(pod.name) is being deleted.")
        }
        for name in [TrainingPods.fetch, TrainingPods.trainer, TrainingPods.agent] {
            guard let end = pod.termination(of: name), end.exitCode != 0 else { continue }
            // The trainer's own failure is told by the agent, which waits for it, unless the agent is gone too.
            if name == TrainingPods.trainer, pod.termination(of: TrainingPods.agent) == nil, end.reason != "OOMKilled" {
                continue
            }
            if end.reason == Self.nodeShutdown {
                return .interrupted(reason: Self.nodeShutdown, message: "Pod \(pod.name) was stopped with its node.")
            }
            if let report = report(of: pod), report.outcome == .interrupted, let message = report.message {
                return .failed(reason: report.reason ?? "Interrupted", message: message)
            }
            return .failed(reason: reason(of: end), message: sentence(pod: pod, container: name, end: end))
        }
        if pod.status?.phase == "Failed" {
            return .failed(
                reason: pod.status?.reason ?? "PodFailed",
                message: "Pod \(pod.name) failed: \(pod.status?.message ?? "no reason is known").")
        }
        if pod.status?.phase == "Succeeded", pod.rank == 0, report(of: pod) == nil {
            return .failed(reason: "PublishFailed", message: "The agent of pod \(pod.name) ended without a report.")
        }
        return nil
    }

    /// What the node agent writes of containers that were stopped with it.
    private static let nodeShutdown = "NodeShutdown"

    private static func reason(of end: ContainerStateTerminated) -> String {
        end.reason == "OOMKilled" ? "OutOfMemory" : end.exitCode > 128 ? "TrainerKilled" : "ContainerFailed"
    }

    private static func sentence(pod: Pod, container: String, end: ContainerStateTerminated) -> String {
        if end.reason == "OOMKilled" {
            return
                "Container \(container) of pod \(pod.name) needed more memory than its limit; raise spec.resources.limits.memory."
        }
        let text = end.message.map { ": \($0.prefix(400))" } ?? ""
        return "Container \(container) of pod \(pod.name) ended with exit code \(end.exitCode) (\(end.reason ?? "Error"))\(text)."
    }

    private static func startingMessage(of pod: Pod) -> Message? {
        let statuses = (pod.status?.initContainerStatuses ?? []) + (pod.status?.containerStatuses ?? [])
        for status in statuses {
            guard let waiting = status.state?.waiting, let reason = waiting.reason, reason != "ContainerCreating",
                reason != "PodInitializing"
            else { continue }
            return Message(
                reason: known(reason),
                text: waitingSentence(pod: pod, container: status.name, image: status.image, waiting: waiting))
        }
        if let scheduled = pod.status?.conditions?.first(where: { $0.type == "PodScheduled" }), scheduled.status == "False" {
            return Message(
                reason: scheduled.reason ?? "Unschedulable",
                text: "Pod \(pod.name) waits for a node: \((scheduled.message ?? "no reason is known").asSentence)")
        }
        if pod.containerStatus(TrainingPods.trainer)?.state?.running == nil, pod.termination(of: TrainingPods.trainer) == nil {
            return Message(reason: "Starting", text: "Pod \(pod.name) starts.")
        }
        return nil
    }

    private static func known(_ reason: String) -> String {
        ["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"].contains(reason)
            ? "ImagePullFailed" : reason
    }

    private static func waitingSentence(pod: Pod, container: String, image: String, waiting: ContainerStateWaiting) -> String {
        let detail = waiting.message ?? waiting.reason ?? ""
        guard known(waiting.reason ?? "") == "ImagePullFailed" else {
            return "Container \(container) of pod \(pod.name) cannot start (\(waiting.reason ?? "")): \(detail)"
        }
        return
            "The image \(image) of container \(container) cannot be pulled: \(detail). Check its name, and that the node may pull it."
    }
}

extension Pod {
    var attempt: Int? { metadata.labels?[ApusLabel.attempt].flatMap { Int($0) } }
    var rank: Int? { metadata.labels?[TrainingPods.rankLabel].flatMap { Int($0) } }

    /// No container of it can run any more.
    var hasEnded: Bool { status?.phase == "Succeeded" || status?.phase == "Failed" }

    /// Nothing but the agent still runs, which ends when it has told how it went.
    var isEnding: Bool {
        if let fetch = termination(of: TrainingPods.fetch), fetch.exitCode != 0 { return true }
        return termination(of: TrainingPods.trainer) != nil
    }

    func containerStatus(_ name: String) -> ContainerStatus? {
        ((status?.initContainerStatuses ?? []) + (status?.containerStatuses ?? [])).first { $0.name == name }
    }

    func termination(of name: String) -> ContainerStateTerminated? { containerStatus(name)?.state?.terminated }
}
