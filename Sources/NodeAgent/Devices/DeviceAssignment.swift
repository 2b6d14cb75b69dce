/// Which graphics cards of the node belong to which containers. Pure.
///
/// A card belongs to one pod at a time, from the first start of the container that asked for it until the pod gives back what it
/// held. A container keeps its cards over restarts. Init containers have ended when the others begin, so what they held is used
/// again by their own pod's containers.
struct DeviceAssignment: Sendable, Equatable {
    /// By pod and container.
    private(set) var held: [String: [String: [String]]] = [:]

    init(held: [String: [String: [String]]] = [:]) {
        self.held = held
    }

    /// The cards of a container; chosen now where it has none yet.
    /// - Parameters:
    ///   - initContainers: of the pod, those that end before the others begin.
    ///   - devices: all cards of the node.
    /// - Returns: nil where fewer are free than wanted; nothing has changed then.
    mutating func assign(
        _ count: Int, to container: String, of pod: String, initContainers: Set<String> = [], among devices: [String]
    ) -> [String]? {
        let own = held[pod] ?? [:]
        if let kept = own[container], kept.count == count { return kept }
        let taken = Set(held.filter { $0.key != pod }.values.flatMap(\.values).joined())
            .union(own.filter { !initContainers.contains($0.key) && $0.key != container }.values.joined())
        // Cards that an init container left come first, so that a pod holds no more than it must.
        let left = own.filter { initContainers.contains($0.key) }.values.flatMap { $0 }
        let free = devices.filter { !taken.contains($0) }
        let chosen = (free.filter(left.contains) + free.filter { !left.contains($0) }).prefix(count)
        guard chosen.count == count else { return nil }
        held[pod, default: [:]][container] = devices.filter(chosen.contains)
        return held[pod]?[container]
    }

    func freeCount(among devices: [String]) -> Int {
        devices.count - Set(held.values.flatMap(\.values).joined()).intersection(devices).count
    }

    /// What tells a container's libraries which cards are its own: `0,2`.
    static func visibleDevices(_ devices: [String]) -> String {
        devices.map { device in
            let digits = device.reversed().prefix(while: \.isNumber).reversed()
            return digits.isEmpty ? device : String(digits)
        }.joined(separator: ",")
    }
}
