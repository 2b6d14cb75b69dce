import KubernetesTypes

/// A node with the pods that are on it or promised to it.
struct NodeState: Sendable {
    let node: Node
    let labels: [String: String]
    let allocatable: ResourceAmounts
    private(set) var pods: [Pod] = []
    private(set) var requested: ResourceAmounts = [:]
    private(set) var ports: [HostPort] = []

    init(_ node: Node) {
        self.node = node
        labels = node.metadata.labels ?? [:]
        allocatable = PodResources.amounts(node.status?.allocatable ?? node.status?.capacity)
    }

    var name: String { node.name }

    mutating func add(_ pod: Pod) {
        pods.append(pod)
        PodResources.add(PodResources.requests(of: pod.spec), to: &requested)
        ports += PodResources.hostPorts(of: pod.spec)
    }

    mutating func remove(uid: String) {
        guard let index = pods.firstIndex(where: { $0.uid == uid }) else { return }
        let pod = pods.remove(at: index)
        PodResources.subtract(PodResources.requests(of: pod.spec), from: &requested)
        ports = pods.flatMap { PodResources.hostPorts(of: $0.spec) }
    }
}

/// The nodes and pods at one moment; placements are tried on it before they are carried out.
struct ClusterSnapshot: Sendable {
    var nodes: [NodeState]
    var namespaceLabels: [String: [String: String]]

    /// - Parameter placed: pods with the node that they are on, or promised to.
    init(nodes: [Node], placed: [(pod: Pod, node: String)], namespaceLabels: [String: [String: String]] = [:]) {
        var states = nodes.filter { !$0.isBeingDeleted }.sorted { $0.name < $1.name }.map { NodeState($0) }
        let positions = Dictionary(states.indices.map { (states[$0].name, $0) }, uniquingKeysWith: { first, _ in first })
        for (pod, node) in placed where !PodPhase.isFinished(pod) {
            if let position = positions[node] { states[position].add(pod) }
        }
        self.nodes = states
        self.namespaceLabels = namespaceLabels
    }

    mutating func place(_ pod: Pod, on node: String) {
        guard let position = nodes.firstIndex(where: { $0.name == node }) else { return }
        nodes[position].add(pod)
    }
}

enum PodPhase {
    static func isFinished(_ pod: Pod) -> Bool { pod.status?.phase == "Succeeded" || pod.status?.phase == "Failed" }

    static func isReady(_ pod: Pod) -> Bool {
        pod.status?.conditions?.contains { $0.type == "Ready" && $0.status == "True" } ?? false
    }

    static func readySince(_ pod: Pod) -> Timestamp? {
        pod.status?.conditions?.first { $0.type == "Ready" && $0.status == "True" }?.lastTransitionTime
    }
}
