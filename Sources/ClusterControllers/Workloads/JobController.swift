import ControllerRuntime
import KubernetesClient
import KubernetesTypes
import Reconciliation

/// Runs pods to completion.
enum JobController {
    static func wire(_ context: ControllerContext) {
        let jobs = context.manager.informer(Job.self)
        let pods = context.manager.informer(Pod.self)
        let recorder = context.recorder("job-controller")
        let client = context.client
        let honesty = HonestyReporter(recorder)
        let controller = context.controller("job", workers: 4) { key in
            guard let job = jobs.cache.get(key),
                job.spec.managedBy ?? "kubernetes.io/job-controller" == "kubernetes.io/job-controller"
            else { return .settled }
            let unhonoured = await honesty.report(WorkloadFields.unhonoured(job), of: job)
            let owned = pods.cache.owned(byUID: job.uid).filter { $0.isControlled(by: job) }
            var decision = JobDecision(job, pods: owned, now: client.time.now())
            decision.status.conditions = HonestyCondition.noted(
                decision.status.conditions, unhonoured, type: \.type, message: \.message
            ) {
                JobCondition(
                    lastTransitionTime: Timestamp(client.time.now()), message: $0, reason: FieldTable.conditionReason,
                    status: "True", type: FieldTable.condition)
            }
            // What is counted is written before the pods that it was counted from are let go.
            if decision.status != job.status {
                var changed = job
                changed.status = decision.status
                do {
                    context.manager.wrote(try await client.updateStatus(changed))
                } catch let error as StatusError where error.isNotFound {
                    return .settled
                }
            }
            for key in decision.releases { try await release(key, pods, context) }
            for key in decision.deletions {
                guard let pod = pods.cache.get(key) else { continue }
                do {
                    let answer = try await client.delete(Pod.resourceType, key, .of(uid: pod.uid))
                    if answer.kind == "Pod" { context.manager.wrote(Pod.resourceType, answer) }
                } catch let error as StatusError where error.isNotFound || error.isConflict {}
                await recorder.record(
                    PlannedEvent(.normal, reason: "SuccessfulDelete", message: "Deleted pod: \(pod.name)"), about: job)
            }
            if !decision.creations.isEmpty { try await create(decision.creations, job, context, recorder) }
            if let event = decision.event {
                let severity: PlannedEvent.Severity = event.isWarning ? .warning : .normal
                await recorder.record(PlannedEvent(severity, reason: event.reason, message: event.message), about: job)
            }
            return decision.lookAgainAfterSeconds.map { .lookAgain(after: .seconds(max(0.1, $0))) } ?? .settled
        }
        controller.watch(jobs)
        controller.watch(owned: pods, by: Job.resourceType)
        wireOrphans(context, jobs, pods)
        wireExpiry(context, jobs)
    }

    private static func create(
        _ indexes: [Int?], _ job: Job, _ context: ControllerContext, _ recorder: EventRecorder
    ) async throws {
        do {
            try await slowStart(indexes.count) { position in
                let made = try await context.client.create(pod(of: job, index: indexes[position]))
                context.manager.wrote(made)
                await recorder.record(
                    PlannedEvent(.normal, reason: "SuccessfulCreate", message: "Created pod: \(made.name)"), about: job)
            }
        } catch let error as StatusError {
            await recorder.record(
                PlannedEvent(.warning, reason: "FailedCreate", message: "Error creating: \(error.message)"), about: job)
            throw error
        }
    }

    static func pod(of job: Job, index: Int?) -> Pod {
        var pod = PodTemplates.pod(of: job.spec.template, owner: job)
        pod.metadata.finalizers = (pod.metadata.finalizers ?? []) + [JobDecision.finalizer]
        guard let index else { return pod }
        let value = String(index)
        pod.metadata.generateName = "\(job.name)-\(index)-"
        pod.metadata.annotations = (pod.metadata.annotations ?? [:]).merging([JobDecision.indexAnnotation: value]) { $1 }
        pod.metadata.labels = (pod.metadata.labels ?? [:]).merging([JobDecision.indexAnnotation: value]) { $1 }
        pod.spec.hostname = pod.spec.hostname ?? "\(job.name)-\(index)"
        let source = EnvVarSource(
            fieldRef: ObjectFieldSelector(fieldPath: "metadata.labels['\(JobDecision.indexAnnotation)']"))
        let variable = EnvVar(name: "JOB_COMPLETION_INDEX", valueFrom: source)
        for position in pod.spec.containers.indices
        where pod.spec.containers[position].env?.contains(where: { $0.name == variable.name }) != true {
            pod.spec.containers[position].env = (pod.spec.containers[position].env ?? []) + [variable]
        }
        return pod
    }

    private static func release(_ key: ObjectKey, _ pods: Informer<Pod>, _ context: ControllerContext) async throws {
        guard let pod = pods.cache.get(key), let finalizers = pod.metadata.finalizers else { return }
        let kept = finalizers.filter { $0 != JobDecision.finalizer }.map(JSONValue.string)
        let patch: JSONValue = [
            "metadata": ["uid": .string(pod.uid), "finalizers": kept.isEmpty ? .null : .array(kept)]
        ]
        do {
            context.manager.wrote(Pod.resourceType, try await context.client.patch(Pod.resourceType, key, .merge(patch)))
        } catch let error as StatusError where error.isNotFound || error.isConflict {}
    }

    /// Pods whose job is gone must not be held by its finalizer.
    private static func wireOrphans(_ context: ControllerContext, _ jobs: Informer<Job>, _ pods: Informer<Pod>) {
        let controller = context.controller("job-orphan-pods") { key in
            guard let pod = pods.cache.get(key), pod.metadata.finalizers?.contains(JobDecision.finalizer) == true,
                let owner = pod.controllerReference, owner.kind == "Job"
            else { return .settled }
            let job = try await context.client.find(Job.self, owner.name, namespace: pod.namespace)
            if job?.uid != owner.uid || job?.isBeingDeleted == true { try await release(key, pods, context) }
            return .settled
        }
        controller.watch(mapped: pods) { pod in
            guard pod.metadata.finalizers?.contains(JobDecision.finalizer) == true, let owner = pod.controllerReference else {
                return []
            }
            return jobs.cache.get(owner.name, namespace: pod.namespace)?.uid == owner.uid ? [] : [pod.key]
        }
        jobs.cache.onChange { change in
            switch change {
            case .deleted(let job): lookAtPods(job)
            case .updated(_, let job) where job.isBeingDeleted: lookAtPods(job)
            default: break
            }
            func lookAtPods(_ job: Job) { for pod in pods.cache.owned(byUID: job.uid) { controller.queue.add(pod.key) } }
        }
    }

    /// Deletes finished jobs when their time has passed.
    private static func wireExpiry(_ context: ControllerContext, _ jobs: Informer<Job>) {
        let controller = context.controller("ttl-after-finished") { key in
            guard let job = jobs.cache.get(key), !job.isBeingDeleted, let seconds = job.spec.ttlSecondsAfterFinished,
                let end = job.status?.conditions?.first(where: {
                    ($0.type == "Complete" || $0.type == "Failed") && $0.status == "True"
                })?
                .lastTransitionTime
            else { return .settled }
            let left = Double(seconds) - context.time.now().timeIntervalSince(end.date)
            guard left <= 0 else { return .lookAgain(after: .seconds(left)) }
            try await context.client.delete(
                Job.resourceType, key, .of(uid: job.uid, resourceVersion: job.metadata.resourceVersion, propagation: .foreground))
            return .settled
        }
        controller.watch(jobs) { $0.spec.ttlSecondsAfterFinished != nil }
    }
}
