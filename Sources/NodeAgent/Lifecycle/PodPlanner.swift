import Foundation
import KubernetesTypes

/// Decides what to do for a pod: observation in, plan out. Pure.
struct PodPlanner: Sendable {
    var backoff = Backoff()

    func plan(_ observation: PodObservation, now: Date) -> PodPlan {
        var plan = PodPlan()
        // A terminal phase is final: nothing starts again, whatever the disk says.
        if observation.pod.isBeingDeleted || observation.rejection != nil || isPastDeadline(observation, now: now) {
            end(observation, now: now, plan: &plan)
        } else if isOver(observation) || isTerminal(observation.pod) {
            wind(observation, grace: observation.spec.terminationGracePeriodSeconds ?? 30, because: .podCompleted, plan: &plan)
        } else {
            run(observation, now: now, plan: &plan)
            if let deadline = observation.deadline { plan.wake(at: deadline) }
        }
        return plan
    }

    private func isTerminal(_ pod: Pod) -> Bool { pod.status?.phase == "Succeeded" || pod.status?.phase == "Failed" }

    func isPastDeadline(_ observation: PodObservation, now: Date) -> Bool {
        guard let deadline = observation.deadline, !isOver(observation) else { return false }
        return now >= deadline
    }

    /// Whether every main container has ended for good, or an init container has failed for good.
    func isOver(_ observation: PodObservation) -> Bool {
        if initFailed(observation) { return true }
        return observation.spec.containers.allSatisfy { isFinal($0, observation) }
    }

    func initFailed(_ observation: PodObservation) -> Bool {
        (observation.spec.initContainers ?? []).contains { container in
            !container.isSidecar && isFinal(container, observation)
                && observation.containers[container.name]?.termination?.exitCode != 0
        }
    }

    func isFinal(_ container: Container, _ observation: PodObservation) -> Bool {
        guard let ended = observation.containers[container.name]?.termination else { return false }
        return !restarts(container, exitCode: ended.exitCode, in: observation.pod)
    }

    /// Whether the restart policy wants a container again that ended so.
    func restarts(_ container: Container, exitCode: Int, in pod: Pod) -> Bool {
        if container.isSidecar { return true }
        let isInit = (pod.spec.initContainers ?? []).contains { $0.name == container.name }
        return switch pod.spec.restartPolicy ?? "Always" {
        case "Never": false
        case "OnFailure": exitCode != 0
        default: isInit ? exitCode != 0 : true
        }
    }

    // MARK: Ending

    private func end(_ observation: PodObservation, now: Date, plan: inout PodPlan) {
        let pod = observation.pod
        var grace = pod.spec.terminationGracePeriodSeconds ?? 30
        var cause = StopCause.deadline
        if let deletion = pod.metadata.deletionTimestamp {
            grace = max(0, Int(deletion.date.timeIntervalSince(now).rounded(.up)))
            cause = .deletion
        } else if observation.rejection != nil {
            cause = .rejection
        }
        wind(observation, grace: grace, because: cause, plan: &plan)
        let stillRuns = observation.containers.values.contains(where: \.isRunning)
        if pod.isBeingDeleted, !stillRuns, !observation.holdsResources { plan.actions.append(.confirmDeletion) }
    }

    /// Stops the main containers together, then the sidecars one by one, last first; then gives back what the pod held.
    private func wind(_ observation: PodObservation, grace: Int, because cause: StopCause, plan: inout PodPlan) {
        for (name, container) in observation.containers.sorted(by: { $0.key < $1.key }) where container.phase == .prepared {
            plan.actions.append(.discard(container: name))
        }
        let sidecars = Set(observation.spec.sidecars.map(\.name))
        let running = observation.containers.filter { $0.value.isRunning }.map(\.key)
        let mains = running.filter { !sidecars.contains($0) }.sorted()
        let next =
            mains.isEmpty ? observation.spec.sidecars.map(\.name).last { running.contains($0) }.map { [$0] } ?? [] : mains
        for name in next where !observation.stopping.contains(name) {
            plan.actions.append(.stop(container: name, graceSeconds: grace, because: cause))
        }
        if running.isEmpty, plan.actions.isEmpty, observation.holdsResources { plan.actions.append(.release) }
    }

    // MARK: Running

