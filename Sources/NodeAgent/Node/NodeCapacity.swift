import KubernetesTypes

/// What a node offers and what its pods take. Pure.
enum NodeCapacity {
    static func capacity(_ configuration: NodeConfiguration, _ facts: NodeFacts) -> [String: Quantity] {
        var capacity: [String: Quantity] = [
            "cpu": facts.cpu, "memory": facts.memory, "ephemeral-storage": facts.ephemeralStorage,
            "pods": Quantity(configuration.maxPods), "hugepages-1Gi": Quantity(0), "hugepages-2Mi": Quantity(0),
        ]
        for (name, count) in configuration.extendedResources { capacity[name] = Quantity(count) }
        let cards = configuration.cards.count
        capacity[DeviceStore.resource] = cards > 0 ? Quantity(cards) : nil
        return capacity
    }

    /// What a pod asks for: its containers and sidecars together, or its largest init container where that is more.
    static func requests(of pod: Pod) -> [String: Quantity] {
        func own(_ container: Container) -> [String: Quantity] {
            var values = container.resources?.limits ?? [:]
            values.merge(container.resources?.requests ?? [:]) { $1 }
            return values
        }
        var total: [String: Quantity] = [:]
        for container in pod.spec.containers + pod.spec.sidecars { total.merge(own(container)) { $0 + $1 } }
        for container in pod.spec.initContainers ?? [] where !container.isSidecar { total.merge(own(container)) { max($0, $1) } }
        return total
    }
}

/// Whether a node takes a pod. Pure.
enum Admission {
    static func judge(_ pod: Pod, among others: [Pod], capacity: [String: Quantity], hasDiskPressure: Bool) -> Rejection? {
        let limit = capacity["pods"]?.roundedUp ?? 0
        if others.count + 1 > limit {
            return Rejection(
                reason: "OutOfpods",
                message: "Node didn't have enough resource: pods, requested: 1, used: \(others.count), capacity: \(limit)")
        }
        if hasDiskPressure {
            return Rejection(
                reason: "Evicted",
                message:
                    "The node was low on resource: ephemeral-storage. Free space on the disk of the node's data directory and create the pod again."
            )
        }
        for (name, wanted) in NodeCapacity.requests(of: pod).sorted(by: { $0.key < $1.key }) where !wanted.isZero {
            let used = others.map { NodeCapacity.requests(of: $0)[name] ?? .zero }.reduce(.zero, +)
            let offered = capacity[name] ?? .zero
            if used + wanted > offered {
                return Rejection(
                    reason: "OutOf\(name)",
                    message:
                        "Node didn't have enough resource: \(name), requested: \(wanted), used: \(used.canonical), capacity: \(offered)"
                )
            }
        }
        return nil
    }
}

/// Whether the disk that holds the node's data is nearly full.
enum DiskSpace {
    static func isShort(_ configuration: NodeConfiguration) -> Bool {
        guard let space = Files.space(configuration.dataDirectory), space.total > 0 else { return false }
        return Double(space.free) / Double(space.total) < configuration.diskPressureFraction
    }
}
