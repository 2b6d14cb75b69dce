import ControllerRuntime
import Foundation
import KubernetesTypes

/// The status of a pod, from the same observation that its plan is made from. Pure.
struct StatusBuilder: Sendable {
    var planner: PodPlanner

    func status(_ observation: PodObservation, now: Date) -> PodStatus {
        let pod = observation.pod
        var status = PodStatus()
        status.startTime = pod.status?.startTime ?? Timestamp(observation.acceptedAt)
        status.qosClass = pod.status?.qosClass ?? Self.qualityOfService(pod.spec)
        status.hostIP = observation.nodeAddress
        status.hostIPs = [HostIP(ip: observation.nodeAddress)]
        if let address = observation.sandbox?.address ?? pod.status?.podIP, !address.isEmpty {
            status.podIP = address
            status.podIPs = [PodIP(ip: address)]
        }
        status.observedGeneration = pod.metadata.generation
        let phase = phase(observation, now: now)
        status.phase = phase.name
        status.reason = phase.reason
        status.message = phase.message
        let inits = pod.spec.initContainers ?? []
        if !inits.isEmpty {
            status.initContainerStatuses = inits.map { self.container($0, observation, phase: phase.name, now: now) }
        }
        status.containerStatuses = pod.spec.containers.map { self.container($0, observation, phase: phase.name, now: now) }
        status.conditions = conditions(observation, status: status, now: now)
        return status
    }

    /// The class by which the kernel picks victims when memory runs out.
    static func qualityOfService(_ spec: PodSpec) -> String {
        var hasAny = false
        var isGuaranteed = true
        for container in spec.allContainers {
            let limits = container.resources?.limits ?? [:]
            let requests = container.resources?.requests ?? [:]
            for name in ["cpu", "memory"] {
                let limit = limits[name].flatMap { $0.isZero ? nil : $0 }
                let request = requests[name].flatMap { $0.isZero ? nil : $0 }
                if limit != nil || request != nil { hasAny = true }
                if limit == nil || (request ?? limit) != limit { isGuaranteed = false }
            }
        }
        return !hasAny ? "BestEffort" : isGuaranteed ? "Guaranteed" : "Burstable"
    }

    private func phase(_ observation: PodObservation, now: Date) -> (name: String, reason: String?, message: String?) {
        let pod = observation.pod
        if let rejection = observation.rejection { return ("Failed", rejection.reason, rejection.message) }
        if let known = pod.status?.phase, known == "Succeeded" || known == "Failed" {
            return (known, pod.status?.reason, pod.status?.message)
        }
        let mains = pod.spec.containers
        let isRunning = observation.containers.values.contains(where: \.isRunning)
        if planner.isPastDeadline(observation, now: now) {
            let message = "Pod was active on the node longer than the specified deadline"
            return (isRunning ? "Running" : "Failed", "DeadlineExceeded", message)
        }
        if planner.initFailed(observation) { return (isRunning ? "Pending" : "Failed", nil, nil) }
        let ends = mains.compactMap { observation.containers[$0.name]?.termination }
        if ends.count == mains.count, !isRunning, pod.isBeingDeleted || planner.isOver(observation) {
            return (ends.allSatisfy { $0.exitCode == 0 } ? "Succeeded" : "Failed", nil, nil)
        }
        let hasBegun = mains.contains { container in
            switch observation.containers[container.name]?.phase {
            case .running, .exited: true
            default: false
            }
        }
        return (hasBegun ? "Running" : "Pending", nil, nil)
    }

    // MARK: Containers

    private func container(_ container: Container, _ observation: PodObservation, phase: String, now: Date) -> ContainerStatus {
        let seen = observation.containers[container.name]
        let probes = observation.probes[container.name] ?? ProbeSummary()
        var status = ContainerStatus(
            image: container.image ?? "", imageID: seen?.record.imageID ?? "", name: container.name,
            restartCount: seen?.attempt ?? 0)
        if let seen { status.containerID = "runc://\(seen.record.id)" }
        status.lastState = ContainerState(terminated: seen?.previous.map(Self.terminated))
        status.started = false
        switch seen?.phase {
        case .running(let since):
            status.state = ContainerState(running: ContainerStateRunning(startedAt: Timestamp(since)))
            status.started = probes.hasStarted
            status.ready = probes.hasStarted && probes.isReady
        case .exited(let ended):
            let isInit = (observation.spec.initContainers ?? []).contains { $0.name == container.name && !$0.isSidecar }
            status.ready = isInit && ended.exitCode == 0
            if phase != "Failed", phase != "Succeeded", !observation.pod.isBeingDeleted,
                planner.restarts(container, exitCode: ended.exitCode, in: observation.pod),
                let waiting = waitingToRestart(container, observation, ended: ended, now: now)
            {
                status.state = ContainerState(waiting: waiting)
                status.lastState = ContainerState(terminated: Self.terminated(ended))
            } else {
                status.state = ContainerState(terminated: Self.terminated(ended))
            }
        case .prepared, nil:
            status.state = ContainerState(waiting: waiting(container, observation, phase: phase))
        }
        return status
    }

    private func waitingToRestart(
        _ container: Container, _ observation: PodObservation, ended: Termination, now: Date
    ) -> ContainerStateWaiting? {
        if let trouble = trouble(container, observation) { return trouble }
        let delay = planner.nextDelay(of: container.name, observation)
        guard delay > 0, ended.finishedAt.addingTimeInterval(delay) > now else { return nil }
        return ContainerStateWaiting(
            message: "back-off \(Self.duration(delay)) restarting failed container=\(container.name) "
                + "pod=\(observation.pod.name)_\(observation.pod.namespace)(\(observation.pod.uid))",
            reason: "CrashLoopBackOff")
    }

