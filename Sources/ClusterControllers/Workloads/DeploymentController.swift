import ControllerRuntime
import KubernetesClient
import KubernetesTypes
import Reconciliation

/// Rolls a deployment's template out through replica sets.
enum DeploymentController {
    static func wire(_ context: ControllerContext) {
        let deployments = context.manager.informer(Deployment.self)
        let sets = context.manager.informer(ReplicaSet.self)
        let pods = context.manager.informer(Pod.self)
        let recorder = context.recorder("deployment-controller")
        let client = context.client
        let honesty = HonestyReporter(recorder)
        let controller = context.controller("deployment", workers: 4) { key in
            guard var deployment = deployments.cache.get(key) else { return .settled }
            try await Ownership.settle(deployment, selector: deployment.spec.selector, children: sets, context: context)
            let unhonoured = await honesty.report(WorkloadFields.unhonoured(deployment), of: deployment)
            let owned = sets.cache.owned(byUID: deployment.uid).filter { $0.isControlled(by: deployment) }
            let picture = DeploymentPicture(deployment, sets: owned)
            let oldPodsRemain = picture.oldSets.contains { set in
                pods.cache.owned(byUID: set.uid).contains { !PodPhase.isFinished($0) }
            }
            let decision = DeploymentDecision(deployment, sets: owned, oldPodsRemain: oldPodsRemain)
            let execution = DeploymentExecution(deployment: deployment, context: context, recorder: recorder)
            let creation = try await execution.carryOut(decision, sets)
            if case .nameTaken = creation { return .stale }
            let uid = deployment.uid
            let current = sets.cache.owned(byUID: uid).filter { $0.controllerReference?.uid == uid }
            let now = client.time.now()
            let status = DeploymentStatusDecision.status(
                deployment, sets: current, creation: creation.madeName, unhonoured: unhonoured, now: now)
            // With the status, as upstream does it: elsewhere a changed annotation is a new generation.
            let noted = deployment.metadata.annotations?[DeploymentDecision.revisionKey]
            let revision = decision.revision.map { String($0) } ?? noted
            if status != deployment.status || revision != noted {
                deployment.status = status
                if let revision {
                    deployment.metadata.annotations =
                        (deployment.metadata.annotations ?? [:]).merging([DeploymentDecision.revisionKey: revision]) { $1 }
                }
                context.manager.wrote(try await client.updateStatus(deployment))
            }
            return DeploymentStatusDecision.lookAgainAfterSeconds(deployment, status, now: now)
                .map { .lookAgain(after: .seconds($0)) } ?? .settled
        }
        controller.watch(deployments)
        controller.watch(owned: sets, by: Deployment.resourceType)
        // A replica set without a manager may be one that a deployment should adopt.
        controller.watch(mapped: sets) { set in
            guard set.controllerReference == nil else { return [] }
            return deployments.cache.list(namespace: set.namespace).filter {
                OwnershipDecision(set, owner: $0, selector: $0.spec.selector) == .adopt
            }.map(\.key)
        }
        // Recreate waits for the last old pod to go.
        controller.watch(mapped: pods) { pod in
            guard let owner = pod.controllerReference, owner.kind == "ReplicaSet",
                let set = sets.cache.get(owner.name, namespace: pod.namespace), let deployment = set.controllerReference,
                deployments.cache.get(deployment.name, namespace: pod.namespace)?.spec.strategy?.type == "Recreate"
            else { return [] }
            return [ObjectKey(namespace: pod.namespace, name: deployment.name)]
        }
    }
}

/// Carries out one decision about a deployment.
struct DeploymentExecution: Sendable {
    enum Creation: Sendable {
        case none
        case made(String)
        /// Another replica set has the name; the next pass takes another one.
        case nameTaken

        var madeName: String? { if case .made(let name) = self { name } else { nil } }
    }

    let deployment: Deployment
    let context: ControllerContext
    let recorder: EventRecorder

    /// What a replica set notes of the deployment's size, so that a change of it is seen.
    private var sizes: [String: String] {
        let replicas = deployment.spec.replicas ?? 1
        return [
            DeploymentDecision.desiredKey: String(replicas),
            DeploymentDecision.maximumKey: String(replicas + RollingBounds(deployment).maxSurge),
        ]
    }