    private func run(_ observation: PodObservation, now: Date, plan: inout PodPlan) {
        guard observation.mayStart else {
            plan.wake(at: now.addingTimeInterval(0.2))
            return
        }
        guard observation.sandbox != nil else {
            guard !observation.containers.values.contains(where: \.isRunning) else {
                // The network is gone under running containers: they cannot be saved, but they must not run on unseen.
                for (name, container) in observation.containers where container.isRunning && !observation.stopping.contains(name)
                {
                    plan.actions.append(.stop(container: name, graceSeconds: 2, because: .probe("the pod's network is gone")))
                }
                return
            }
            if let failure = observation.failures[""], failure.retryAt > now {
                plan.wake(at: failure.retryAt)
            } else {
                plan.actions.append(.prepare)
            }
            return
        }
        let wasInitialized = observation.spec.containers.contains { isOfSandbox($0, observation) }
        for container in observation.spec.initContainers ?? [] {
            if container.isSidecar {
                step(container, observation, now: now, plan: &plan)
                let hasStarted = observation.probes[container.name]?.hasStarted ?? false
                let isRunning = observation.containers[container.name]?.isRunning ?? false
                if !wasInitialized, !(isRunning && hasStarted) { return }
            } else {
                guard !wasInitialized else { continue }
                guard let ended = observation.containers[container.name]?.termination, ended.exitCode == 0 else {
                    step(container, observation, now: now, plan: &plan)
                    return
                }
                if isOfSandbox(container, observation) { continue }
                let attempt = (observation.containers[container.name]?.attempt ?? -1) + 1
                begin(container, attempt: attempt, delay: nil, observation, now: now, plan: &plan)
                return
            }
        }
        for container in observation.spec.containers { step(container, observation, now: now, plan: &plan) }
    }

    /// Whether a container was started in the sandbox that the pod has now. What was started before it says nothing of how far the pod
    /// is: what its init containers left in memory went with the machine, and the rest is theirs to find again.
    private func isOfSandbox(_ container: Container, _ observation: PodObservation) -> Bool {
        guard let seen = observation.containers[container.name] else { return false }
        return seen.record.sandboxID == observation.sandbox?.id
    }

    /// One container towards running.
    private func step(_ container: Container, _ observation: PodObservation, now: Date, plan: inout PodPlan) {
        switch observation.containers[container.name]?.phase {
        case .prepared:
            plan.actions.append(.discard(container: container.name))
        case .running:
            if let fatal = observation.probes[container.name]?.fatal, !observation.stopping.contains(container.name) {
                let probeGrace =
                    container.livenessProbe?.terminationGracePeriodSeconds
                    ?? container.startupProbe?.terminationGracePeriodSeconds
                plan.actions.append(
                    .stop(
                        container: container.name,
                        graceSeconds: probeGrace ?? observation.spec.terminationGracePeriodSeconds ?? 30, because: .probe(fatal)))
            }
        case .exited(let ended):
            guard restarts(container, exitCode: ended.exitCode, in: observation.pod) else { return }
            let delay = nextDelay(of: container.name, observation)
            let due = ended.finishedAt.addingTimeInterval(delay)
            guard due <= now else {
                plan.wake(at: due)
                return
            }
            let attempt = (observation.containers[container.name]?.attempt ?? -1) + 1
            begin(container, attempt: attempt, delay: delay, observation, now: now, plan: &plan)
        case nil:
            begin(container, attempt: 0, delay: nil, observation, now: now, plan: &plan)
        }
    }

    /// How long the next start of an ended container is held back after its end, in seconds.
    func nextDelay(of name: String, _ observation: PodObservation) -> Double {
        guard let container = observation.containers[name], let ended = container.termination else { return 0 }
        let ran = ended.startedAt.map { ended.finishedAt.timeIntervalSince($0) } ?? 0
        guard let before = container.record.delaySeconds else { return 0 }
        return backoff.delay(after: before, ran: ran)
    }

    private func begin(
        _ container: Container, attempt: Int, delay: Double?, _ observation: PodObservation, now: Date, plan: inout PodPlan
    ) {
        if let failure = observation.failures[container.name], failure.retryAt > now {
            plan.wake(at: failure.retryAt)
            return
        }
        switch observation.images[container.name] {
        case nil: plan.actions.append(.pull(container: container.name))
        case .pulling: break
        case .failed(let failure):
            if failure.retryAt > now {
                plan.wake(at: failure.retryAt)
            } else {
                plan.actions.append(.pull(container: container.name))
            }
        case .present:
            plan.actions.append(.start(container: container.name, attempt: attempt, delaySeconds: delay))
        }
    }
}
