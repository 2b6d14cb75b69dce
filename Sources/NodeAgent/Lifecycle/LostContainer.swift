import Foundation
import KubernetesTypes

/// A container that the API knows and this node's disk does not: its records went with the data directory, as `apus down`
/// leaves it. What the API says is then all that is known, so it must neither be forgotten nor count as never started. Pure.
enum LostContainer {
    /// - Returns: how the container ended, by the pod's own status; nil where that says nothing of a start.
    static func observation(of name: String, pod: Pod, now: Date) -> ContainerObservation? {
        let statuses = (pod.status?.initContainerStatuses ?? []) + (pod.status?.containerStatuses ?? [])
        guard let status = statuses.first(where: { $0.name == name }) else { return nil }
        let ended: Termination
        if let told = status.state?.terminated {
            ended = termination(told, now: now)
        } else if let running = status.state?.running {
            ended = Termination(
                exitCode: 143, reason: "NodeShutdown", message: "The container was stopped with its node, as apus down does.",
                startedAt: running.startedAt?.date, finishedAt: now, containerID: bare(status.containerID))
        } else if let before = status.lastState?.terminated {
            // It was waiting to be started again.
            ended = termination(before, now: now)
        } else {
            return nil
        }
        let identity = ContainerIdentity(podUID: pod.uid, name: name, attempt: status.restartCount)
        let record = AttemptRecord(
            identity: identity, id: ended.containerID.isEmpty ? identity.id : ended.containerID, bootID: "",
            createdAt: ended.startedAt ?? ended.finishedAt, image: status.image, imageID: status.imageID, delaySeconds: nil,
            logPath: "", terminationMessagePolicy: "File", cgroupsPath: "")
        let previous = status.state?.waiting == nil ? status.lastState?.terminated.map { termination($0, now: now) } : nil
        return ContainerObservation(record: record, phase: .exited(ended), previous: previous)
    }

    private static func termination(_ state: ContainerStateTerminated, now: Date) -> Termination {
        Termination(
            exitCode: state.exitCode, reason: state.reason ?? "Error", message: state.message,
            startedAt: state.startedAt?.date, finishedAt: state.finishedAt?.date ?? now,
            containerID: bare(state.containerID))
    }

    private static func bare(_ id: String?) -> String {
        let text = id ?? ""
        return text.firstRange(of: "://").map { String(text[$0.upperBound...]) } ?? text
    }
}
