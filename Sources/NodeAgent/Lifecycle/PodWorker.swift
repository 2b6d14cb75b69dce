import ControllerRuntime
import Foundation
import KubernetesTypes
import Logging

/// Looks after one pod: observes, plans, acts, reports; again when something happens or the plan says so.
///
/// All that must survive this process is on disk or in the API; what is here can be lost at any moment.
actor PodWorker {
    let context: NodeContext
    let uid: String
    private(set) var pod: Pod
    var log: Logger

    // What only this process knows.
    private var images: [String: ImageState] = [:]
    private var pulls: [String: Task<Void, Never>] = [:]
    private var imageFailures: [String: Int] = [:]
    private var failures: [String: StartFailure] = [:]
    private var stops: [String: Date] = [:]
    var rejection: Rejection?
    var probes: [String: ProbeSet] = [:]
    private var postStarts: [String: Bool] = [:]
    private var acceptedAt: Date
    private var told: Set<PodEvent> = []
    /// The restart whose being held back was told last, by container.
    private var backOffTold: [String: Int] = [:]
    /// What there is to say of fields without effect; a pod's spec hardly changes.
    private let unhonoured: String?

    // Where things stand with the API.
    private var isConfirmed: Bool
    private var isGone = false
    private var reported: PodStatus?
    private var wanted: PodStatus?
    private var wantsDeletion = false
    private var publisher: Task<Void, Never>?

    private var holdsResources = true
    /// The network, while the volumes are not ready yet.
    private var pendingSandbox: Sandbox?
    var refreshedAt: Date?
    private let permission: @Sendable (Pod) async -> StartPermission
    private let signals: AsyncStream<Void>
    let signal: AsyncStream<Void>.Continuation
    private(set) var isFinished = false
    private var observedLast: PodObservation?

    /// - Parameters:
    ///   - isConfirmed: whether the API server listed the pod; one found on disk only is looked after, but starts nothing.
    ///   - permission: whether a pod's containers may start, beside those that nobody wants any more.
    init(
        pod: Pod, context: NodeContext, isConfirmed: Bool, rejection: Rejection?,
        permission: @escaping @Sendable (Pod) async -> StartPermission
    ) {
        self.pod = pod
        self.context = context
        self.isConfirmed = isConfirmed
        self.rejection = rejection
        self.permission = permission
        uid = pod.uid
        log = context.log
        log[metadataKey: "pod"] = "\(pod.namespace)/\(pod.name)"
        unhonoured = FieldTable.sentence(PodFields.unhonoured(pod))
        acceptedAt = pod.status?.startTime?.date ?? context.now()
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: From outside

    /// The pod as the API server has it now.
    func update(_ newer: Pod) {
        isConfirmed = true
        guard newer != pod else { return }
        var newer = newer
        // Our own phase is final even when the server has not heard of it yet.
        if let phase = pod.status?.phase, phase == "Succeeded" || phase == "Failed" { newer.status = pod.status }
        pod = newer
        if newer.isBeingDeleted { shortenStops() }
        signal.yield()
    }

    /// The pod was removed from the API without our consent: end it quickly.
    func vanish() {
        guard !isGone else { return }
        isGone = true
        isConfirmed = true
        let end = context.now().addingTimeInterval(2)
        pod.metadata.deletionTimestamp = Timestamp(min(pod.metadata.deletionTimestamp?.date ?? end, end))
        shortenStops()
        signal.yield()
    }

    /// Something may have happened to a container.
    func poke() { signal.yield() }

    func reject(_ rejection: Rejection) {
        guard self.rejection == nil else { return }
        self.rejection = rejection
        signal.yield()
    }

    /// Whether containers run that nobody wants any more.
    var isUnwantedAndAlive: Bool {
        isGone && !isFinished
    }

    /// The containers as last seen.
    var observation: PodObservation? { observedLast }

    private func shortenStops() {
        guard let deletion = pod.metadata.deletionTimestamp?.date else { return }
        for (name, deadline) in stops { stops[name] = min(deadline, max(deletion, context.now())) }
    }

    // MARK: The loop

    func run() async {
        await keepOnDisk()
        await adopt()
        var iterator = signals.makeAsyncIterator()
        while !Task.isCancelled, !isFinished {
            let observation = await observe()
            observedLast = observation
            let now = context.now()
            let plan = context.planner.plan(observation, now: now)
            await followProbes(observation)
            rotateLogs(observation)
            let status = StatusBuilder(planner: context.planner).status(observation, now: now)
            await tellBackOff(status)
            publish(status)
            for action in plan.actions { await perform(action, observation) }
            if isFinished { break }
            if plan.actions.isEmpty { await refreshVolumes(observation) }
            guard plan.actions.allSatisfy(Self.isLasting) else { continue }
            // Ends are told by signals; the regular look is for what sends none, such as a killed shim.
            let wake = min(plan.wakeAt ?? .distantFuture, now.addingTimeInterval(2))
            let timer = Task { [signal, context] in
                try? await Task.sleep(for: .seconds(max(0.01, wake.timeIntervalSince(context.now()))))
                if !Task.isCancelled { signal.yield() }
            }
            _ = await iterator.next()
            timer.cancel()
        }
        for set in probes.values { set.cancel() }
        for pull in pulls.values { pull.cancel() }
    }

    /// Actions that go on in the background: nothing is gained by planning again at once.
    private static func isLasting(_ action: PodAction) -> Bool {
        switch action {
        case .pull, .stop, .confirmDeletion: true
        default: false
        }
    }

    private func keepOnDisk() async {
        do {
            try Files.makeDirectory(context.layout.pod(uid))
            try Files.writeDurably(json: pod, to: context.layout.podObject(uid))
        } catch {
            await tell(.warning("FailedCreatePodSandBox", "cannot record the pod on disk: \(error)"))
        }
    }

    /// Takes over what an earlier process left.
    private func adopt() async {
        for container in pod.spec.allContainers {
            guard let seen = await context.runtime.observe(podUID: uid, container: container.name) else { continue }
            await context.runtime.resume(seen)
            if seen.isRunning {
                postStarts["\(container.name)/\(seen.attempt)"] = true
                log.info(
                    "adopted a running container", metadata: ["container": "\(container.name)", "attempt": "\(seen.attempt)"])
            }
        }
    }

    private func observe() async -> PodObservation {
        var seen: [String: ContainerObservation] = [:]
        for container in pod.spec.allContainers {
            seen[container.name] =
                await context.runtime.observe(podUID: uid, container: container.name)
                ?? LostContainer.observation(of: container.name, pod: pod, now: context.now())
        }
        for (name, container) in seen where !container.isRunning { stops[name] = nil }
        let recorded = Files.decode(Sandbox.self, from: context.layout.sandbox(uid))
        var observation = PodObservation(
            pod: pod, containers: seen, sandbox: recorded.flatMap { context.network.isAlive($0) ? $0 : nil }, images: images,
            failures: failures, stopping: Set(stops.keys), rejection: rejection, holdsResources: holdsResources,
            acceptedAt: acceptedAt, nodeAddress: context.facts.address)
        observation.unhonoured = unhonoured
        let answer: StartPermission = isConfirmed ? await permission(pod) : .unknown
        observation.mayStart = answer == .granted
        // Said of a pod that has yet to start; one that runs or has ended has nothing to wait for.
        let hasEnded = pod.status?.phase == "Succeeded" || pod.status?.phase == "Failed"
        if case .waits(let why) = answer, rejection == nil, !hasEnded, !pod.isBeingDeleted,
            !seen.values.contains(where: \.isRunning)
        {
            await tell(.warning("FailedCreatePodSandBox", why))
        }
        for (name, container) in seen {
            guard let definition = pod.spec.container(named: name) else { continue }
            observation.probes[name] = summary(definition, container)
        }
        return observation
    }

    private func summary(_ container: Container, _ seen: ContainerObservation) -> ProbeSummary {
        let set = probes[container.name].flatMap { $0.attempt == seen.attempt ? $0 : nil }
        let hooked = container.lifecycle?.postStart == nil || postStarts["\(container.name)/\(seen.attempt)"] == true
        let started = container.startupProbe == nil || set?.states[.startup]?.passes ?? false
        var summary = ProbeSummary(hasStarted: hooked && started)
        summary.isReady = container.readinessProbe == nil || set?.states[.readiness]?.passes ?? false
        for kind in [ProbeState.Kind.startup, .liveness] {
            if let state = set?.states[kind], state.isFatal {
                summary.fatal = "Container \(container.name) failed \(kind.rawValue) probe, will be restarted"
            }
        }
        if postStarts["\(container.name)/\(seen.attempt)"] == false {
            summary.fatal = "Container \(container.name) failed its postStart hook"
        }
        return summary
    }

    // MARK: Reporting

    private func publish(_ status: PodStatus) {
        if pod.status?.phase != status.phase || status.phase == "Failed" || status.phase == "Succeeded" {
            let before = pod.status
            pod.status = status
            if before?.phase != status.phase { try? Files.writeDurably(json: pod, to: context.layout.podObject(uid)) }
        } else {
            pod.status = status
        }
        guard !isGone, isConfirmed, status != reported else { return }
        wanted = status
        startPublisher()
    }

    private func startPublisher() {
        guard publisher == nil else { return }
        publisher = Task { await self.drain() }
    }

    /// Writes the newest status until the server has it; what came in between is skipped.
    private func drain() async {
        var pause = 0.2
        while !Task.isCancelled, !isGone {
            do {
                if let status = wanted, status != reported {
                    try await context.cluster.report(status, of: pod)
                    reported = status
                } else if wantsDeletion {
                    try await context.cluster.confirmDeletion(of: pod)
                    wantsDeletion = false
                    break
                } else {
                    break
                }
                pause = 0.2
            } catch {
                log.warning("cannot report the pod's status", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(pause))
                pause = min(10, pause * 2)
            }
        }
        publisher = nil
    }

    /// Says of each crash anew that the next start is held back.
    private func tellBackOff(_ status: PodStatus) async {
        for container in (status.initContainerStatuses ?? []) + (status.containerStatuses ?? []) {
            let restarts = container.restartCount
            guard container.state?.waiting?.reason == "CrashLoopBackOff", backOffTold[container.name] != restarts else {
                continue
            }
            backOffTold[container.name] = restarts
            let message =
                "Back-off restarting failed container \(container.name) in pod \(pod.name)_\(pod.namespace)(\(pod.uid))"
            await tell(.warning("BackOff", message, container: container.name), again: true)
        }
    }

    /// Records an event once for as long as this process looks after the pod.
    func tell(_ event: PodEvent, again: Bool = false) async {
        guard told.insert(event).inserted || again else { return }
        await context.cluster.record(event, on: pod)
    }

    // MARK: Acting

    private func perform(_ action: PodAction, _ observation: PodObservation) async {
        switch action {
        case .prepare: await prepare()
        case .pull(let name): pull(name)
        case .start(let name, let attempt, let delay): await start(name, attempt: attempt, delay: delay, observation)
        case .discard(let name):
            if let seen = observation.containers[name] { await context.runtime.discard(seen) }
        case .stop(let name, let grace, let cause): await stop(name, grace: grace, because: cause, observation)
        case .release: await release()
        case .confirmDeletion:
            if isGone {
                finish()
            } else {
                wantsDeletion = true
                startPublisher()
            }
        }
    }

    private func finish() {
        isFinished = true
        Files.remove(context.layout.pod(uid))
    }

    private func prepare() async {
        do {
            let starter = ContainerStarter(context: context, pod: pod)
            let sandbox: Sandbox
            if let made = pendingSandbox, context.network.isAlive(made) {
                sandbox = made
            } else {
                sandbox = try await context.network.create(pod, nodeAddress: context.facts.address)
                pendingSandbox = sandbox
                guard context.network.isAlive(sandbox) else {
                    throw NodeAgentError(.sandbox, "the pod's network namespace was made and is not among the machine's mounts")
                }
            }
            try await starter.prepareVolumes(podIP: sandbox.address)
            try starter.writeFiles(address: sandbox.address)
            try Files.writeDurably(json: sandbox, to: context.layout.sandbox(uid))
            failures[""] = nil
            pendingSandbox = nil
            holdsResources = true
            refreshedAt = context.now()
        } catch {
            await fail("", error, fallback: .sandbox)
        }
    }

    private func fail(_ name: String, _ error: any Error, fallback: NodeAgentError.Code) async {
        guard !Task.isCancelled else { return }
        let failure = error as? NodeAgentError ?? NodeAgentError(fallback, "\(error)")
        let count = (failures[name]?.count ?? 0) + 1
        let wait = min(5, 0.25 * Double(1 << min(count - 1, 10)))
        let reason = failure.code == .diskFull ? "CreateContainerError" : failure.code.rawValue
        failures[name] = StartFailure(
            reason: reason, message: failure.message, retryAt: context.now().addingTimeInterval(wait), count: count)
        let event = failure.code == .createContainerConfig || !name.isEmpty ? "Failed" : failure.code.rawValue
        await tell(.warning(event, failure.message, container: name.isEmpty ? nil : name))
        log.log(level: count == 1 ? .warning : .debug, "cannot start", metadata: ["container": "\(name)", "error": "\(failure)"])
    }

    private func pull(_ name: String) {
        guard let container = pod.spec.container(named: name) else { return }
        images[name] = .pulling
        pulls[name] = Task {
            let state = await ImagePuller(context: context, pod: pod).fetch(
                container, failuresBefore: imageFailures[name] ?? 0, tell: { await self.tell($0, again: true) })
            pulled(name, state)
        }
    }

    private func pulled(_ name: String, _ state: ImageState) {
        images[name] = state
        if case .failed(let failure) = state { imageFailures[name] = failure.count } else { imageFailures[name] = nil }
        signal.yield()
    }

    private func start(_ name: String, attempt: Int, delay: Double?, _ observation: PodObservation) async {
        guard let container = pod.spec.container(named: name), let sandbox = observation.sandbox,
            case .present(let image) = observation.images[name]
        else { return }
        do {
            let starter = ContainerStarter(context: context, pod: pod)
            try await starter.start(
                container, attempt: attempt, delay: delay, image: image, sandbox: sandbox, attemptedAt: context.now())
            failures[name] = nil
            probes[name]?.cancel()
            probes[name] = nil
            // Which container it is stands in the event's field path, as upstream has it.
            await tell(.normal("Created", "Container created", container: name), again: true)
            await tell(.normal("Started", "Container started", container: name), again: true)
            afterStart(container, attempt: attempt)
        } catch let error as NodeAgentError where error.code == .createContainer || error.code == .startContainer {
            // The attempt is on record as ended; the restart policy decides.
            await tell(.warning("Failed", "Error: \(error.message)", container: name), again: true)
        } catch is CancellationError {
            return
        } catch {
            await fail(name, error, fallback: .createContainerConfig)
        }
        if container.imagePullPolicy == "Always", !ImageStore.isHost(container.image ?? "") { images[name] = nil }
    }

    private func afterStart(_ container: Container, attempt: Int) {
        guard let hook = container.lifecycle?.postStart else { return }
        let key = "\(container.name)/\(attempt)"
        let identity = ContainerIdentity(podUID: uid, name: container.name, attempt: attempt)
        let address = Files.decode(Sandbox.self, from: context.layout.sandbox(uid))?.address ?? ""
        Task {
            let result = await HandlerRunner(context: context).run(
                hook, container: container, identity: identity, address: address, timeout: .seconds(600))
            if case .failure(let message) = result {
                await tell(
                    .warning("FailedPostStartHook", "PostStartHook failed: \(message)", container: container.name), again: true)
                hooked(key, false)
            } else {
                hooked(key, true)
            }
        }
    }

    private func hooked(_ key: String, _ passed: Bool) {
        postStarts[key] = passed
        signal.yield()
    }

    private func stop(_ name: String, grace: Int, because cause: StopCause, _ observation: PodObservation) async {
        guard let seen = observation.containers[name], let container = pod.spec.container(named: name) else { return }
        stops[name] = context.now().addingTimeInterval(Double(grace))
        switch cause {
        case .probe(let message): await tell(.normal("Killing", message, container: name), again: true)
        case .deadline:
            await tell(.normal("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"))
        default: await tell(.normal("Killing", "Stopping container \(name)", container: name), again: true)
        }
        probes[name]?.cancel()
        let stopper = ContainerStopper(context: context, container: container, identity: seen.record.identity)
        let address = observation.sandbox?.address ?? ""
        Task {
            await stopper.stop(
                address: address, deadline: { await self.stopDeadline(name) }, tell: { await self.tell($0, again: true) })
            signal.yield()
        }
    }

    private func stopDeadline(_ name: String) -> Date { stops[name] ?? .distantPast }

    private func release() async {
        let recorded = Files.decode(Sandbox.self, from: context.layout.sandbox(uid))
        let standard = Sandbox(
            podUID: uid, bootID: Files.bootID, namespace: context.layout.network + "/ns/" + uid, address: "",
            ports: PodNetwork.mappings(pod))
        if !(pod.spec.hostNetwork ?? false) { await context.network.remove(recorded ?? standard) }
        pendingSandbox = nil
        Files.remove(context.layout.sandbox(uid))
        context.volumes.remove(podUID: uid)
        await context.devices.release(podUID: uid)
        ControlGroups.remove(ContainerStarter.cgroup(of: pod, context.configuration))
        holdsResources = false
    }
}
