/// Whether a gang can run: now, later, or never on these nodes.
public enum GangFeasibility: Sendable, Hashable {
    /// Now: the node of each replica.
    case fits([String])
    /// Once enough of what runs has ended.
    case mustWait(Shortage)
    /// Not even when nothing else runs: the job must ask for less, or the cluster grow.
    case impossible(Shortage)

    /// - Parameter cluster: with what is used on each node.
    public static func of(_ gang: Gang, in cluster: ClusterSnapshot) -> GangFeasibility {
        if let nodes = GangPlacement.place(gang, in: cluster) { return .fits(nodes) }
        let empty = cluster.emptied
        if GangPlacement.place(gang, in: empty) == nil { return .impossible(Shortage.onEmpty(gang, empty)) }
        return .mustWait(Shortage.now(gang, cluster))
    }
}

/// Which nodes a gang goes to.
enum GangPlacement {
    /// The node of each replica, or nil where not all have a place.
    ///
    /// As few nodes as possible, since replicas talk to each other; among those that take as many, the one that has least left
    /// over, so that large holes stay for large gangs. All replicas are alike, so counting how many each node takes is exact.
    static func place(_ gang: Gang, in cluster: ClusterSnapshot) -> [String]? {
        let rooms = cluster.nodes.compactMap { node -> (name: String, count: Int, spare: Int)? in
            let count = capacity(of: node, for: gang)
            guard count > 0 else { return nil }
            return (node.name, count, spareThousandths(node, after: gang.pod.resources * count))
        }
        guard rooms.reduce(0, { $0 + $1.count }) >= gang.replicas else { return nil }
        // A single node that takes the rest, as tightly as possible, comes before the largest.
        var remaining = gang.replicas
        var open = rooms
        var nodes: [String] = []
        while remaining > 0 {
            let tight = open.indices.filter { open[$0].count >= remaining }.min {
                (open[$0].count, open[$0].spare, open[$0].name) < (open[$1].count, open[$1].spare, open[$1].name)
            }
            let largest = open.indices.min {
                (-open[$0].count, open[$0].spare, open[$0].name) < (-open[$1].count, open[$1].spare, open[$1].name)
            }
            guard let chosen = tight ?? largest else { return nil }
            let room = open.remove(at: chosen)
            let taken = min(room.count, remaining)
            nodes += Array(repeating: room.name, count: taken)
            remaining -= taken
        }
        return nodes
    }

    /// How many replicas a node takes beside what runs there.
    static func capacity(of node: NodeSnapshot, for gang: Gang) -> Int {
        guard gang.pod.exclusion(from: node) == nil else { return 0 }
        return min(gang.replicas, gang.pod.resources.times(in: node.free) ?? gang.replicas)
    }

    /// What would be left, as the mean share of each resource that the node has.
    private static func spareThousandths(_ node: NodeSnapshot, after taken: ResourceVector) -> Int {
        let names = node.allocatable.names
        guard !names.isEmpty else { return 0 }
        let free = node.free - taken
        return names.reduce(0) { $0 + Int(Double(free[$1]) / Double(node.allocatable[$1]) * 1000) } / names.count
    }
}
