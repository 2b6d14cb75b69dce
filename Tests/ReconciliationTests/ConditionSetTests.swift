import FoundationEssentials
import KubernetesTypes
import Reconciliation
import Testing

@Suite struct ConditionSetTests {
    private let start = Date(timeIntervalSince1970: 1_000)
    private let later = Date(timeIntervalSince1970: 2_000)

    @Test func transitionTimeMovesOnlyWithTheStatus() {
        var first = ConditionSet(nil, generation: 1, now: start)
        first.reconciling(reason: "Starting", message: "pods start")
        var second = ConditionSet(first.conditions, generation: 2, now: later)
        second.reconciling(reason: "Running", message: "step 3 of 10")
        let ready = second.conditions.first { $0.type == "Ready" }
        #expect(ready?.lastTransitionTime.date == start)
        #expect(ready?.reason == "Running")
        #expect(ready?.observedGeneration == 2)
        second.ready(reason: "Succeeded", message: "done")
        #expect(second.conditions.first { $0.type == "Ready" }?.lastTransitionTime.date == later)
    }

    @Test func theThreeConditionsNeverContradictEachOther() {
        var set = ConditionSet(nil, generation: 1, now: start)
        set.ready(reason: "A", message: "")
        set.stalled(reason: "B", message: "")
        #expect(set.conditions.map(\.type) == ["Ready", "Reconciling", "Stalled"])
        #expect(set.conditions.map(\.status) == ["False", "False", "True"])
    }

    @Test func theSoonerLookWins() {
        #expect(NextLook.whenSomethingChanges.orSooner(.after(.seconds(3))) == .after(.seconds(3)))
        #expect(NextLook.after(.seconds(5)).orSooner(.after(.seconds(3))) == .after(.seconds(3)))
        #expect(NextLook.after(.seconds(5)).orSooner(.whenSomethingChanges) == .after(.seconds(5)))
    }
}
