import Foundation
import KubernetesTypes
import Testing

@testable import ClusterControllers

@Suite struct NodeDecisionTests {
    static let now = Date(timeIntervalSince1970: 1_767_225_600)

    static func node(ready: String, taints: [Taint]? = nil) -> Node {
        Node(
            metadata: ObjectMeta(name: "a"), spec: NodeSpec(taints: taints),
            status: NodeStatus(conditions: [NodeCondition(status: ready, type: "Ready")]))
    }

    @Test func aSilentNodeBecomesUnknownAndUnreachable() {
        let early = NodeDecision(Self.node(ready: "True"), silentSeconds: 39, graceSeconds: 40, now: Self.now)
        #expect(early.conditions == nil)
        #expect(early.taints == nil)
        #expect(early.lookAgainAfterSeconds == 1)
        let late = NodeDecision(Self.node(ready: "True"), silentSeconds: 40, graceSeconds: 40, now: Self.now)
        #expect(late.conditions?.first { $0.type == "Ready" }?.status == "Unknown")
        #expect(late.taints?.map(\.key) == [NodeDecision.unreachable, NodeDecision.unreachable])
        #expect(late.taints?.map(\.effect) == ["NoSchedule", "NoExecute"])
    }

    @Test func taintsFollowReadinessAndOthersStay() {
        let mine = Taint(effect: "NoSchedule", key: "team", value: "x")
        let notReady = Taint(effect: "NoExecute", key: NodeDecision.notReady, timeAdded: Timestamp(Self.now))
        let back = NodeDecision(
            Self.node(ready: "True", taints: [mine, notReady]), silentSeconds: 0, graceSeconds: 40, now: Self.now)
        #expect(back.taints == [mine])
        let ill = NodeDecision(Self.node(ready: "False", taints: [mine]), silentSeconds: 0, graceSeconds: 40, now: Self.now)
        #expect(ill.taints?.map(\.key) == ["team", NodeDecision.notReady, NodeDecision.notReady])
    }

    @Test func podsLeaveWhenTheirPatienceEnds() {
        let taint = Taint(
            effect: "NoExecute", key: NodeDecision.unreachable, timeAdded: Timestamp(Self.now.addingTimeInterval(-100)))
        func pod(_ tolerations: [Toleration]) -> Pod { Pod(spec: PodSpec(tolerations: tolerations)) }
        func left(_ tolerations: [Toleration]) -> Double? {
            NodeDecision.secondsUntilEviction(pod(tolerations), taints: [taint], now: Self.now)
        }
        let key = NodeDecision.unreachable
        #expect(left([]) == 0)
        #expect(left([Toleration(effect: "NoExecute", key: key, operator: "Exists", tolerationSeconds: 300)]) == 200)
        #expect(left([Toleration(operator: "Exists")]) == nil)
        #expect(NodeDecision.secondsUntilEviction(pod([]), taints: [], now: Self.now) == nil)
    }
}

@Suite struct GarbageDecisionTests {
    static func object(_ finalizers: [String] = []) -> DynamicObject {
        DynamicObject(["metadata": ["name": "x", "uid": "x", "finalizers": .array(finalizers.map(JSONValue.string))]])
    }

    static func decide(_ states: [GarbageDecision.Owner], finalizers: [String] = [], hasDependents: Bool = false)
        -> GarbageDecision
    {
        let owners = states.enumerated().map { (reference: OwnerReference(uid: "o\($0.offset)"), state: $0.element) }
        return GarbageDecision.decide(object(finalizers), owners: owners, hasDependents: hasDependents)
    }

    @Test func anObjectLivesAsLongAsOneOwner() {
        #expect(Self.decide([.present]) == .keep)
        #expect(Self.decide([.present, .absent, .waiting]) == .dropReferences(uids: ["o1", "o2"]))
        #expect(Self.decide([.absent]) == .delete(.background))
        #expect(Self.decide([.waiting]) == .delete(.background))
        #expect(Self.decide([.waiting], hasDependents: true) == .delete(.foreground))
        #expect(Self.decide([.absent], finalizers: ["orphan"]) == .delete(.orphan))
        #expect(Self.decide([]) == .keep)
    }
}
