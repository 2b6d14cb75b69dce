import ApusAPI
import ControllerRuntime
import Foundation
import KubernetesTypes
import Reconciliation

/// Observe, plan, execute: the same for every kind.
struct PlanRunner: Sendable {
    let executor: PlanExecutor
    private let known: [ResourceType]
    private let recorder: PlanRecorder?

    init(_ context: OperatorContext, effects: [String: PlanExecutor.EffectHandler] = [:]) {
        known = ApusAPI.definitions.map(\.type)
        recorder = context.recorder
        executor = context.manager.executor(component: "apus-operator", kinds: known, effects: effects)
    }

    /// - Parameter children: the owned children that the plan was made from.
    func run(_ plan: Plan, for owner: some KubernetesResource, children: [any KubernetesResource] = []) async throws -> Outcome {
        let document = DynamicObject(try JSONValue(encoding: owner))
        let observed = try children.map { DynamicObject(try JSONValue(encoding: $0)) }
        if let recorder {
            recorder.record(PlanPreview.Entry(owner: document, plan: plan, children: observed))
            return .settled
        }
        try await executor.execute(plan, for: document, children: observed)
        switch plan.next {
        case .whenSomethingChanges: return .settled
        case .after(let delay): return .lookAgain(after: delay)
        }
    }
}