    func carryOut(_ decision: DeploymentDecision, _ sets: Informer<ReplicaSet>) async throws -> Creation {
        if let note = decision.revisionToNote {
            try await patch(
                note.set, ["metadata": ["annotations": [DeploymentDecision.revisionKey: .string(String(note.revision))]]])
        }
        if let note = decision.minimumToNote {
            try await patch(note.set, ["spec": ["minReadySeconds": .integer(Int64(note.seconds))]])
        }
        for resize in decision.resizes {
            try await patch(
                resize.set,
                [
                    "metadata": ["annotations": .object(sizes.mapValues(JSONValue.string))],
                    "spec": ["replicas": .integer(Int64(resize.replicas))],
                ])
            guard resize.replicas != resize.from else { continue }
            let direction = resize.replicas > resize.from ? "up" : "down"
            await say("Scaled \(direction) replica set \(resize.set.name) from \(resize.from) to \(resize.replicas)")
        }
        for key in decision.deletions {
            do {
                try await context.client.delete(ReplicaSet.resourceType, key, .of(uid: sets.cache.get(key)?.uid))
            } catch let error as StatusError where error.isNotFound || error.isConflict {}
        }
        guard let creation = decision.creation else { return .none }
        return try await create(creation)
    }

    private func say(_ message: String) async {
        await recorder.record(PlannedEvent(.normal, reason: "ScalingReplicaSet", message: message), about: deployment)
    }

    private func create(_ creation: DeploymentDecision.Creation) async throws -> Creation {
        let set = try replicaSet(creation)
        do {
            context.manager.wrote(try await context.client.create(set))
        } catch let error as StatusError where error.isAlreadyExists {
            let present = try await context.client.get(ReplicaSet.self, set.name, namespace: set.namespace)
            if present.isControlled(by: deployment), let template = present.spec.template,
                PodTemplates.areEqual(template, deployment.spec.template)
            {
                context.manager.wrote(present)
                return .made(set.name)
            }
            var collided = deployment
            var status = deployment.status ?? DeploymentStatus()
            status.collisionCount = (status.collisionCount ?? 0) + 1
            collided.status = status
            context.manager.wrote(try await context.client.updateStatus(collided))
            return .nameTaken
        }
        await say("Scaled up replica set \(set.name) from 0 to \(creation.replicas)")
        return .made(set.name)
    }

    private func replicaSet(_ creation: DeploymentDecision.Creation) throws -> ReplicaSet {
        let hash = try PodTemplates.hash(deployment.spec.template, collisionCount: deployment.status?.collisionCount)
        var template = deployment.spec.template
        var metadata = template.metadata ?? ObjectMeta()
        metadata.labels = (metadata.labels ?? [:]).merging([PodTemplates.hashLabel: hash]) { $1 }
        template.metadata = metadata
        var selector = deployment.spec.selector
        selector.matchLabels = (selector.matchLabels ?? [:]).merging([PodTemplates.hashLabel: hash]) { $1 }
        var annotations = (deployment.metadata.annotations ?? [:]).filter {
            $0.key != "kubectl.kubernetes.io/last-applied-configuration" && !$0.key.hasPrefix("deployment.kubernetes.io/")
        }
        annotations.merge(sizes) { $1 }
        annotations[DeploymentDecision.revisionKey] = String(creation.revision)
        return ReplicaSet(
            metadata: ObjectMeta(
                annotations: annotations, labels: metadata.labels, name: "\(deployment.name)-\(hash)",
                namespace: deployment.namespace, ownerReferences: [deployment.asController]),
            spec: ReplicaSetSpec(
                minReadySeconds: deployment.spec.minReadySeconds, replicas: creation.replicas, selector: selector,
                template: template))
    }

    private func patch(_ key: ObjectKey, _ patch: JSONValue) async throws {
        let answer = try await context.client.patch(ReplicaSet.resourceType, key, .merge(patch))
        context.manager.wrote(ReplicaSet.resourceType, answer)
    }
}
