import Foundation
import KubernetesTypes

/// What should be done about a replica set and its pods.
struct ReplicaSetDecision: Sendable, Equatable {
    var createCount = 0
    var deletions: [ObjectKey] = []
    var status: ReplicaSetStatus
    /// When a pod that is ready will have been so for long enough.
    var lookAgainAfterSeconds: Double?

    /// - Parameters:
    ///   - pods: those that the set manages.
    ///   - departed: whether the pod of a uid was deleted and may still be shown.
    init(_ set: ReplicaSet, pods: [Pod], departed: (String) -> Bool, now: Date) {
        let active = pods.filter { !PodPhase.isFinished($0) && !$0.isBeingDeleted && !departed($0.uid) }
        let wanted = set.spec.replicas ?? 1
        let minimum = Double(set.spec.minReadySeconds ?? 0)
        status = ReplicaSetStatus(replicas: active.count)
        status.conditions = set.status?.conditions
        status.observedGeneration = set.metadata.generation
        let templateLabels = set.spec.template?.metadata?.labels ?? [:]
        func count(_ number: Int) -> Int? { number > 0 ? number : nil }
        status.fullyLabeledReplicas = count(
            active.count { pod in templateLabels.allSatisfy { pod.metadata.labels?[$0.key] == $0.value } })
        let ready = active.filter(PodPhase.isReady)
        status.readyReplicas = count(ready.count)
        status.availableReplicas = count(ready.count { Self.availableIn($0, minimum, now) <= 0 })
        status.terminatingReplicas = pods.count { ($0.isBeingDeleted || departed($0.uid)) && !PodPhase.isFinished($0) }
        lookAgainAfterSeconds = ready.map { Self.availableIn($0, minimum, now) }.filter { $0 > 0 }.min()
        guard !set.isBeingDeleted else { return }
        if active.count < wanted {
            // As many at once as upstream lets through; the next pass makes the rest.
            createCount = min(wanted - active.count, 500)
        } else if active.count > wanted {
            let ranked = active.sorted { Self.goesBefore($0, $1) }
            deletions = ranked.prefix(min(active.count - wanted, 500)).map(\.key)
        }
    }

    /// Seconds until a ready pod counts as available.
    static func availableIn(_ pod: Pod, _ minimum: Double, _ now: Date) -> Double {
        guard minimum > 0 else { return 0 }
        guard let since = PodPhase.readySince(pod) else { return minimum }
        return minimum - now.timeIntervalSince(since.date)
    }

    /// The order in which pods go: those that do the least first (upstream's ActivePodsWithRanks).
    private static func goesBefore(_ left: Pod, _ right: Pod) -> Bool {
        let (leftRank, rightRank) = (rank(left), rank(right))
        if leftRank != rightRank { return leftRank.lexicographicallyPrecedes(rightRank) }
        if let leftReady = PodPhase.readySince(left), let rightReady = PodPhase.readySince(right), leftReady != rightReady {
            return leftReady > rightReady
        }
        let leftRestarts = (left.status?.containerStatuses ?? []).map(\.restartCount).max() ?? 0
        let rightRestarts = (right.status?.containerStatuses ?? []).map(\.restartCount).max() ?? 0
        if leftRestarts != rightRestarts { return leftRestarts > rightRestarts }
        let leftBirth = left.metadata.creationTimestamp ?? Timestamp()
        let rightBirth = right.metadata.creationTimestamp ?? Timestamp()
        return leftBirth != rightBirth ? leftBirth > rightBirth : left.key < right.key
    }

    private static func rank(_ pod: Pod) -> [Int] {
        let phase =
            switch pod.status?.phase {
            case "Running": 2
            case "Unknown": 1
            default: 0
            }
        let cost = pod.metadata.annotations?["controller.kubernetes.io/pod-deletion-cost"].flatMap { Int($0) } ?? 0
        return [(pod.spec.nodeName ?? "").isEmpty ? 0 : 1, phase, PodPhase.isReady(pod) ? 1 : 0, cost]
    }
}
