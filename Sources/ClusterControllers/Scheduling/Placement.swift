import KubernetesTypes

/// Where a pod goes, or why it goes nowhere.
enum PlacementDecision: Sendable, Equatable {
    case bind(node: String)
    /// These pods must go first; the pod is promised the node meanwhile.
    case preempt(node: String, victims: [ObjectKey])
    /// The message that upstream's scheduler gives.
    case wait(message: String)
}

/// Chooses nodes as upstream's default profile does, in its words.
enum Placement {
    /// Why a node is out; `isFinal` obstacles stay when pods leave the node.
    struct Obstacle: Sendable, Equatable {
        var message: String
        var isFinal: Bool
    }

    static func decide(_ pod: Pod, _ snapshot: ClusterSnapshot) -> PlacementDecision {
        guard !snapshot.nodes.isEmpty else { return .wait(message: "no nodes available to schedule pods") }
        let rules = PodAffinityRules(snapshot: snapshot)
        let needs = PodResources.requests(of: pod.spec)
        var feasible: [NodeState] = []
        var obstacles: [(node: NodeState, found: [Obstacle])] = []
        for state in snapshot.nodes {
            let found = Self.obstacles(pod, needs, state, rules)
            if found.isEmpty { feasible.append(state) } else { obstacles.append((state, found)) }
        }
        if let best = best(of: feasible, for: pod, needs, rules) { return .bind(node: best.name) }
        let total = snapshot.nodes.count
        let summary = "0/\(total) nodes are available: \(Self.summary(obstacles.flatMap(\.found)))."
        guard pod.spec.preemptionPolicy != "Never" else {
            return .wait(
                message: "\(summary) preemption: not eligible due to preemptionPolicy=Never.")
        }
        var refusals: [Obstacle] = []
        var candidates: [(node: String, victims: [Pod])] = []
        for (state, found) in obstacles {
            if found.contains(where: \.isFinal) {
                refusals.append(Obstacle(message: "Preemption is not helpful for scheduling", isFinal: true))
            } else if let victims = Preemption.victims(for: pod, needs, on: state, in: snapshot) {
                candidates.append((state.name, victims))
            } else {
                refusals.append(Obstacle(message: "No preemption victims found for incoming pod", isFinal: false))
            }
        }
        if let chosen = Preemption.cheapest(candidates) {
            return .preempt(node: chosen.node, victims: chosen.victims.map(\.key))
        }
        return .wait(message: "\(summary) preemption: 0/\(total) nodes are available: \(Self.summary(refusals)).")
    }

    /// `2 Insufficient cpu, 1 node(s) were unschedulable`
    private static func summary(_ obstacles: [Obstacle]) -> String {
        var counts: [String: Int] = [:]
        for obstacle in obstacles { counts[obstacle.message, default: 0] += 1 }
        return counts.map { "\($0.value) \($0.key)" }.sorted().joined(separator: ", ")
    }

    /// Every filter in upstream's order; the first that objects ends the search, but all lacking resources are named.
    static func obstacles(_ pod: Pod, _ needs: ResourceAmounts, _ state: NodeState, _ rules: PodAffinityRules) -> [Obstacle] {
        let tolerations = pod.spec.tolerations ?? []
        let unschedulable = Taint(effect: "NoSchedule", key: "node.kubernetes.io/unschedulable")
        if state.node.spec.unschedulable == true, !tolerations.contains(where: { NodeMatching.tolerates($0, unschedulable) }) {
            return [Obstacle(message: "node(s) were unschedulable", isFinal: true)]
        }
        if let taint = NodeMatching.untolerated(tolerations, state.node.spec.taints ?? [], effects: ["NoSchedule", "NoExecute"]) {
            return [Obstacle(message: "node(s) had untolerated taint {\(taint.key): \(taint.value ?? "")}", isFinal: true)]
        }
        if !NodeMatching.satisfiesAffinity(pod, state) {
            return [Obstacle(message: "node(s) didn't match Pod's node affinity/selector", isFinal: true)]
        }
        for port in PodResources.hostPorts(of: pod.spec) where state.ports.contains(where: { $0.collides(with: port) }) {
            return [Obstacle(message: "node(s) didn't have free ports for the requested pod ports", isFinal: false)]
        }
        let lacking = lacking(needs, state)
        if !lacking.isEmpty { return lacking }
        if let message = rules.spreadObstacle(pod, state) {
            return [Obstacle(message: message, isFinal: message.contains("missing"))]
        }
        if let message = rules.obstacle(pod, state) {
            return [Obstacle(message: message, isFinal: message.contains("pod affinity"))]
        }
        return []
    }

