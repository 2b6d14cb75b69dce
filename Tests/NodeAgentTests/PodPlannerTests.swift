import Foundation
import Glibc
import KubernetesTypes
import Testing

@testable import NodeAgent

/// The decisions for a pod, as a table: what is seen, what is to be done, what the status says.
@Suite struct PodPlannerTests {
    let planner = PodPlanner(backoff: Backoff())
    let now = Date(timeIntervalSince1970: 1_800_000_000)

    private func container(_ name: String, sidecar: Bool = false) -> Container {
        var container = Container()
        container.name = name
        container.image = ImageStore.hostImage
        if sidecar { container.restartPolicy = "Always" }
        return container
    }

    private func observation(
        containers: [String] = ["main"], inits: [Container] = [], policy: String = "Always",
        seen: [String: ContainerObservation] = [:], change: (inout PodObservation) -> Void = { _ in }
    ) -> PodObservation {
        var pod = Pod()
        pod.metadata.name = "p"
        pod.metadata.uid = "u"
        pod.metadata.namespace = "default"
        pod.spec.restartPolicy = policy
        pod.spec.terminationGracePeriodSeconds = 30
        pod.spec.containers = containers.map { container($0) }
        pod.spec.initContainers = inits.isEmpty ? nil : inits
        var result = PodObservation(pod: pod, containers: seen, acceptedAt: now, nodeAddress: "10.0.0.1")
        result.sandbox = Sandbox(podUID: "u", bootID: "b", namespace: "/n", address: "10.88.0.2")
        let image = ImageConfiguration(imageID: "i", rootPath: "/")
        for name in containers + inits.map(\.name) { result.images[name] = .present(image) }
        change(&result)
        return result
    }

    private func record(_ name: String, _ attempt: Int, delay: Double?) -> AttemptRecord {
        AttemptRecord(
            identity: .init(podUID: "u", name: name, attempt: attempt), id: "id", bootID: "b", createdAt: now, image: "",
            imageID: "", delaySeconds: delay, logPath: "", terminationMessagePolicy: "File", cgroupsPath: "")
    }

    private func running(_ name: String, attempt: Int = 0) -> ContainerObservation {
        ContainerObservation(record: record(name, attempt, delay: nil), phase: .running(since: now))
    }

    private func exited(
        _ name: String, _ code: Int, attempt: Int = 0, delay: Double? = nil, ago: Double = 0, ran: Double = 1
    ) -> ContainerObservation {
        let end = now.addingTimeInterval(-ago)
        return ContainerObservation(
            record: record(name, attempt, delay: delay),
            phase: .exited(
                Termination(
                    exitCode: code, reason: code == 0 ? "Completed" : "Error", startedAt: end.addingTimeInterval(-ran),
                    finishedAt: end, containerID: "id")))
    }

    private func actions(_ observation: PodObservation) -> [PodAction] { planner.plan(observation, now: now).actions }
    private func status(_ observation: PodObservation) -> PodStatus {
        StatusBuilder(planner: planner).status(observation, now: now)
    }

    @Test func aNewPodGetsNetworkThenImageThenStart() {
        #expect(actions(observation { $0.sandbox = nil }) == [.prepare])
        #expect(actions(observation { $0.images = [:] }) == [.pull(container: "main")])
        #expect(actions(observation { $0.images["main"] = .pulling }) == [])
        #expect(actions(observation()) == [.start(container: "main", attempt: 0, delaySeconds: nil)])
        #expect(status(observation()).main?.state?.waiting?.reason == "ContainerCreating")
    }

