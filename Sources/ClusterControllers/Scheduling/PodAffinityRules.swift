import KubernetesTypes

/// Affinity between pods, and spreading over topologies.
struct PodAffinityRules {
    let snapshot: ClusterSnapshot

    /// - Returns: upstream's words for why the node is out, or nil.
    func obstacle(_ pod: Pod, _ state: NodeState) -> String? {
        let affinity = pod.spec.affinity
        for term in affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [] {
            guard let domain = state.labels[term.topologyKey] else { return "node(s) didn't match pod affinity rules" }
            if pods(matching: term, of: pod, in: term.topologyKey, domain) { continue }
            // The first of a group that wants to be together may go anywhere.
            let isFirst = !snapshot.nodes.contains { $0.pods.contains { matches(term, $0, seenFrom: pod) } }
            guard isFirst, matches(term, pod, seenFrom: pod) else { return "node(s) didn't match pod affinity rules" }
        }
        for term in affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [] {
            if let domain = state.labels[term.topologyKey], pods(matching: term, of: pod, in: term.topologyKey, domain) {
                return "node(s) didn't match pod anti-affinity rules"
            }
        }
        for other in snapshot.nodes {
            for present in other.pods {
                for term in present.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [] {
                    if let domain = state.labels[term.topologyKey], other.labels[term.topologyKey] == domain,
                        matches(term, pod, seenFrom: present)
                    {
                        return "node(s) didn't satisfy existing pods anti-affinity rules"
                    }
                }
            }
        }
        return nil
    }

    /// What preferred terms say for a node; more is better.
    func preference(_ pod: Pod, _ state: NodeState) -> Int {
        var sum = 0
        for weighted in pod.spec.affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [] {
            let term = weighted.podAffinityTerm
            if let domain = state.labels[term.topologyKey], pods(matching: term, of: pod, in: term.topologyKey, domain) {
                sum += weighted.weight
            }
        }
        for weighted in pod.spec.affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [] {
            let term = weighted.podAffinityTerm
            if let domain = state.labels[term.topologyKey], pods(matching: term, of: pod, in: term.topologyKey, domain) {
                sum -= weighted.weight
            }
        }
        return sum
    }

    /// Whether the hard spread constraints leave room on a node.
    func spreadObstacle(_ pod: Pod, _ state: NodeState) -> String? {
        for constraint in pod.spec.topologySpreadConstraints ?? [] where constraint.whenUnsatisfiable == "DoNotSchedule" {
            guard let domain = state.labels[constraint.topologyKey] else {
                return "node(s) didn't match pod topology spread constraints (missing required label)"
            }
            guard let selection = constraint.labelSelector.flatMap({ LabelSelection($0) }) else { continue }
            var counts: [String: Int] = [:]
            for node in snapshot.nodes where NodeMatching.satisfiesAffinity(pod, node) {
                guard let name = node.labels[constraint.topologyKey] else { continue }
                counts[name, default: 0] += node.pods.count {
                    $0.namespace == pod.namespace && !$0.isBeingDeleted && selection.matches($0.metadata.labels ?? [:])
                }
            }
            let fewest = counts.count < constraint.minDomains ?? 1 ? 0 : counts.values.min() ?? 0
            let own = selection.matches(pod.metadata.labels ?? [:]) ? 1 : 0
            if counts[domain, default: 0] + own - fewest > constraint.maxSkew {
                return "node(s) didn't match pod topology spread constraints"
            }
        }
        return nil
    }

    private func pods(matching term: PodAffinityTerm, of pod: Pod, in key: String, _ domain: String) -> Bool {
        snapshot.nodes.contains { node in
            node.labels[key] == domain && node.pods.contains { matches(term, $0, seenFrom: pod) }
        }
    }

    private func matches(_ term: PodAffinityTerm, _ candidate: Pod, seenFrom owner: Pod) -> Bool {
        var namespaces = Set(term.namespaces ?? [])
        if let selector = term.namespaceSelector {
            guard let selection = LabelSelection(selector) else { return false }
            for (name, labels) in snapshot.namespaceLabels where selection.matches(labels) { namespaces.insert(name) }
        } else if namespaces.isEmpty {
            namespaces.insert(owner.namespace)
        }
        guard namespaces.contains(candidate.namespace), let selector = term.labelSelector,
            let selection = LabelSelection(selector)
        else { return false }
        return selection.matches(candidate.metadata.labels ?? [:])
    }
}
