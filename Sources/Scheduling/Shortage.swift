/// What a gang lacks, and the sentence that says so.
public struct Shortage: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// There are no nodes.
        case noNodes
        /// Every node keeps the pods away, whatever they ask for.
        case noNodeAllowed
        /// One replica alone asks for more than a node has.
        case replicaTooLarge
        /// Each replica has a node, but not all of them together.
        case tooManyReplicas
        /// It would fit, were the others gone.
        case inUse
    }

    public var kind: Kind
    /// The resources that are short; none where that is not what is wrong.
    public var resources: [String]
    /// A clause that follows the subject: `asks for 4 nvidia.com/gpu per replica; the largest node, gpu-1, has 2`.
    public var text: String
}

extension Shortage {
    /// Why a gang does not even fit a cluster on which nothing runs.
    static func onEmpty(_ gang: Gang, _ cluster: ClusterSnapshot) -> Shortage {
        guard !cluster.nodes.isEmpty else {
            return Shortage(kind: .noNodes, resources: [], text: "has nowhere to run: the cluster has no nodes")
        }
        let allowed = cluster.nodes.filter { gang.pod.exclusion(from: $0) == nil }
        guard !allowed.isEmpty else {
            return Shortage(
                kind: .noNodeAllowed, resources: [], text: "is let onto no node: \(exclusions(gang, cluster.nodes))")
        }
        let needs = gang.pod.resources
        let capacity = allowed.reduce(0) { $0 + GangPlacement.capacity(of: $1, for: gang) }
        let others = allowed.count < cluster.nodes.count ? " (\(exclusions(gang, cluster.nodes)))" : ""
        if capacity > 0 {
            let short = (needs * gang.replicas).lacking(in: allowed.reduce(.zero) { $0 + $1.allocatable })
            return Shortage(
                kind: .tooManyReplicas, resources: short,
                text: "asks for \(gang.replicas) replicas of \(needs.text) each; "
                    + "\(nodes(allowed.count)) \(allowed.count == 1 ? "takes" : "take together") \(capacity) of them when empty\(others)"
            )
        }
        // The resources of which no node has enough, each with the node that has most of it.
        let short = needs.names.filter { name in allowed.allSatisfy { needs[name] > $0.allocatable[name] } }
        guard !short.isEmpty else { return combination(needs, allowed, others: others) }
        let clauses = short.map { "asks for \(ResourceVector.text(needs[$0], of: $0)) per replica; \(most(of: $0, on: allowed))" }
        return Shortage(kind: .replicaTooLarge, resources: short, text: clauses.joined(separator: ", and ") + others)
    }

    /// `the largest node, gpu-1, has 2`
    private static func most(of name: String, on nodes: [NodeSnapshot]) -> String {
        let best = nodes.reduce(nodes[0]) { $1.allocatable[name] > $0.allocatable[name] ? $1 : $0 }
        let who = nodes.count == 1 ? "the node, \(best.name)," : "the largest node, \(best.name),"
        guard best.allocatable[name] > 0 else { return nodes.count == 1 ? "\(who) has none" : "no node has any" }
        return "\(who) has \(amount(best.allocatable[name], of: name))"
    }

    /// Each resource is there, but never all on one node.
    private static func combination(_ needs: ResourceVector, _ allowed: [NodeSnapshot], others: String) -> Shortage {
        let closest = allowed.min {
            (needs.lacking(in: $0.allocatable).count, $0.name) < (needs.lacking(in: $1.allocatable).count, $1.name)
        }
        let short = closest.map { needs.lacking(in: $0.allocatable) } ?? []
        let missing = short.map {
            "\(amount(closest?.allocatable[$0] ?? 0, of: $0)) of the \(ResourceVector.text(needs[$0], of: $0))"
        }
        return Shortage(
            kind: .replicaTooLarge, resources: short,
            text: "asks for \(needs.text) per replica, which no node has all of; the closest, \(closest?.name ?? ""), has "
                + Sentence.list(missing) + others)
    }

    /// Why a gang that fits an empty cluster does not fit now.
    static func now(_ gang: Gang, _ cluster: ClusterSnapshot) -> Shortage {
        let allowed = cluster.nodes.filter { gang.pod.exclusion(from: $0) == nil }
        let fitting = allowed.reduce(0) { $0 + GangPlacement.capacity(of: $1, for: gang) }
        let needs = gang.pod.resources
        let short = needs.names.filter { name in
            let places = allowed.reduce(0) { $0 + (needs[name] > 0 ? max(0, $1.free[name]) / needs[name] : gang.replicas) }
            return places < gang.replicas
        }
        let free = short.map { name in
            "\(ResourceVector.text(allowed.reduce(0) { $0 + max(0, $1.free[name]) }, of: name)) of "
                + amount(allowed.reduce(0) { $0 + $1.allocatable[name] }, of: name)
        }
        let room =
            gang.replicas == 1
            ? "asks for \(needs.text)"
            : "asks for \(gang.replicas) replicas of \(needs.text) each, of which \(fitting) would fit now"
        let rest =
            free.isEmpty
            ? "the free resources lie on different nodes" : "free are \(Sentence.list(free)) on \(nodes(allowed.count))"
        return Shortage(kind: .inUse, resources: short, text: "\(room); \(rest)")
    }

    /// The number alone, with its unit: `2`, `500m`, `1.5Gi`.
    private static func amount(_ value: Int, of name: String) -> String {
        String(ResourceVector.text(value, of: name).prefix { $0 != " " })
    }

    private static func nodes(_ count: Int) -> String { count == 1 ? "1 node" : "\(count) nodes" }

    /// `gpu-1 is closed to new pods, gpu-2 has the taint x, …`; at most three by name.
    private static func exclusions(_ gang: Gang, _ nodes: [NodeSnapshot]) -> String {
        let found = nodes.compactMap { node in gang.pod.exclusion(from: node).map { "\(node.name) \($0.text)" } }
        let named = found.prefix(3).joined(separator: ", ")
        return found.count > 3 ? "\(named), and \(found.count - 3) more are out" : named
    }
}
