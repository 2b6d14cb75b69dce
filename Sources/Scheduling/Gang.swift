/// Pods that are of use only together: the replicas of a training job.
public struct Gang: Sendable, Hashable {
    public var replicas: Int
    public var pod: PodShape

    public init(replicas: Int, pod: PodShape) {
        self.replicas = replicas
        self.pod = pod
    }
}

/// What a pod asks of the node that takes it.
public struct PodShape: Sendable, Hashable {
    public var resources: ResourceVector
    /// Labels that the node must carry.
    public var nodeSelector: [String: String]
    /// Terms of which the node must meet one; none at all are met by every node.
    public var affinity: [[LabelRequirement]]
    public var tolerations: [NodeToleration]

    public init(
        _ resources: ResourceVector, nodeSelector: [String: String] = [:], affinity: [[LabelRequirement]] = [],
        tolerations: [NodeToleration] = []
    ) {
        self.resources = resources
        self.nodeSelector = nodeSelector
        self.affinity = affinity
        self.tolerations = tolerations
    }

    /// Why a node does not let the pod in, whatever is free on it; nil when it does.
    func exclusion(from node: NodeSnapshot) -> NodeExclusion? {
        if !node.isSchedulable { return .unschedulable }
        if let taint = node.taints.first(where: { taint in !tolerations.contains { $0.tolerates(taint) } }) {
            return .taint(taint)
        }
        for (key, value) in nodeSelector where node.labels[key] != value { return .selector }
        if !affinity.isEmpty, !affinity.contains(where: { term in term.allSatisfy { $0.isMet(by: node) } }) { return .selector }
        return nil
    }
}

/// Why a node is out.
enum NodeExclusion: Sendable, Hashable {
    case unschedulable
    case taint(NodeTaint)
    case selector

    var text: String {
        switch self {
        case .unschedulable: "is closed to new pods"
        case .taint(let taint):
            "has the taint \(taint.key)\(taint.value.isEmpty ? "" : "=\(taint.value)"), which the job does not tolerate"
        case .selector: "does not carry the labels that the job selects nodes by"
        }
    }
}

/// Lets a pod onto nodes with a taint.
public struct NodeToleration: Sendable, Hashable {
    /// Nil tolerates every key.
    public var key: String?
    /// Nil tolerates every value.
    public var value: String?

    public init(key: String?, value: String?) {
        self.key = key
        self.value = value
    }

    func tolerates(_ taint: NodeTaint) -> Bool {
        (key == nil || key == taint.key) && (value == nil || value == taint.value)
    }
}

/// A demand on one label of a node.
public struct LabelRequirement: Sendable, Hashable {
    public enum Operation: Sendable, Hashable {
        case isOneOf([String])
        case isNoneOf([String])
        case exists
        case doesNotExist
        case isAbove(Int)
        case isBelow(Int)
    }

    public enum Subject: Sendable, Hashable {
        case label(String)
        case name
    }

    public var subject: Subject
    public var operation: Operation

    public init(_ subject: Subject, _ operation: Operation) {
        self.subject = subject
        self.operation = operation
    }

    func isMet(by node: NodeSnapshot) -> Bool {
        let value =
            switch subject {
            case .label(let key): node.labels[key]
            case .name: node.name
            }
        switch operation {
        case .isOneOf(let values): return value.map(values.contains) ?? false
        case .isNoneOf(let values): return value.map { !values.contains($0) } ?? true
        case .exists: return value != nil
        case .doesNotExist: return value == nil
        case .isAbove(let limit): return value.flatMap { Int($0) }.map { $0 > limit } ?? false
        case .isBelow(let limit): return value.flatMap { Int($0) }.map { $0 < limit } ?? false
        }
    }
}
