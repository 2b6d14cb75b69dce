extension PodSpec {
    /// What a pod takes from its node: containers and sidecars together, or the largest step of its initialisation if that is
    /// more, and the overhead of its runtime class. A request that is not given is the limit, as admission sets it.
    public var totalRequests: [String: Quantity] {
        var running: [String: Quantity] = [:]
        var peak: [String: Quantity] = [:]
        for container in initContainers ?? [] {
            var step = running
            step.add(container.resources)
            if container.restartPolicy == "Always" { running = step }
            peak.merge(step) { max($0, $1) }
        }
        for container in containers { running.add(container.resources) }
        peak.merge(running) { max($0, $1) }
        // Resources given for the pod as a whole count instead of the sum.
        peak.merge(resources?.effectiveRequests ?? [:]) { $1 }
        peak.merge(overhead ?? [:], uniquingKeysWith: +)
        return peak
    }
}

extension ResourceRequirements {
    /// Requests, and limits where there is none.
    public var effectiveRequests: [String: Quantity] { (limits ?? [:]).merging(requests ?? [:]) { $1 } }
}

extension [String: Quantity] {
    fileprivate mutating func add(_ requirements: ResourceRequirements?) {
        merge(requirements?.effectiveRequests ?? [:], uniquingKeysWith: +)
    }
}
