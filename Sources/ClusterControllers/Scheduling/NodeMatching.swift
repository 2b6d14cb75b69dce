import KubernetesTypes

/// Node selectors and taints.
enum NodeMatching {
    static func matches(_ selector: NodeSelector, _ state: NodeState) -> Bool {
        selector.nodeSelectorTerms.contains { matches($0, state) }
    }

    /// A term with nothing in it matches no node.
    static func matches(_ term: NodeSelectorTerm, _ state: NodeState) -> Bool {
        let expressions = term.matchExpressions ?? []
        let fields = term.matchFields ?? []
        guard !expressions.isEmpty || !fields.isEmpty else { return false }
        return expressions.allSatisfy { matches($0, state.labels) }
            && fields.allSatisfy { matches($0, ["metadata.name": state.name]) }
    }

    private static func matches(_ requirement: NodeSelectorRequirement, _ labels: [String: String]) -> Bool {
        let value = labels[requirement.key]
        let values = requirement.values ?? []
        switch requirement.operator {
        case "In": return value.map(values.contains) ?? false
        case "NotIn": return value.map { !values.contains($0) } ?? true
        case "Exists": return value != nil
        case "DoesNotExist": return value == nil
        case "Gt": return compare(value, values.first, >)
        case "Lt": return compare(value, values.first, <)
        default: return false
        }
    }

    private static func compare(_ left: String?, _ right: String?, _ holds: (Int64, Int64) -> Bool) -> Bool {
        guard let left = left.flatMap({ Int64($0) }), let right = right.flatMap({ Int64($0) }) else { return false }
        return holds(left, right)
    }

    static func satisfiesAffinity(_ pod: Pod, _ state: NodeState) -> Bool {
        for (key, value) in pod.spec.nodeSelector ?? [:] where state.labels[key] != value { return false }
        guard let required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution else { return true }
        return matches(required, state)
    }

    /// The first taint with one of these effects that nothing tolerates.
    static func untolerated(_ tolerations: [Toleration], _ taints: [Taint], effects: Set<String>) -> Taint? {
        taints.first { taint in effects.contains(taint.effect) && !tolerations.contains { tolerates($0, taint) } }
    }

    static func tolerates(_ toleration: Toleration, _ taint: Taint) -> Bool {
        if let effect = toleration.effect, !effect.isEmpty, effect != taint.effect { return false }
        if let key = toleration.key, !key.isEmpty, key != taint.key { return false }
        switch toleration.operator ?? "Equal" {
        case "Exists": return true
        case "Equal", "": return (toleration.key ?? "") == taint.key && (toleration.value ?? "") == (taint.value ?? "")
        default: return false
        }
    }
}
