/// The nodes of a cluster at one moment, as values: who tries something out takes a copy.
public struct ClusterSnapshot: Sendable, Hashable {
    /// In order of their names, so that the same cluster gives the same answer.
    public private(set) var nodes: [NodeSnapshot]

    public init(_ nodes: [NodeSnapshot] = []) { self.nodes = nodes.sorted { $0.name < $1.name } }

    public subscript(name: String) -> NodeSnapshot? { nodes.first { $0.name == name } }

    /// Takes resources of a node, as a pod does that is placed there.
    public mutating func take(_ resources: ResourceVector, on name: String) {
        guard let index = nodes.firstIndex(where: { $0.name == name }) else { return }
        nodes[index].used += resources
    }

    /// Gives resources back, as a pod does that ends.
    public mutating func giveBack(_ resources: ResourceVector, on name: String) {
        guard let index = nodes.firstIndex(where: { $0.name == name }) else { return }
        nodes[index].used -= resources
    }

    /// The same cluster with nothing running on it.
    public var emptied: ClusterSnapshot {
        var copy = self
        for index in copy.nodes.indices { copy.nodes[index].used = .zero }
        return copy
    }

    public var allocatable: ResourceVector { nodes.reduce(.zero) { $0 + $1.allocatable } }
    public var used: ResourceVector { nodes.reduce(.zero) { $0 + $1.used } }
}

/// One node: what it can give, what of it is taken, and whom it lets in.
public struct NodeSnapshot: Sendable, Hashable {
    public var name: String
    public var labels: [String: String]
    public var taints: [NodeTaint]
    /// False while an administrator keeps new pods away.
    public var isSchedulable: Bool
    public var allocatable: ResourceVector
    public var used: ResourceVector

    public init(
        _ name: String, allocatable: ResourceVector, used: ResourceVector = .zero, labels: [String: String] = [:],
        taints: [NodeTaint] = [], isSchedulable: Bool = true
    ) {
        self.name = name
        self.labels = labels
        self.taints = taints
        self.isSchedulable = isSchedulable
        self.allocatable = allocatable
        self.used = used
    }

    public var free: ResourceVector { allocatable - used }
}

/// Keeps pods away that do not tolerate it. Softer effects, which only make a node less liked, are left out of snapshots.
public struct NodeTaint: Sendable, Hashable {
    public var key: String
    public var value: String

    public init(key: String, value: String = "") {
        self.key = key
        self.value = value
    }
}
