import Scheduling
import Testing

private func gpuNode(_ name: String, gpus: Int, used: Int = 0, cpu: Int = 16_000) -> NodeSnapshot {
    NodeSnapshot(
        name, allocatable: ["cpu": cpu, "nvidia.com/gpu": gpus, "pods": 110], used: ["nvidia.com/gpu": used],
        labels: ["kubernetes.io/hostname": name])
}

private func gang(_ replicas: Int, _ resources: ResourceVector, _ change: (inout PodShape) -> Void = { _ in }) -> Gang {
    var shape = PodShape(resources)
    change(&shape)
    return Gang(replicas: replicas, pod: shape)
}

@Suite struct GangFeasibilityTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var gang: Gang
        var nodes: [NodeSnapshot]
        var outcome: String
        var testDescription: String { name }
    }

    private static let cases: [Case] = [
        Case(
            name: "one on one", gang: gang(1, ["nvidia.com/gpu": 2]), nodes: [gpuNode("gpu-1", gpus: 2)],
            outcome: "fits gpu-1"),
        Case(
            name: "asks for nothing", gang: gang(2, [:]), nodes: [gpuNode("a", gpus: 0)], outcome: "fits a a"),
        Case(
            name: "few nodes", gang: gang(3, ["nvidia.com/gpu": 1]),
            nodes: [gpuNode("a", gpus: 2), gpuNode("b", gpus: 4), gpuNode("c", gpus: 2)], outcome: "fits b b b"),
        Case(
            name: "the tighter hole", gang: gang(1, ["nvidia.com/gpu": 1]),
            nodes: [gpuNode("a", gpus: 8), gpuNode("b", gpus: 8, used: 7)], outcome: "fits b"),
        Case(
            name: "over several", gang: gang(5, ["nvidia.com/gpu": 1]),
            nodes: [gpuNode("a", gpus: 2), gpuNode("b", gpus: 4)], outcome: "fits b b b b a"),
        Case(
            name: "in use", gang: gang(1, ["nvidia.com/gpu": 2]), nodes: [gpuNode("gpu-1", gpus: 2, used: 1)],
            outcome: "waits: asks for 2 nvidia.com/gpu; free are 1 nvidia.com/gpu of 2 on 1 node"),
        Case(
            name: "half of a gang", gang: gang(2, ["nvidia.com/gpu": 2]),
            nodes: [gpuNode("a", gpus: 2), gpuNode("b", gpus: 2, used: 2)],
            outcome: "waits: asks for 2 replicas of 2 nvidia.com/gpu each, of which 1 would fit now; "
                + "free are 2 nvidia.com/gpu of 4 on 2 nodes"),
        Case(
            name: "pieces on two nodes", gang: gang(1, ["nvidia.com/gpu": 2]),
            nodes: [gpuNode("a", gpus: 2, used: 1), gpuNode("b", gpus: 2, used: 1)],
            outcome: "waits: asks for 2 nvidia.com/gpu; free are 2 nvidia.com/gpu of 4 on 2 nodes"),
        Case(
            name: "more than any node", gang: gang(1, ["nvidia.com/gpu": 4]),
            nodes: [gpuNode("cpu-1", gpus: 0), gpuNode("gpu-1", gpus: 2)],
            outcome: "never: asks for 4 nvidia.com/gpu per replica; the largest node, gpu-1, has 2"),
        Case(
            name: "nobody has one", gang: gang(1, ["nvidia.com/gpu": 1]), nodes: [gpuNode("a", gpus: 0), gpuNode("b", gpus: 0)],
            outcome: "never: asks for 1 nvidia.com/gpu per replica; no node has any"),
        Case(
            name: "the only node has none", gang: gang(1, ["nvidia.com/gpu": 1]), nodes: [gpuNode("vm", gpus: 0)],
            outcome: "never: asks for 1 nvidia.com/gpu per replica; the node, vm, has none"),
        Case(
            name: "processors", gang: gang(1, ["cpu": 32_500]), nodes: [gpuNode("vm", gpus: 0)],
            outcome: "never: asks for 32500m cpu per replica; the node, vm, has 16"),
        Case(
            name: "never both on one", gang: gang(1, ["cpu": 8000, "nvidia.com/gpu": 1]),
            nodes: [gpuNode("big", gpus: 0), gpuNode("gpu-1", gpus: 2, cpu: 4000)],
            outcome: "never: asks for 8 cpu and 1 nvidia.com/gpu per replica, which no node has all of; "
                + "the closest, big, has 0 of the 1 nvidia.com/gpu"),
        Case(
            name: "too many", gang: gang(5, ["nvidia.com/gpu": 2]), nodes: [gpuNode("a", gpus: 4), gpuNode("b", gpus: 4)],
            outcome: "never: asks for 5 replicas of 2 nvidia.com/gpu each; 2 nodes take together 4 of them when empty"),
        Case(
            name: "enough in all but in pieces", gang: gang(2, ["nvidia.com/gpu": 3]),
            nodes: [gpuNode("a", gpus: 4), gpuNode("b", gpus: 2)],
            outcome: "never: asks for 2 replicas of 3 nvidia.com/gpu each; 2 nodes take together 1 of them when empty"),
        Case(
            name: "no nodes", gang: gang(1, ["cpu": 1]), nodes: [], outcome: "never: has nowhere to run: the cluster has no nodes"
        ),
        Case(
            name: "closed", gang: gang(1, ["cpu": 1]),
            nodes: [NodeSnapshot("a", allocatable: ["cpu": 1000], isSchedulable: false)],
            outcome: "never: is let onto no node: a is closed to new pods"),
        Case(
            name: "tainted", gang: gang(1, ["cpu": 1]),
            nodes: [NodeSnapshot("a", allocatable: ["cpu": 1000], taints: [NodeTaint(key: "gpu", value: "only")])],
            outcome: "never: is let onto no node: a has the taint gpu=only, which the job does not tolerate"),
        Case(
            name: "tolerated",
            gang: gang(1, ["cpu": 1]) { $0.tolerations = [NodeToleration(key: "gpu", value: nil)] },
            nodes: [NodeSnapshot("a", allocatable: ["cpu": 1000], taints: [NodeTaint(key: "gpu", value: "only")])],
            outcome: "fits a"),
        Case(
            name: "selected", gang: gang(1, ["cpu": 1]) { $0.nodeSelector = ["kubernetes.io/hostname": "b"] },
            nodes: [gpuNode("a", gpus: 0), gpuNode("b", gpus: 0)], outcome: "fits b"),
        Case(
            name: "selected and too small",
            gang: gang(1, ["nvidia.com/gpu": 1]) { $0.nodeSelector = ["kubernetes.io/hostname": "b"] },
            nodes: [gpuNode("a", gpus: 8), gpuNode("b", gpus: 0)],
            outcome: "never: asks for 1 nvidia.com/gpu per replica; the node, b, has none "
                + "(a does not carry the labels that the job selects nodes by)"),
    ]

    @Test(arguments: cases) func saysWhetherAndWhy(_ example: Case) {
        let outcome =
            switch GangFeasibility.of(example.gang, in: ClusterSnapshot(example.nodes)) {
            case .fits(let nodes): "fits " + nodes.joined(separator: " ")
            case .mustWait(let shortage): "waits: " + shortage.text
            case .impossible(let shortage): "never: " + shortage.text
            }
        #expect(outcome == example.outcome)
    }

    @Test(
        arguments: [
            (.isOneOf(["a", "b"]), true), (.isOneOf(["c"]), false), (.isNoneOf(["c"]), true), (.isNoneOf(["a"]), false),
            (.exists, true), (.doesNotExist, false), (.isAbove(3), false),
        ] as [(LabelRequirement.Operation, Bool)])
    func affinityIsHonoured(_ operation: LabelRequirement.Operation, _ isMet: Bool) {
        let node = NodeSnapshot("n", allocatable: ["cpu": 1], labels: ["zone": "a", "generation": "4"])
        let wanted = gang(1, [:]) { $0.affinity = [[LabelRequirement(.label("zone"), operation)]] }
        let fits = if case .fits = GangFeasibility.of(wanted, in: ClusterSnapshot([node])) { true } else { false }
        #expect(fits == isMet)
        // One of several terms is enough; within a term all must hold.
        let either = gang(1, [:]) {
            $0.affinity = [
                [LabelRequirement(.label("zone"), operation)],
                [LabelRequirement(.name, .isOneOf(["n"])), LabelRequirement(.label("generation"), .isAbove(3))],
            ]
        }
        #expect(GangFeasibility.of(either, in: ClusterSnapshot([node])) == .fits(["n"]))
    }

    /// What was placed is taken, and what was given back can be placed again: a snapshot is a value to try things on.
    @Test func snapshotsAreTriedOnCopies() {
        let cluster = ClusterSnapshot([gpuNode("a", gpus: 2)])
        let wanted = gang(2, ["nvidia.com/gpu": 1])
        guard case .fits(let nodes) = GangFeasibility.of(wanted, in: cluster) else {
            Issue.record("an empty cluster takes it")
            return
        }
        var trial = cluster
        for node in nodes { trial.take(wanted.pod.resources, on: node) }
        #expect(trial.used == ["nvidia.com/gpu": 2])
        if case .mustWait = GangFeasibility.of(wanted, in: trial) {} else { Issue.record("it is in use") }
        for node in nodes { trial.giveBack(wanted.pod.resources, on: node) }
        #expect(trial == cluster)
    }
}
