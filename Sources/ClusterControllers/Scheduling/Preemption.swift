import KubernetesTypes

/// Which pods must go so that one of higher priority fits.
enum Preemption {
    /// The fewest of the least important pods of a node whose leaving makes room.
    /// - Returns: nil when even all of lower priority would not be enough.
    static func victims(for pod: Pod, _ needs: ResourceAmounts, on state: NodeState, in snapshot: ClusterSnapshot) -> [Pod]? {
        let priority = pod.spec.priority ?? 0
        let lower = state.pods.filter { ($0.spec.priority ?? 0) < priority }
        guard !lower.isEmpty, let position = snapshot.nodes.firstIndex(where: { $0.name == state.name }) else { return nil }
        var trial = snapshot
        for victim in lower { trial.nodes[position].remove(uid: victim.uid) }
        func fits(_ snapshot: ClusterSnapshot) -> Bool {
            Placement.obstacles(pod, needs, snapshot.nodes[position], PodAffinityRules(snapshot: snapshot)).isEmpty
        }
        guard fits(trial) else { return nil }
        // Give back, the most important and longest running first, whoever can stay after all.
        var victims: [Pod] = []
        for candidate in lower.sorted(by: isMoreImportant) {
            var kept = trial
            kept.nodes[position].add(candidate)
            if fits(kept) { trial = kept } else { victims.append(candidate) }
        }
        return victims
    }

    private static func isMoreImportant(_ left: Pod, _ right: Pod) -> Bool {
        let priorities = (left.spec.priority ?? 0, right.spec.priority ?? 0)
        if priorities.0 != priorities.1 { return priorities.0 > priorities.1 }
        let starts = (left.status?.startTime ?? Timestamp(), right.status?.startTime ?? Timestamp())
        if starts.0 != starts.1 { return starts.0 < starts.1 }
        return left.key < right.key
    }

    /// The node whose most important victim matters least, then the one with the fewest victims.
    static func cheapest(_ candidates: [(node: String, victims: [Pod])]) -> (node: String, victims: [Pod])? {
        candidates.min { left, right in cost(left) < cost(right) }
    }

    private static func cost(_ candidate: (node: String, victims: [Pod])) -> (Int, Int, Int, String) {
        let priorities = candidate.victims.map { $0.spec.priority ?? 0 }
        return (priorities.max() ?? .min, priorities.reduce(0, +), candidate.victims.count, candidate.node)
    }
}