    private static func lacking(_ needs: ResourceAmounts, _ state: NodeState) -> [Obstacle] {
        var lacking: [Obstacle] = []
        if let limit = state.allocatable["pods"], state.pods.count + 1 > limit {
            lacking.append(Obstacle(message: "Too many pods", isFinal: false))
        }
        for (name, amount) in needs.sorted(by: { $0.key < $1.key }) where amount > 0 && name != "pods" {
            let allocatable = state.allocatable[name] ?? 0
            if amount > allocatable - (state.requested[name] ?? 0) {
                lacking.append(Obstacle(message: "Insufficient \(name)", isFinal: amount > allocatable))
            }
        }
        return lacking
    }

    private static func best(of feasible: [NodeState], for pod: Pod, _ needs: ResourceAmounts, _ rules: PodAffinityRules)
        -> NodeState?
    {
        guard feasible.count > 1 else { return feasible.first }
        let preferences = feasible.map { rules.preference(pod, $0) }
        let low = preferences.min() ?? 0
        let span = max(1, (preferences.max() ?? 0) - low)
        let scored = zip(feasible, preferences).map { state, preference in
            (
                state: state,
                score: Scoring.spare(needs, state) + Scoring.balance(needs, state) + 2 * Scoring.affinity(pod, state)
                    + 3 * Scoring.taints(pod, state) + 2 * 100 * Double(preference - low) / Double(span)
            )
        }
        // Equal nodes are taken in order of their names, so that the same cluster gives the same answer.
        return scored.max { ($0.score, $1.state.name) < ($1.score, $0.state.name) }?.state
    }
}

/// Points from 0 to 100 for a node.
enum Scoring {
    /// Pods that ask for nothing still use something.
    private static let assumed: ResourceAmounts = ["cpu": 100, "memory": 200 * 1024 * 1024]

    private static func fractions(_ needs: ResourceAmounts, _ state: NodeState) -> [Double] {
        ["cpu", "memory"].compactMap { name in
            guard let allocatable = state.allocatable[name], allocatable > 0 else { return nil }
            let amount = needs[name] ?? assumed[name] ?? 0
            return min(1, Double((state.requested[name] ?? 0) + amount) / Double(allocatable))
        }
    }

    /// The emptier the better.
    static func spare(_ needs: ResourceAmounts, _ state: NodeState) -> Double {
        let fractions = fractions(needs, state)
        guard !fractions.isEmpty else { return 0 }
        return fractions.reduce(0) { $0 + (1 - $1) * 100 } / Double(fractions.count)
    }

    /// The more evenly used the better.
    static func balance(_ needs: ResourceAmounts, _ state: NodeState) -> Double {
        let fractions = fractions(needs, state)
        guard fractions.count == 2 else { return 0 }
        return (1 - abs(fractions[0] - fractions[1]) / 2) * 100
    }

    static func affinity(_ pod: Pod, _ state: NodeState) -> Double {
        let terms = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
        let total = terms.reduce(0) { $0 + $1.weight }
        guard total > 0 else { return 0 }
        let met = terms.filter { NodeMatching.matches($0.preference, state) }.reduce(0) { $0 + $1.weight }
        return 100 * Double(met) / Double(total)
    }

    static func taints(_ pod: Pod, _ state: NodeState) -> Double {
        let soft = (state.node.spec.taints ?? []).filter { $0.effect == "PreferNoSchedule" }
        guard !soft.isEmpty else { return 100 }
        let tolerated = soft.filter { taint in (pod.spec.tolerations ?? []).contains { NodeMatching.tolerates($0, taint) } }
        return 100 * Double(tolerated.count) / Double(soft.count)
    }
}
