import KubernetesTypes
import Testing

@testable import ClusterControllers

@Suite struct PlacementTests {
    static func node(
        _ name: String, cpu: String = "4", labels: [String: String] = [:], taints: [Taint] = [], more: [String: Quantity] = [:],
        isUnschedulable: Bool = false
    ) -> Node {
        var allocatable: [String: Quantity] = ["cpu": Quantity(cpu) ?? 0, "memory": .bytes(8 << 30), "pods": 110]
        allocatable.merge(more) { $1 }
        return Node(
            metadata: ObjectMeta(labels: labels.merging(["kubernetes.io/hostname": name]) { $1 }, name: name),
            spec: NodeSpec(taints: taints.isEmpty ? nil : taints, unschedulable: isUnschedulable ? true : nil),
            status: NodeStatus(allocatable: allocatable))
    }

    static func pod(
        _ name: String, _ requests: [String: Quantity] = ["cpu": 1], priority: Int? = nil, labels: [String: String]? = nil,
        change: (inout PodSpec) -> Void = { _ in }
    ) -> Pod {
        var spec = PodSpec(containers: [Container(name: "main", resources: ResourceRequirements(requests: requests))])
        spec.priority = priority
        change(&spec)
        return Pod(metadata: ObjectMeta(labels: labels, name: name, namespace: "n", uid: "uid-\(name)"), spec: spec)
    }

    static func decide(_ pod: Pod, _ nodes: [Node], placed: [(Pod, String)] = []) -> PlacementDecision {
        Placement.decide(pod, ClusterSnapshot(nodes: nodes, placed: placed.map { (pod: $0.0, node: $0.1) }))
    }

    @Test func theEmptierNodeIsTaken() {
        #expect(Self.decide(Self.pod("p"), [Self.node("a"), Self.node("b")], placed: [(Self.pod("x"), "a")]) == .bind(node: "b"))
        #expect(Self.decide(Self.pod("p"), [Self.node("a"), Self.node("b")]) == .bind(node: "a"))
    }