    /// Only what has the same name or owner waits, and says for whom: pods of others may well write to the same folder.
    @Test func aRemovedPodHoldsUpItsReplacementOnly() {
        func pod(
            _ name: String, owner: (kind: String, name: String, uid: String)? = nil, hash: String? = nil,
            namespace: String = "default"
        ) -> Pod {
            shellPod(name, "true") { pod in
                pod.metadata.namespace = namespace
                if let hash { pod.metadata.labels = ["pod-template-hash": hash] }
                if let owner {
                    pod.metadata.ownerReferences = [OwnerReference(kind: owner.kind, name: owner.name, uid: owner.uid)]
                }
                var volume = Volume()
                volume.name = "store"
                volume.hostPath = HostPathVolumeSource(path: "/store")
                pod.spec.volumes = [volume]
                pod.spec.containers[0].volumeMounts = [VolumeMount(mountPath: "/store", name: "store")]
            }
        }
        func waits(_ new: Pod, _ old: Pod) -> Bool {
            guard case .waits(let why) = StartOrder.permission(for: new, unwanted: [pod("other"), old]) else { return false }
            return why.contains("/\(old.name) ")
        }
        let rows: [(Pod, Pod, Bool)] = [
            (pod("a"), pod("a"), true), (pod("a"), pod("b"), false), (pod("a"), pod("a", namespace: "else"), false),
            // Attempts of one training wait for each other, those of two do not.
            (pod("t-1-0", owner: ("TrainingJob", "t", "1")), pod("t-0-0", owner: ("TrainingJob", "t", "1")), true),
            (pod("t-1-0", owner: ("TrainingJob", "t", "1")), pod("s-0-0", owner: ("TrainingJob", "s", "2")), false),
            // A training that was removed and made again.
            (pod("t-0-0", owner: ("TrainingJob", "t", "3")), pod("t-1-0", owner: ("TrainingJob", "t", "1")), true),
            (
                pod("t-0-0", owner: ("TrainingJob", "t", "3")),
                pod("t-1-0", owner: ("TrainingJob", "t", "1"), namespace: "else"), false
            ),
            // Two versions of one Deployment, and two Deployments.
            (
                pod("d-2-x", owner: ("ReplicaSet", "d-2", "r2"), hash: "2"),
                pod("d-1-y", owner: ("ReplicaSet", "d-1", "r1"), hash: "1"), true
            ),
            (
                pod("d-2-x", owner: ("ReplicaSet", "d-2", "r2"), hash: "2"),
                pod("e-1-y", owner: ("ReplicaSet", "e-1", "r1"), hash: "1"), false
            ),
        ]
        for (index, row) in rows.enumerated() { #expect(waits(row.0, row.1) == row.2, "row \(index)") }
        let same = pod("a")
        #expect(StartOrder.permission(for: same, unwanted: [same]) == .granted)
    }

    @Test func nothingStartsBesideWhatIsNotWanted() {
        #expect(actions(observation { $0.mayStart = false }) == [])
    }

    @Test(arguments: [
        ("Always", 0, true), ("Always", 1, true), ("OnFailure", 0, false), ("OnFailure", 1, true), ("Never", 0, false),
        ("Never", 1, false),
    ])
    func restartPolicyDecides(policy: String, code: Int, restarts: Bool) {
        let seen = observation(policy: policy, seen: ["main": exited("main", code)])
        let expected: [PodAction] =
            restarts ? [.start(container: "main", attempt: 1, delaySeconds: 0)] : [.release]
        #expect(actions(seen) == expected)
        let phase = restarts ? "Running" : code == 0 ? "Succeeded" : "Failed"
        #expect(status(seen).phase == phase)
    }

    @Test(arguments: [(nil, 1, 0), (0, 1, 10), (10, 1, 20), (160, 1, 300), (300, 1, 300), (160, 700, 0)])
    func restartsAreHeldBackLongerAndLonger(before: Double?, ran: Double, expected: Double) {
        #expect(Backoff().delay(after: before, ran: ran) == expected)
    }

    @Test func aContainerInBackoffWaitsAndSaysSo() {
        let seen = observation(seen: ["main": exited("main", 1, attempt: 2, delay: 10, ago: 5)])
        let plan = planner.plan(seen, now: now)
        #expect(plan.actions == [])
        #expect(plan.wakeAt == now.addingTimeInterval(15))
        let main = status(seen).main
        #expect(main?.state?.waiting?.reason == "CrashLoopBackOff")
        #expect(main?.lastState?.terminated?.exitCode == 1)
        #expect(main?.restartCount == 2)
    }

    @Test func initContainersRunInOrder() {
        let inits = [container("a"), container("b")]
        #expect(actions(observation(inits: inits)) == [.start(container: "a", attempt: 0, delaySeconds: nil)])
        #expect(actions(observation(inits: inits, seen: ["a": running("a")])) == [])
        let second = observation(inits: inits, seen: ["a": exited("a", 0)])
        #expect(actions(second) == [.start(container: "b", attempt: 0, delaySeconds: nil)])
        #expect(status(second).main?.state?.waiting?.reason == "PodInitializing")
        #expect(!status(second).holds("Initialized"))
        let both = observation(inits: inits, seen: ["a": exited("a", 0), "b": exited("b", 0)])
        #expect(actions(both) == [.start(container: "main", attempt: 0, delaySeconds: nil)])
        #expect(status(both).holds("Initialized"))
        let failed = observation(inits: inits, policy: "Never", seen: ["a": exited("a", 1)])
        #expect(actions(failed) == [.release])
        #expect(status(failed).phase == "Failed")
    }

    /// With a new sandbox the pod begins anew: volumes in memory are empty again.
    @Test func initContainersRunAgainInANewSandbox() {
        let inits = [container("side", sidecar: true), container("a"), container("b")]
        let begun = ["side": running("side"), "a": exited("a", 0), "b": exited("b", 0), "main": exited("main", 137)]
        func seen(_ ofNow: Set<String>, policy: String = "Always", _ seen: [String: ContainerObservation]) -> PodObservation {
            observation(inits: inits, policy: policy, seen: seen) {
                $0.sandbox?.id = "new"
                $0.probes["side"] = ProbeSummary(hasStarted: true, isReady: true)
                for name in seen.keys { $0.containers[name]?.record.sandboxID = ofNow.contains(name) ? "new" : "old" }
            }
        }
        #expect(actions(seen(["side"], begun)) == [.start(container: "a", attempt: 1, delaySeconds: nil)])
        #expect(actions(seen(["side", "a"], begun)) == [.start(container: "b", attempt: 1, delaySeconds: nil)])
        #expect(actions(seen(["side", "a", "b"], begun)) == [.start(container: "main", attempt: 1, delaySeconds: 0)])
        var again = begun
        again["a"] = running("a", attempt: 1)
        #expect(actions(seen(["side", "a"], again)) == [], "the others wait for it")
        // What has started in this sandbox needs them no more, and what has ended for good neither.
        #expect(actions(seen(["main"], begun)) == [.start(container: "main", attempt: 1, delaySeconds: 0)])
        var over = begun
        over["side"] = nil
        #expect(actions(seen([], policy: "Never", over)) == [.release])
    }

    @Test func sidecarsRunBesideTheOthers() {
        let inits = [container("side", sidecar: true)]
        let begun = observation(inits: inits, seen: ["side": running("side")])
        #expect(actions(begun) == [], "the others wait until it has started")
        let started = observation(inits: inits, seen: ["side": running("side")]) {
            $0.probes["side"] = ProbeSummary(hasStarted: true, isReady: true)
        }
        #expect(actions(started) == [.start(container: "main", attempt: 0, delaySeconds: nil)])
        let done = observation(
            inits: inits, policy: "Never", seen: ["side": running("side"), "main": exited("main", 0)])
        #expect(actions(done) == [.stop(container: "side", graceSeconds: 30, because: .podCompleted)])
        let over = observation(inits: inits, policy: "Never", seen: ["side": exited("side", 143), "main": exited("main", 0)])
        #expect(status(over).phase == "Succeeded", "a sidecar's end says nothing of the pod's")
    }

    @Test func deletionStopsThenReleasesThenConfirms() {
        func deleted(_ seen: [String: ContainerObservation], holds: Bool = true) -> PodObservation {
            observation(seen: seen) {
                $0.pod.metadata.deletionTimestamp = Timestamp(now.addingTimeInterval(7))
                $0.holdsResources = holds
            }
        }
        #expect(actions(deleted(["main": running("main")])) == [.stop(container: "main", graceSeconds: 7, because: .deletion)])
        #expect(actions(deleted(["main": exited("main", 143)])) == [.release])
        #expect(actions(deleted(["main": exited("main", 143)], holds: false)) == [.confirmDeletion])
        #expect(actions(deleted([:], holds: false)) == [.confirmDeletion])
        #expect(status(deleted(["main": exited("main", 143)])).phase == "Failed")
        // As upstream has it: that the pod is being deleted is told by its own mark.
        var ready = deleted(["main": running("main")])
        ready.probes["main"] = ProbeSummary(hasStarted: true, isReady: true)
        #expect(status(ready).holds("Ready"))
    }

    @Test func deadlineEndsThePod() {
        let late = observation(seen: ["main": running("main")]) {
            $0.pod.spec.activeDeadlineSeconds = 10
            $0.acceptedAt = now.addingTimeInterval(-11)
        }
        #expect(actions(late) == [.stop(container: "main", graceSeconds: 30, because: .deadline)])
        var ended = late
        ended.containers["main"] = exited("main", 137)
        #expect(status(ended).phase == "Failed")
        #expect(status(ended).reason == "DeadlineExceeded")
    }

    @Test func failedProbeStopsWithItsOwnGrace() {
        let sick = observation(seen: ["main": running("main")]) {
            $0.pod.spec.containers[0].livenessProbe = Probe(terminationGracePeriodSeconds: 3)
            $0.probes["main"] = ProbeSummary(hasStarted: true, isReady: true, fatal: "it is dead")
        }
        #expect(actions(sick) == [.stop(container: "main", graceSeconds: 3, because: .probe("it is dead"))])
    }

    @Test func readinessGatesHoldTheReadyCondition() {
        func ready(_ gate: String) -> PodStatus {
            status(
                observation(seen: ["main": running("main")]) {
                    $0.pod.spec.readinessGates = [PodReadinessGate(conditionType: "example.com/in")]
                    $0.pod.status = PodStatus(conditions: [PodCondition(status: gate, type: "example.com/in")])
                    $0.probes["main"] = ProbeSummary(hasStarted: true, isReady: true)
                })
        }
        #expect(!ready("False").holds("Ready"))
        #expect(ready("False").holds("ContainersReady"))
        #expect(ready("True").holds("Ready"))
        #expect(ready("True").holds("example.com/in"), "others' conditions are kept")
    }

    @Test func aRefusedImageIsTriedAgainLater() {
        let failed = observation {
            $0.images["main"] = .failed(
                StartFailure(reason: "ErrImagePull", message: "no", retryAt: now.addingTimeInterval(10), count: 1))
        }
        #expect(planner.plan(failed, now: now).wakeAt == now.addingTimeInterval(10))
        #expect(status(failed).main?.state?.waiting?.reason == "ErrImagePull")
        #expect(planner.plan(failed, now: now.addingTimeInterval(11)).actions == [.pull(container: "main")])
    }

    @Test func terminalPodsNeverStartAgain() {
        let over = observation { $0.pod.status = PodStatus(phase: "Succeeded") }
        #expect(actions(over) == [.release])
        #expect(status(over).phase == "Succeeded")
    }

    @Test func thresholdsDecideWhatAProbeMeans() {
        var readiness = ProbeState(.readiness, Probe(failureThreshold: 2, successThreshold: 2))
        let results: [(ProbeState.Result, Bool)] = [
            (.success, false), (.success, true), (.failure("x"), true), (.success, true), (.failure("x"), true),
            (.failure("x"), false), (.success, false), (.success, true),
        ]
        for (index, (result, passes)) in results.enumerated() {
            readiness.record(result)
            #expect(readiness.passes == passes, "step \(index)")
            #expect(!readiness.isFatal)
        }
        var liveness = ProbeState(.liveness, Probe(failureThreshold: 2))
        #expect(liveness.passes)
        liveness.record(.failure("x"))
        #expect(!liveness.isFatal)
        liveness.record(.failure("x"))
        #expect(liveness.isFatal)
    }

    /// A container can make its termination message as large as it likes, or no file at all.
    @Test func terminationMessagesAreBounded() throws {
        let folder = "/tmp/apus-message-\(UUID().uuidString)"
        try Files.makeDirectory(folder)
        defer { Files.remove(folder) }
        let file = folder + "/message"
        try Files.write(Array("start".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: 100_000) + Array("end".utf8), to: file)
        let text = try #require(ContainerEnd.message(at: file))
        #expect(text.utf8.count == 4096 && text.hasSuffix("xend"))
        #expect(symlink(file, folder + "/link") == 0 && mkfifo(folder + "/pipe", 0o600) == 0)
        for name in ["link", "pipe", "none"] { #expect(ContainerEnd.message(at: folder + "/" + name) == nil, "\(name)") }
    }

    @Test(
        arguments: [
            (nil, false, "Error", ""), (0, false, "Completed", nil), (1, false, "Error", "tail"),
            (137, true, "OOMKilled", "tail"),
        ] as [(Int?, Bool, String, String?)])
    func endsAreToldByPolicy(code: Int?, outOfMemory: Bool, reason: String, message: String?) {
        let ended = ContainerEnd.termination(
            exitCode: code, outOfMemory: outOfMemory, message: "", logTail: { "tail" }, policy: "FallbackToLogsOnError",
            since: now, finishedAt: now, containerID: "id")
        if code == nil {
            #expect(ended.reason == "ContainerStatusUnknown")
            #expect(ended.exitCode == 137)
        } else {
            #expect(ended.reason == reason)
            #expect(ended.message == message)
        }
    }

    @Test func nodesTakeWhatFits() {
        var pod = shellPod("p", "true")
        pod.spec.containers[0].resources = ResourceRequirements(requests: ["cpu": Quantity(milli: 1500)])
        let capacity: [String: Quantity] = ["cpu": 2, "pods": 2]
        #expect(Admission.judge(pod, among: [], capacity: capacity, hasDiskPressure: false) == nil)
        #expect(Admission.judge(pod, among: [pod], capacity: capacity, hasDiskPressure: false)?.reason == "OutOfcpu")
        #expect(Admission.judge(pod, among: [pod, pod], capacity: capacity, hasDiskPressure: false)?.reason == "OutOfpods")
        #expect(Admission.judge(pod, among: [], capacity: capacity, hasDiskPressure: true)?.reason == "Evicted")
        pod.spec.containers[0].resources = ResourceRequirements(limits: ["nvidia.com/gpu": 1])
        #expect(Admission.judge(pod, among: [], capacity: capacity, hasDiskPressure: false)?.reason == "OutOfnvidia.com/gpu")
    }

    // MARK: Records that are gone

    private func state(
        _ name: String, running: Bool = false, exitCode: Int? = nil, restarts: Int = 0
    ) -> ContainerStatus {
        let ended = exitCode.map { ContainerStateTerminated(containerID: "runc://c-\(name)", exitCode: $0, reason: "Completed") }
        return ContainerStatus(
            containerID: "runc://c-\(name)", name: name, restartCount: restarts,
            state: ContainerState(
                running: running ? ContainerStateRunning(startedAt: Timestamp(now)) : nil, terminated: ended))
    }

    /// What the API knows of containers whose records went with the data directory is neither forgotten nor done again.
    @Test func aFinishedPodKeepsItsStatusWithoutRecords() {
        let seen = observation(inits: [container("init")], policy: "Never") {
            $0.pod.status = PodStatus(
                containerStatuses: [state("main", exitCode: 0)], initContainerStatuses: [state("init", exitCode: 0)],
                phase: "Succeeded")
            for name in ["init", "main"] {
                $0.containers[name] = LostContainer.observation(of: name, pod: $0.pod, now: now)
            }
            $0.holdsResources = false
        }
        let shown = status(seen)
        #expect(shown.phase == "Succeeded")
        #expect(shown.initContainerStatuses?.first?.state?.terminated?.exitCode == 0)
        #expect(shown.initContainerStatuses?.first?.ready == true)
        #expect(shown.containerStatuses?.first?.state?.terminated?.containerID == "runc://c-main")
        #expect(actions(seen) == [])
    }

    @Test(arguments: [("Never", "Failed", 0), ("Always", "Running", 1)])
    func aRunningContainerWithoutRecordsHasEnded(_ policy: String, _ phase: String, _ starts: Int) {
        let seen = observation(policy: policy) {
            $0.pod.status = PodStatus(containerStatuses: [state("main", running: true, restarts: 2)], phase: "Running")
            $0.containers["main"] = LostContainer.observation(of: "main", pod: $0.pod, now: now.addingTimeInterval(-60))
        }
        #expect(status(seen).phase == phase)
        #expect(status(seen).containerStatuses?.first?.restartCount == 2)
        let ended = status(seen).containerStatuses?.first
        let told = ended?.state?.terminated ?? ended?.lastState?.terminated
        #expect(told?.reason == "NodeShutdown" && told?.exitCode == 143)
        let begun = actions(seen).compactMap { if case .start(_, let attempt, _) = $0 { attempt } else { nil } }
        #expect(begun == (starts == 0 ? [] : [3]))
    }

    @Test func aContainerThatNeverStartedIsNotLost() {
        var pod = Pod()
        pod.status = PodStatus(containerStatuses: [ContainerStatus(name: "main", state: ContainerState(waiting: .init()))])
        #expect(LostContainer.observation(of: "main", pod: pod, now: now) == nil)
        #expect(LostContainer.observation(of: "other", pod: pod, now: now) == nil)
    }

    @Test func fieldsWithoutEffectAreACondition() {
        let seen = observation { $0.unhonoured = "spec.shareProcessNamespace (why)" }
        let condition = status(seen).conditions?.first { $0.type == "FieldNotHonoured" }
        #expect(condition?.status == "True")
        #expect(condition?.message == "spec.shareProcessNamespace (why)")
        #expect(status(observation()).conditions?.contains { $0.type == "FieldNotHonoured" } == false)
    }
}