    private func trouble(_ container: Container, _ observation: PodObservation) -> ContainerStateWaiting? {
        if let failure = observation.failures[container.name] {
            return ContainerStateWaiting(message: failure.message, reason: failure.reason)
        }
        if case .failed(let failure) = observation.images[container.name] {
            return ContainerStateWaiting(message: failure.message, reason: failure.reason)
        }
        return nil
    }

    private func waiting(_ container: Container, _ observation: PodObservation, phase: String) -> ContainerStateWaiting {
        if phase == "Failed" || phase == "Succeeded" {
            return ContainerStateWaiting(reason: observation.rejection == nil ? "PodInitializing" : "ContainerCreating")
        }
        if let trouble = trouble(container, observation) { return trouble }
        if let failure = observation.failures[""] {
            return ContainerStateWaiting(message: failure.message, reason: "ContainerCreating")
        }
        let isInit = (observation.spec.initContainers ?? []).contains { $0.name == container.name }
        let waitsForInit = !isInit && !(observation.spec.initContainers ?? []).isEmpty
        return ContainerStateWaiting(reason: isInit || waitsForInit ? "PodInitializing" : "ContainerCreating")
    }

    private static func terminated(_ ended: Termination) -> ContainerStateTerminated {
        ContainerStateTerminated(
            containerID: "runc://\(ended.containerID)", exitCode: ended.exitCode, finishedAt: Timestamp(ended.finishedAt),
            message: ended.message, reason: ended.reason,
            startedAt: ended.startedAt.map { Timestamp($0) } ?? Timestamp(ended.finishedAt))
    }

    static func duration(_ seconds: Double) -> String {
        let whole = Int(seconds)
        if Double(whole) != seconds { return "\(seconds)s" }
        return whole >= 60 ? "\(whole / 60)m\(whole % 60)s" : "\(whole)s"
    }

    // MARK: Conditions

    private func conditions(_ observation: PodObservation, status: PodStatus, now: Date) -> [PodCondition] {
        let known = observation.pod.status?.conditions ?? []
        let isDone = status.phase == "Succeeded" || status.phase == "Failed"
        let initsDone = zip(observation.spec.initContainers ?? [], status.initContainerStatuses ?? []).filter {
            container, state in
            container.isSidecar ? !(state.started ?? false) : !state.ready
        }.map(\.0.name)
        let hasBegun = status.containerStatuses?.contains { $0.state?.waiting == nil || $0.restartCount > 0 } ?? false
        let isInitialized = initsDone.isEmpty || hasBegun || status.phase == "Succeeded"
        let unready =
            (status.containerStatuses ?? []).filter { !$0.ready }.map(\.name)
            + zip(observation.spec.initContainers ?? [], status.initContainerStatuses ?? []).filter {
                $0.0.isSidecar && !$0.1.ready
            }
            .map(\.0.name)
        var result: [PodCondition] = []
        func add(_ type: String, _ holds: Bool, reason: String? = nil, message: String? = nil) {
            let value = holds ? "True" : "False"
            let before = known.first { $0.type == type }
            result.append(
                PodCondition(
                    lastProbeTime: nil,
                    lastTransitionTime: before?.status == value ? before?.lastTransitionTime ?? Timestamp(now) : Timestamp(now),
                    message: holds ? nil : message, observedGeneration: observation.pod.metadata.generation,
                    reason: holds ? (reason == "PodCompleted" ? reason : nil) : reason, status: value, type: type))
        }
        add("PodReadyToStartContainers", observation.sandbox != nil && !isDone)
        add(
            "Initialized", isInitialized,
            reason: isInitialized && status.phase == "Succeeded" ? "PodCompleted" : "ContainersNotInitialized",
            message: "containers with incomplete status: [\(initsDone.joined(separator: " "))]")
        let doneReason = status.phase == "Succeeded" ? "PodCompleted" : status.phase == "Failed" ? "PodFailed" : nil
        let unreadyMessage = "containers with unready status: [\(unready.joined(separator: " "))]"
        let containersReady = unready.isEmpty && !isDone
        add(
            "ContainersReady", containersReady, reason: doneReason ?? "ContainersNotReady",
            message: doneReason == nil ? unreadyMessage : nil)
        let gates = (observation.spec.readinessGates ?? []).map(\.conditionType).filter { gate in
            !known.contains { $0.type == gate && $0.status == "True" }
        }
        if let doneReason {
            add("Ready", false, reason: doneReason)
        } else if !containersReady {
            add("Ready", false, reason: "ContainersNotReady", message: unreadyMessage)
        } else if let gate = gates.first {
            add(
                "Ready", false, reason: "ReadinessGatesNotReady",
                message: "the status of pod readiness gate \"\(gate)\" is not \"True\", but False")
        } else {
            // While it ends as well: those who send requests leave out a pod that is being deleted by its own mark.
            add("Ready", true)
        }
        if let sentence = observation.unhonoured {
            let before = known.first { $0.type == FieldTable.condition }
            result.append(
                PodCondition(
                    lastTransitionTime: before?.lastTransitionTime ?? Timestamp(now), message: sentence,
                    observedGeneration: observation.pod.metadata.generation, reason: FieldTable.conditionReason, status: "True",
                    type: FieldTable.condition))
        }
        let ours = Set(result.map(\.type) + ["PodScheduled", FieldTable.condition])
        let scheduled =
            known.first { $0.type == "PodScheduled" }
            ?? PodCondition(lastTransitionTime: Timestamp(observation.acceptedAt), status: "True", type: "PodScheduled")
        return result + [scheduled] + known.filter { !ours.contains($0.type) }
    }
}
