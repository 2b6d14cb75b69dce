import ControllerRuntime
import KubernetesClient
import KubernetesTypes
import Reconciliation

/// Keeps as many pods of a template as asked for.
enum ReplicaSetController {
    static func wire(_ context: ControllerContext) {
        let sets = context.manager.informer(ReplicaSet.self)
        let pods = context.manager.informer(Pod.self)
        let recorder = context.recorder("replicaset-controller")
        let departed = Departed()
        let client = context.client
        let honesty = HonestyReporter(recorder)
        let controller = context.controller("replicaset", workers: 4) { key in
            guard let set = sets.cache.get(key) else { return .settled }
            try await Ownership.settle(set, selector: set.spec.selector, children: pods, context: context) {
                !PodPhase.isFinished($0)
            }
            let owned = pods.cache.owned(byUID: set.uid).filter { $0.isControlled(by: set) }
            let decision = ReplicaSetDecision(set, pods: owned, departed: departed.contains, now: client.time.now())
            var failure: (any Error)?
            do {
                try await carryOut(decision, set, pods, context, recorder, departed)
            } catch {
                failure = error
            }
            // What a deployment's template says is told of the deployment.
            let unhonoured = set.controllerReference == nil ? WorkloadFields.unhonoured(set) : []
            var status = decision.status
            status.conditions = HonestyCondition.noted(
                status.conditions, await honesty.report(unhonoured, of: set), type: \.type, message: \.message
            ) {
                ReplicaSetCondition(
                    lastTransitionTime: Timestamp(client.time.now()), message: $0, reason: FieldTable.conditionReason,
                    status: "True", type: FieldTable.condition)
            }
            try await write(status, set, failure, context)
            if let failure { throw failure }
            return decision.lookAgainAfterSeconds.map { .lookAgain(after: .seconds($0)) } ?? .settled
        }
        controller.watch(sets)
        controller.watch(owned: pods, by: ReplicaSet.resourceType)
        controller.watch(mapped: pods) { pod in
            // A pod without a manager may be one that a set should adopt.
            guard pod.controllerReference == nil else { return [] }
            return sets.cache.list(namespace: pod.namespace).filter { matches($0, pod) }.map(\.key)
        }
    }

    private static func matches(_ set: ReplicaSet, _ pod: Pod) -> Bool {
        guard let selection = LabelSelection(set.spec.selector), !selection.isEmpty else { return false }
        return selection.matches(pod.metadata.labels ?? [:])
    }

    private static func carryOut(
        _ decision: ReplicaSetDecision, _ set: ReplicaSet, _ pods: Informer<Pod>, _ context: ControllerContext,
        _ recorder: EventRecorder, _ departed: Departed
    ) async throws {
        let client = context.client
        if decision.createCount > 0, let template = set.spec.template {
            let pod = PodTemplates.pod(of: template, owner: set)
            do {
                try await slowStart(decision.createCount) { _ in
                    let made = try await client.create(pod)
                    context.manager.wrote(made)
                    await recorder.record(
                        PlannedEvent(.normal, reason: "SuccessfulCreate", message: "Created pod: \(made.name)"), about: set)
                }
            } catch let error as StatusError {
                await recorder.record(
                    PlannedEvent(.warning, reason: "FailedCreate", message: "Error creating: \(error.message)"), about: set)
                throw error
            }
        }
        for key in decision.deletions {
            guard let pod = pods.cache.get(key) else { continue }
            do {
                try await client.delete(Pod.resourceType, key, .of(uid: pod.uid))
            } catch let error as StatusError where error.isNotFound || error.isConflict {}
            departed.insert(pod.uid)
            await recorder.record(
                PlannedEvent(.normal, reason: "SuccessfulDelete", message: "Deleted pod: \(pod.name)"), about: set)
        }
    }

    private static func write(
        _ status: ReplicaSetStatus, _ set: ReplicaSet, _ failure: (any Error)?, _ context: ControllerContext
    ) async throws {
        var status = status
        var conditions = (status.conditions ?? []).filter { $0.type != "ReplicaFailure" }
        if let failure = failure as? StatusError {
            let previous = status.conditions?.first { $0.type == "ReplicaFailure" }
            conditions.append(
                ReplicaSetCondition(
                    lastTransitionTime: previous?.lastTransitionTime ?? Timestamp(context.time.now()), message: failure.message,
                    reason: "FailedCreate", status: "True", type: "ReplicaFailure"))
        }
        status.conditions = conditions.isEmpty ? nil : conditions
        guard status != set.status else { return }
        var changed = set
        changed.status = status
        do {
            context.manager.wrote(try await context.client.updateStatus(changed))
        } catch let error as StatusError where error.isNotFound {}
    }
}
