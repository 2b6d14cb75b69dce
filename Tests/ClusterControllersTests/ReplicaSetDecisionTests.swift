import Foundation
import KubernetesTypes
import Testing

@testable import ClusterControllers

@Suite struct ReplicaSetDecisionTests {
    private static let now = Date(timeIntervalSince1970: 1_767_225_600)

    private static func set(_ replicas: Int, minimum: Int? = nil) -> ReplicaSet {
        ReplicaSet(
            metadata: ObjectMeta(name: "web", namespace: "n", uid: "r"),
            spec: ReplicaSetSpec(
                minReadySeconds: minimum, replicas: replicas, selector: LabelSelector(matchLabels: ["app": "web"]),
                template: DeploymentDecisionTests.template("i:1")))
    }

    private static func pod(_ name: String, readyFor seconds: Double?, labels: [String: String] = ["app": "web"]) -> Pod {
        let condition = seconds.map {
            PodCondition(lastTransitionTime: Timestamp(now.addingTimeInterval(-$0)), status: "True", type: "Ready")
        }
        return Pod(
            metadata: ObjectMeta(labels: labels, name: name, namespace: "n", ownerReferences: [set(1).asController], uid: name),
            spec: PodSpec(nodeName: "node"), status: PodStatus(conditions: condition.map { [$0] }, phase: "Running"))
    }

    private static func decide(_ set: ReplicaSet, _ pods: [Pod]) -> ReplicaSetDecision {
        ReplicaSetDecision(set, pods: pods, departed: { _ in false }, now: now)
    }

    @Test func replicaSetsKeepTheirSize() {
        #expect(Self.decide(Self.set(3), [Self.pod("a", readyFor: 5)]).createCount == 2)
        // The one that serves nobody goes first.
        let shrunk = Self.decide(Self.set(1), [Self.pod("a", readyFor: 5), Self.pod("b", readyFor: nil)])
        #expect(shrunk.deletions.map(\.name) == ["b"])
        #expect(Self.decide(Self.set(1), [Self.pod("a", readyFor: 5)]).createCount == 0)
    }

    @Test func podsCountOnceTheyWereReadyForLongEnough() {
        let pods = [Self.pod("a", readyFor: 9), Self.pod("b", readyFor: 31)]
        let decision = Self.decide(Self.set(2, minimum: 30), pods)
        #expect(decision.status.readyReplicas == 2)
        #expect(decision.status.availableReplicas == 1)
        #expect(decision.lookAgainAfterSeconds == 21)
        #expect(Self.decide(Self.set(2), pods).status.availableReplicas == 2)
    }

    @Test(arguments: [
        (["app": "web"], true), (["app": "web", "tier": "front"], true), (["app": "db"], false),
        (["app": "web", "tier": "old"], false), ([:], false),
    ])
    func selectorsDecideWhoseAPodIs(_ labels: [String: String], _ isMatching: Bool) {
        var set = Self.set(1)
        set.spec.selector = LabelSelector(
            matchExpressions: [LabelSelectorRequirement(key: "tier", operator: "NotIn", values: ["old"])],
            matchLabels: ["app": "web"])
        let mine = Self.pod("a", readyFor: 1, labels: labels)
        #expect(OwnershipDecision(mine, owner: set, selector: set.spec.selector) == (isMatching ? .keep : .release))
        var free = mine
        free.metadata.ownerReferences = nil
        #expect(OwnershipDecision(free, owner: set, selector: set.spec.selector) == (isMatching ? .adopt : .keep))
        // An owner on its way out takes and gives nothing.
        set.metadata.deletionTimestamp = Timestamp(Self.now)
        #expect(OwnershipDecision(free, owner: set, selector: set.spec.selector) == .keep)
    }

    @Test func podsAreMadeOfTheirTemplate() {
        var set = Self.set(1)
        set.spec.template?.metadata = ObjectMeta(
            annotations: ["note": "x"], finalizers: ["example.com/hold"], labels: ["app": "web"], name: "ignored")
        let pod = PodTemplates.pod(of: set.spec.template ?? PodTemplateSpec(), owner: set)
        #expect(pod.metadata.annotations == ["note": "x"])
        #expect(pod.metadata.finalizers == ["example.com/hold"])
        #expect(pod.metadata.labels == ["app": "web"])
        #expect(pod.metadata.generateName == "web-")
        #expect(pod.metadata.name == nil)
        #expect(pod.controllerReference?.uid == "r")
        #expect(pod.spec.containers.first?.image == "i:1")
    }
}