    /// Upstream's words for each way a pod can fail to fit.
    @Test func refusalsSpeakAsUpstreamDoes() {
        let gpu = Self.pod("p", ["nvidia.com/gpu": 1])
        #expect(
            Self.decide(gpu, [Self.node("a")])
                == .wait(
                    message:
                        "0/1 nodes are available: 1 Insufficient nvidia.com/gpu. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
                ))
        #expect(Self.decide(Self.pod("p"), []) == .wait(message: "no nodes available to schedule pods"))
        let tainted = Self.node("b", taints: [Taint(effect: "NoSchedule", key: "team", value: "x")])
        let several = Self.decide(
            Self.pod("p", ["cpu": 3]), [Self.node("a", isUnschedulable: true), tainted, Self.node("c"), Self.node("d")],
            placed: [(Self.pod("x", ["cpu": 2]), "c"), (Self.pod("y", ["cpu": 2]), "d")])
        #expect(
            several
                == .wait(
                    message:
                        "0/4 nodes are available: 1 node(s) had untolerated taint {team: x}, 1 node(s) were unschedulable, 2 Insufficient cpu. preemption: 0/4 nodes are available: 2 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling."
                ))
    }

    @Test func selectorsAndAffinity() {
        let nodes = [Self.node("a"), Self.node("b", labels: ["disk": "ssd", "gen": "7"])]
        #expect(Self.decide(Self.pod("p") { $0.nodeSelector = ["disk": "ssd"] }, nodes) == .bind(node: "b"))
        func required(_ requirement: NodeSelectorRequirement) -> Pod {
            Self.pod("p") {
                $0.affinity = Affinity(
                    nodeAffinity: NodeAffinity(
                        requiredDuringSchedulingIgnoredDuringExecution: NodeSelector(
                            nodeSelectorTerms: [NodeSelectorTerm(matchExpressions: [requirement])])))
            }
        }
        #expect(Self.decide(required(.init(key: "gen", operator: "Gt", values: ["6"])), nodes) == .bind(node: "b"))
        #expect(Self.decide(required(.init(key: "disk", operator: "DoesNotExist")), nodes) == .bind(node: "a"))
        guard case .wait(let message) = Self.decide(required(.init(key: "gen", operator: "Gt", values: ["7"])), nodes) else {
            Issue.record("the pod found a node")
            return
        }
        #expect(message.hasPrefix("0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector."))
    }

    @Test func podsKeepTogetherAndApart() {
        let term = PodAffinityTerm(
            labelSelector: LabelSelector(matchLabels: ["app": "web"]), topologyKey: "kubernetes.io/hostname")
        let nodes = [Self.node("a"), Self.node("b")]
        let web = Self.pod("web", labels: ["app": "web"])
        let near = Self.pod("near") {
            $0.affinity = Affinity(podAffinity: PodAffinity(requiredDuringSchedulingIgnoredDuringExecution: [term]))
        }
        let far = Self.pod("far") {
            $0.affinity = Affinity(podAntiAffinity: PodAntiAffinity(requiredDuringSchedulingIgnoredDuringExecution: [term]))
        }
        #expect(Self.decide(near, nodes, placed: [(web, "b")]) == .bind(node: "b"))
        #expect(Self.decide(far, nodes, placed: [(web, "a")]) == .bind(node: "b"))
        #expect(Self.decide(Self.pod("web2", labels: ["app": "web"]), nodes, placed: [(far, "a")]) == .bind(node: "b"))
        guard case .wait = Self.decide(near, nodes) else {
            Issue.record("a pod found company where there is none")
            return
        }
    }

    @Test func portsOfTheHostAreTakenOnce() {
        func listening(_ name: String) -> Pod {
            Self.pod(name) { $0.containers[0].ports = [ContainerPort(containerPort: 80, hostPort: 8080)] }
        }
        #expect(
            Self.decide(listening("p"), [Self.node("a"), Self.node("b")], placed: [(listening("x"), "a")]) == .bind(node: "b"))
    }

    @Test func theLeastImportantGoesForOneThatMattersMore() {
        let nodes = [Self.node("a"), Self.node("b")]
        let placed = [
            (Self.pod("low", ["cpu": 4], priority: 1), "a"), (Self.pod("middle", ["cpu": 4], priority: 5), "b"),
        ]
        #expect(
            Self.decide(Self.pod("high", ["cpu": 2], priority: 10), nodes, placed: placed)
                == .preempt(node: "a", victims: [ObjectKey(namespace: "n", name: "low")]))
        guard case .wait = Self.decide(Self.pod("same", ["cpu": 2], priority: 1), nodes, placed: placed) else {
            Issue.record("a pod drove out its equals")
            return
        }
        guard
            case .wait = Self.decide(
                Self.pod("polite", ["cpu": 2], priority: 10) { $0.preemptionPolicy = "Never" }, nodes, placed: placed)
        else {
            Issue.record("a pod that never preempts did")
            return
        }
    }

    /// Initialisation steps and sidecars count as upstream counts them.
    @Test func requestsOfPods() {
        func container(_ cpu: Int, sidecar: Bool = false) -> Container {
            Container(
                name: "c", resources: ResourceRequirements(requests: ["cpu": Quantity(cpu)]),
                restartPolicy: sidecar ? "Always" : nil)
        }
        var spec = PodSpec(containers: [container(1), container(2)])
        #expect(PodResources.requests(of: spec)["cpu"] == 3000)
        spec.initContainers = [container(5)]
        #expect(PodResources.requests(of: spec)["cpu"] == 5000)
        spec.initContainers = [container(1, sidecar: true), container(5)]
        #expect(PodResources.requests(of: spec)["cpu"] == 6000)
        spec.overhead = ["cpu": Quantity(milli: 250)]
        #expect(PodResources.requests(of: spec)["cpu"] == 6250)
    }
}
