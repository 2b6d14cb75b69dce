import ApusAPI
import FoundationEssentials
import KubernetesTypes
import Reconciliation
import Testing

@testable import Reconcilers

@Suite struct TrainingJobReconcilerTests {
    /// The job with its first attempt started, and that attempt's pods as planned.
    private func started(_ job: TrainingJob = trainingJob()) throws -> (job: TrainingJob, pods: [Pod]) {
        let plan = try TrainingJobReconciler.reconcile(observe(job))
        return (try applying(plan, to: job), try createdPods(plan))
    }

    private func status(_ plan: Plan) throws -> TrainingJobStatus { try #require(try plan.status?.decode()) }

    // MARK: Starting

    @Test func theFirstPassMakesOnePodWithTheContract() throws {
        let (job, pods) = try started()
        #expect(job.status?.phase == .starting)
        #expect(job.status?.attempt == 1)
        let pod = try #require(pods.first)
        #expect(pods.count == 1)
        #expect(pod.name == "train-1-0")
        #expect(pod.spec.restartPolicy == "Never")
        #expect(pod.spec.initContainers?.map(\.name) == ["fetch"])
        #expect(pod.spec.containers.map(\.name) == ["trainer", "agent"])
        let trainer = pod.spec.containers[0]
        #expect(trainer.args == ["train"])
        let environment = Dictionary(uniqueKeysWithValues: (trainer.env ?? []).map { ($0.name, $0.value ?? "") })
        #expect(environment["TRAINING_JOB_NAME"] == "train")
        #expect(environment["SM_HP_EPOCHS"] == "3")
        #expect(environment["SM_HPS"] == #"{"epochs":"3","seed":"7"}"#)
        #expect(environment["SM_CHANNELS"] == #"["model","training"]"#)
        #expect(environment["SM_CHANNEL_TRAINING"] == "/opt/ml/input/data/training")
        #expect(environment["AIP_CHECKPOINT_DIR"] == "/opt/ml/checkpoints")
        #expect(environment["WORLD_SIZE"] == "1")
        let paths = Set((trainer.volumeMounts ?? []).map(\.mountPath))
        #expect(paths.isSuperset(of: ["/opt/ml/input", "/opt/ml/model", "/opt/ml/output"]))
        // Only the agent may talk to the API server.
        #expect(pod.spec.automountServiceAccountToken == false)
        #expect(trainer.volumeMounts?.contains { $0.name == "agent-token" } == false)
    }

    @Test func aSecondPassOverTheSameChangesNothing() throws {
        let (job, pods) = try started()
        let plan = try TrainingJobReconciler.reconcile(observe(job, pods: pods.map { pod($0, .running) }))
        #expect(try createdPods(plan).isEmpty)
        #expect(plan.kept == Set(pods.map { ResourceReference($0) }))
        #expect(try status(plan).phase == .running)
    }

    @Test func aCrashBetweenThePodsAndTheStatusMakesNoSecondAttempt() throws {
        let (_, pods) = try started()
        let plan = try TrainingJobReconciler.reconcile(observe(trainingJob(), at: after(5), pods: pods.map { pod($0, .running) }))
        #expect(try createdPods(plan).isEmpty)
        #expect(try status(plan).attempt == 1)
        #expect(try status(plan).phase == .running)
        #expect(try status(plan).startTime?.date == start)
    }

    @Test func replicasFindEachOther() throws {
        let (_, pods) = try started(trainingJob { $0.replicas = 2 })
        #expect(pods.map(\.name) == ["train-1-0", "train-1-1"])
        let environment = Dictionary(
            uniqueKeysWithValues: (pods[1].spec.containers[0].env ?? []).map { ($0.name, $0.value ?? "") })
        #expect(environment["MASTER_ADDR"] == "train-1-0.train.default.svc")
        #expect(environment["RANK"] == "1")
        #expect(environment["WORLD_SIZE"] == "2")
        #expect(pods[1].spec.subdomain == "train")
    }

    // MARK: What stands in the way

    struct Obstacle: CustomTestStringConvertible, Sendable {
        var reason: String
        var phase: TrainingJobStatus.Phase
        var change: @Sendable (inout TrainingJobObservation) -> Void
        var testDescription: String { reason }
    }

    @Test(arguments: [
        Obstacle(reason: "RuntimeNotFound", phase: .pending) { $0.runtime = nil },
        Obstacle(reason: "NoNodeHasEnoughGPUs", phase: .pending) {
            $0.job.spec.resources = TrainingResources(gpus: 8)
            $0.nodes = [node("gpu-1", ["cpu": 32, "memory": .bytes(64 << 30), "nvidia.com/gpu": 4])]
        },
        Obstacle(reason: "NoNodeIsLargeEnough", phase: .pending) {
            $0.job.spec.resources = TrainingResources(requests: ["memory": .bytes(64 << 30)])
            $0.nodes = [node("small", ["cpu": 2, "memory": .bytes(8 << 30)])]
        },
        Obstacle(reason: "ClusterTooSmall", phase: .pending) {
            $0.job.spec.resources = TrainingResources(requests: ["cpu": 3])
            $0.job.spec.replicas = 3
            $0.nodes = [node("a", ["cpu": 4, "memory": .bytes(8 << 30)]), node("b", ["cpu": 4, "memory": .bytes(8 << 30)])]
        },
        Obstacle(reason: "NoNodeAllowed", phase: .pending) {
            $0.nodes = [node("closed", ["cpu": 4, "memory": .bytes(8 << 30)])]
            $0.nodes[0].spec.unschedulable = true
        },
        Obstacle(reason: "FileNotAllowed", phase: .failed) { $0.job.spec.inputs[0].uri = "file:///data/../etc/shadow" },
        Obstacle(reason: "OverrideNotAllowed", phase: .failed) {
            $0.runtime?.allowedOverrides = [.resources]
            $0.job.spec.image = "other"
        },
        Obstacle(reason: "MetricPatternInvalid", phase: .failed) {
            $0.job.spec.metricDefinitions = [MetricDefinition(name: "loss", regex: "loss=([0-9.]+")]
        },
        Obstacle(reason: "TemplateNotAllowed", phase: .failed) { $0.runtime?.template.spec?.containers = [] },
        Obstacle(reason: "TemplateNotAllowed", phase: .failed) {
            $0.runtime?.template.spec?.containers[0].volumeMounts = [VolumeMount(mountPath: "/x", name: "agent-token")]
        },
        Obstacle(reason: "TemplateNotAllowed", phase: .failed) {
            $0.runtime?.template.spec?.volumes = [Volume(emptyDir: EmptyDirVolumeSource(), name: "checkpoints")]
        },
        Obstacle(reason: "TemplateNotAllowed", phase: .failed) {
            $0.job.spec.runtimeRef = nil
            $0.job.spec.template = runtime.template
            $0.job.spec.template?.spec?.volumes = [Volume(hostPath: HostPathVolumeSource(path: "/etc"), name: "etc")]
        },
        Obstacle(reason: "InputNotFound", phase: .failed) { $0.files = ["/data/train.csv": .missing] },
        Obstacle(reason: "FileNotAllowed", phase: .failed) { $0.files = ["/data/train.csv": .outside("/etc/shadow")] },
        Obstacle(reason: "InputEmpty", phase: .failed) { $0.files = ["/data/train.csv": .empty] },
        Obstacle(reason: "BaseModelNotFound", phase: .failed) { $0.files = ["/models/minilm": .missing] },
        Obstacle(reason: "BaseModelNotFound", phase: .pending) { $0.job.spec.baseModel = BaseModel(modelVersion: "gone-1") },
        Obstacle(reason: "BaselineNotFound", phase: .pending) { $0.job.spec.baseline = Baseline(modelVersion: "gone-1") },
    ])
    func obstaclesAreNamedAndMakeNoPods(obstacle: Obstacle) throws {
        var observation = observe(trainingJob())
        obstacle.change(&observation)
        let plan = try TrainingJobReconciler.reconcile(observation)
        #expect(try createdPods(plan).isEmpty)
        #expect(try status(plan).phase == obstacle.phase)
        let ready = try #require(condition(try status(plan).conditions, "Ready"))
        #expect(ready.reason == obstacle.reason)
        #expect(ready.message.count > 20)
    }

    @Test func whatNoNodeHasIsSaidInOneSentence() throws {
        var observation = observe(trainingJob { $0.resources = TrainingResources(gpus: 4) })
        observation.nodes = [node("gpu-1", ["cpu": 8, "memory": .bytes(16 << 30), "nvidia.com/gpu": 2])]
        let message = try #require(condition(try status(TrainingJobReconciler.reconcile(observation)).conditions, "Ready"))
            .message
        #expect(message.hasPrefix("The job asks for 4 nvidia.com/gpu per replica; the node, gpu-1, has 2. "), "\(message)")
        // A node that is large enough lets it start.
        observation.nodes.append(node("gpu-2", ["cpu": 8, "memory": .bytes(16 << 30), "nvidia.com/gpu": 4]))
        #expect(try createdPods(TrainingJobReconciler.reconcile(observation)).count == 1)
    }

    /// What is gone while an attempt runs concerns the next attempt only.
    @Test func obstaclesDoNotStopWhatRuns() throws {
        let first = try TrainingJobReconciler.reconcile(observe(trainingJob()))
        let job = try applying(first, to: trainingJob())
        let running = try createdPods(first).map { pod($0, .running) }
        var observation = observe(job, at: after(5), pods: running)
        observation.runtime = nil
        let plan = try TrainingJobReconciler.reconcile(observation)
        #expect(try status(plan).phase == .running)
        #expect(plan.kept.count == running.count)
    }

    @Test func aResumedJobWaitsForWhatIsMissingWithoutLosingAnAttempt() throws {
        var job = trainingJob()
        var suspended = TrainingJobStatus()
        suspended.phase = .suspended
        suspended.attempt = 1
        job.status = suspended
        var observation = observe(job)
        observation.runtime = nil
        var plan = try TrainingJobReconciler.reconcile(observation)
        #expect(try status(plan).phase == .pending)
        observation.job = try applying(plan, to: job)
        observation.now = after(30)
        plan = try TrainingJobReconciler.reconcile(observation)
        #expect(try status(plan).phase == .pending)
        #expect(try status(plan).failures == nil)
        observation.job = try applying(plan, to: observation.job)
        observation.runtime = runtime
        plan = try TrainingJobReconciler.reconcile(observation)
        #expect(try createdPods(plan).map(\.name) == ["train-2-0"])
    }

    @Test(arguments: [
        (TrainerState.waiting(reason: "ImagePullBackOff", message: "not found"), "ImagePullFailed"),
        (.waiting(reason: "CreateContainerConfigError", message: "no secret x"), "CreateContainerConfigError"),
        (.unschedulable("0/1 nodes are available: 1 Insufficient cpu."), "Unschedulable"),
    ])
    func whatKeepsAPodFromStartingIsTold(state: TrainerState, reason: String) throws {
        let (job, pods) = try started()
        let plan = try TrainingJobReconciler.reconcile(observe(job, at: after(3), pods: pods.map { pod($0, state) }))
        #expect(try status(plan).phase == .starting)
        #expect(condition(try status(plan).conditions, "Ready")?.reason == reason)
        let late = try TrainingJobReconciler.reconcile(observe(job, at: after(901), pods: pods.map { pod($0, state) }))
        #expect(try status(late).phase == .restarting)
        #expect(condition(try status(late).conditions, "Ready")?.reason == "StartTimeout")
    }

    /// An orderly stop of the node is no failure of the training, and uses up none of its attempts.
    @Test func aNodeThatIsStoppedCostsNoAttempt() throws {
        let (job, pods) = try started(trainingJob { $0.retry = RetryPolicy(limit: 0) })
        var stopped = pod(pods[0], .killed)
        stopped.status?.containerStatuses?[0].state?.terminated?.reason = "NodeShutdown"
        let plan = try TrainingJobReconciler.reconcile(observe(job, at: after(30), pods: [stopped]))
        #expect(try status(plan).phase == .restarting && status(plan).failures == nil)
        let next = try TrainingJobReconciler.reconcile(observe(applying(plan, to: job), at: after(31), pods: [stopped]))
        #expect(try createdPods(next).map(\.name) == ["train-2-0"])
        #expect(try status(next).attempt == 2)
    }

    @Test func aJobsLimitHoldsForWhatItsRuntimeAsksFor() throws {
        let wanted = TrainingResources(limits: ["memory": .bytes(150 << 20)])
        var observation = observe(trainingJob { $0.resources = wanted })
        observation.runtime?.template.spec?.containers[0].resources = ResourceRequirements(
            requests: ["memory": .bytes(1 << 30), "cpu": 1])
        let made = try createdPods(TrainingJobReconciler.reconcile(observation))
        #expect(made.first?.spec.containers[0].resources?.requests == ["memory": .bytes(150 << 20), "cpu": 1])
    }

    // MARK: What a job's own template may say

    private func refusal(_ change: (inout PodSpec, inout TrainingJobObservation) -> Void) throws -> String? {
        var observation = observe(trainingJob())
        observation.platform.allowedFileRoots.append("/var/lib/apus/artifacts")
        var spec = try #require(runtime.template.spec)
        change(&spec, &observation)
        observation.job.spec.runtimeRef = nil
        observation.job.spec.template = PodTemplateSpec(spec: spec)
        return TemplateRules.violation(observation)
    }

    private func refusal(hostPath: String, readOnly: Bool?) throws -> String? {
        try refusal { spec, _ in
            spec.volumes = [Volume(hostPath: HostPathVolumeSource(path: hostPath), name: "files")]
            spec.containers[0].volumeMounts = [VolumeMount(mountPath: "/files", name: "files", readOnly: readOnly)]
        }
    }

    @Test func aJobsTemplateGetsNoMoreThanAPod() throws {
        #expect(try refusal { _, _ in } == nil)
        #expect(try refusal { spec, _ in spec.hostNetwork = true }?.contains("hostNetwork") == true)
        #expect(try refusal { spec, _ in spec.hostPID = true }?.contains("hostPID") == true)
        let privileged = SecurityContext(privileged: true)
        #expect(try refusal { spec, _ in spec.containers[0].securityContext = privileged }?.contains("privileges") == true)
        let capable = SecurityContext(capabilities: Capabilities(add: ["SYS_ADMIN"]))
        #expect(try refusal { spec, _ in spec.containers[0].securityContext = capable }?.contains("capabilities") == true)
    }

    @Test func aJobsTemplateReadsWhereInputsLieAndNoMore() throws {
        #expect(try refusal(hostPath: "/data/images", readOnly: true) == nil)
        #expect(try refusal(hostPath: "/data/images", readOnly: nil)?.contains("readOnly: true") == true)
        for path in ["/etc", "/data/../etc", "/var/lib/apus/artifacts", "/var/lib/apus/artifacts/x", "/var/lib", "/"] {
            let message = try refusal(hostPath: path, readOnly: true)
            #expect(message?.contains("Allowed are files below /data, /models.") == true, "\(path)")
        }
    }

    /// However the path is written, and where the store lies below a folder that is allowed.
    @Test func noPathLeadsToTheStore() throws {
        for path in [
            "/var/lib/apus/artifacts", "/var/lib/x/../apus/artifacts/blobs", "/var/lib/apus/./artifacts", "/var/lib/x/..",
        ] {
            let message = try refusal { spec, observation in
                observation.platform.allowedFileRoots = ["/var/lib"]
                spec.volumes = [Volume(hostPath: HostPathVolumeSource(path: path), name: "files")]
            }
            #expect(message?.contains("mounts \(path) of the node") == true, "\(path)")
        }
    }

    /// A runtime is the platform team's.
    @Test func aRuntimesTemplateMay() {
        var observation = observe(trainingJob())
        observation.runtime?.template.spec?.hostNetwork = true
        observation.runtime?.template.spec?.containers[0].securityContext = SecurityContext(privileged: true)
        #expect(TemplateRules.violation(observation) == nil)
    }

    // MARK: Ending well

    @Test func onlyAStoredAndRegisteredBundleIsSuccess() throws {
        let (job, pods) = try started()
        let published = pods.map { pod($0, .published(digest: digest)) }

        var observation = observe(job, at: after(60), pods: published)
        #expect(try status(TrainingJobReconciler.reconcile(observation)).phase == .publishing)

        observation.bundle = .read(
            BundleFacts(digest: digest, architecture: "Bert", labels: ["a"], metrics: ["validation.macro_f1": "0.8"]))
        observation.modelVersions = [modelVersion("tickets-4", number: 4)]
        let registering = try TrainingJobReconciler.reconcile(observation)
        #expect(try status(registering).phase == .publishing)
        let made = try registering.children.map { try $0.object.value.decode(AnyKind.self).kind }
        #expect(made == ["Model", "ModelVersion"])
        let version = try #require(try registering.children.last?.object.value.decode(ModelVersion.self))
        #expect(version.name == "tickets-5")
        #expect(registering.children.allSatisfy { $0.ownership == .independent })
        #expect(version.spec.lineage?.inputs == [.init(name: "training", uri: "file:///data/train.csv", digest: "sha256:aa")])

        observation.modelVersions.append(version)
        let done = try TrainingJobReconciler.reconcile(observation)
        #expect(try status(done).phase == .succeeded)
        #expect(try status(done).modelVersion == "tickets-5")
        #expect(done.effects.map(\.name) == [TrainingEffect.deleteCheckpoints])
        #expect(condition(try status(done).conditions, "Complete")?.status == "True")
    }

    /// A first replica that was given up with its attempt may go on to publish; that is not what the job made.
    @Test func onlyThePresentAttemptsBundleIsRegistered() throws {
        let old = "sha256:" + String(repeating: "01", count: 32)
        let (first, pods) = try started()
        var job = first
        job.status?.attempt = 2
        var second = pods[0]
        second.metadata.name = "train-2-0"
        second.metadata.labels?[ApusLabel.attempt] = "2"
        var observation = observe(
            job, at: after(60), pods: [pod(pods[0], .published(digest: old)), pod(second, .published(digest: digest))])
        #expect(observation.publishedDigest == digest)

        observation.bundle = .read(BundleFacts(digest: old))
        let waiting = try TrainingJobReconciler.reconcile(observation)
        #expect(waiting.children.isEmpty)
        #expect(try status(waiting).phase == .publishing)

        observation.bundle = .read(BundleFacts(digest: digest))
        let version = try #require(
            try TrainingJobReconciler.reconcile(observation).children.last?.object.value.decode(ModelVersion.self))
        #expect(version.spec.artifact.digest == digest)
        observation.pods[1] = pod(second, .running)
        #expect(observation.publishedDigest == nil)
    }

    private struct AnyKind: Decodable { var kind: String }

    /// The phase is for display: changing it starts nothing.
    @Test func whatHasEndedStaysSo() throws {
        let (first, pods) = try started()
        var job = first
        job.status?.phase = .running
        job.status?.conditions = [Condition(reason: "Succeeded", status: "True", type: "Complete")]
        let plan = try TrainingJobReconciler.reconcile(observe(job, at: after(60), pods: pods.map { pod($0, .killed) }))
        #expect(plan.children.isEmpty && plan.events.isEmpty)
        #expect(try status(plan).phase == .succeeded)
    }

    @Test func aBundleThatIsNotWholeFailsTheJob() throws {
        let (job, pods) = try started()
        var observation = observe(job, at: after(60), pods: pods.map { pod($0, .published(digest: digest)) })
        observation.bundle = .invalid("model.safetensors is truncated")
        #expect(
            condition(try status(TrainingJobReconciler.reconcile(observation)).conditions, "Failed")?.reason == "InvalidBundle")
        observation.bundle = .unavailable("not mounted")
        #expect(try status(TrainingJobReconciler.reconcile(observation)).phase == .publishing)
    }

    // MARK: Ending badly

    @Test func whatTheUserMustChangeIsNotTriedAgain() throws {
        let (job, pods) = try started()
        let report = TrainingAgentReport(
            outcome: .failed, reason: "TrainerFailed", message: "The column label is missing; found: text, lable.")
        let plan = try TrainingJobReconciler.reconcile(
            observe(job, at: after(9), pods: pods.map { pod($0, .reported(report, trainerExit: 1)) }))
        #expect(try status(plan).phase == .failed)
        #expect(condition(try status(plan).conditions, "Stalled")?.message == report.message)
        #expect(plan.kept.count == 1, "the pod stays for its log")
    }

    /// The fetching container's or the trainer's end is seen before the pod's: its log must not go with the pod.
    @Test func aPodThatIsAboutToEndStaysForItsLog() throws {
        let (job, pods) = try started()
        let report = TrainingAgentReport(outcome: .failed, reason: "InputEmpty", message: "The channel training is empty.")
        var ending = pods.map { pod($0, .reported(report, trainerExit: 1)) }
        ending[0].status?.phase = "Running"
        let plan = try TrainingJobReconciler.reconcile(observe(job, at: after(9), pods: ending))
        #expect(try status(plan).phase == .failed)
        #expect(plan.kept == [ResourceReference(ending[0])])
    }

    @Test func aFullStoreIsTriedAgainByTheAgentNotByTraining() throws {
        let (job, pods) = try started()
        var observation = observe(job, at: after(60), pods: pods.map { pod($0, .publishing) })
        observation.reading = TrainingProgressReading(
            attempt: 1, progress: TrainingProgress(), obstacle: .init(reason: "StoreFull", message: "No space is left."))
        let plan = try TrainingJobReconciler.reconcile(observation)
        #expect(try status(plan).phase == .publishing)
        #expect(try status(plan).failures == nil)
        let ready = try #require(condition(try status(plan).conditions, "Ready"))
        #expect(ready.reason == "StoreFull" && ready.message.contains("the agent tries again"))
        #expect(plan.events.map(\.reason) == ["StoreFull"])
        #expect(plan.kept.count == 1)
        // Told once.
        observation.job = try applying(plan, to: job)
        #expect(try TrainingJobReconciler.reconcile(observation).events.isEmpty)
    }

    @Test func anInterruptedAttemptIsTriedAgainAfterTheOldPodsAreGone() throws {
        let (job, pods) = try started()
        let killed = pods.map { pod($0, .killed) }
        let failed = try TrainingJobReconciler.reconcile(observe(job, at: after(30), pods: killed))
        let restarting = try applying(failed, to: job)
        #expect(restarting.status?.phase == .restarting)
        #expect(restarting.status?.failures == 1)

        // The same failure is not counted twice.
        let again = try TrainingJobReconciler.reconcile(observe(restarting, at: after(31), pods: killed))
        #expect(try status(again).failures == 1)
        #expect(try createdPods(again).isEmpty)

        // A pod that may still run holds the next attempt back.
        let lingering = pods.map { pod($0, .deleting) }
        let held = try TrainingJobReconciler.reconcile(observe(restarting, at: after(60), pods: lingering))
        #expect(try createdPods(held).isEmpty)
        #expect(condition(try status(held).conditions, "Ready")?.reason == "WaitingForOldPods")

        let next = try TrainingJobReconciler.reconcile(observe(restarting, at: after(60), pods: killed))
        #expect(try createdPods(next).map(\.name) == ["train-2-0"])
        #expect(try status(next).attempt == 2)
    }

    @Test func aDeletedPodIsAnotherAttemptNotTheSameAgain() throws {
        let (job, _) = try started()
        let plan = try TrainingJobReconciler.reconcile(observe(job, at: after(30), pods: []))
        #expect(try createdPods(plan).isEmpty)
        #expect(try status(plan).phase == .restarting)
        #expect(condition(try status(plan).conditions, "Ready")?.reason == "PodLost")
    }

    @Test func theRetryLimitEndsTheJob() throws {
        var (job, pods) = try started(trainingJob { $0.retry = RetryPolicy(limit: 0) })
        pods = pods.map { pod($0, .killed) }
        let plan = try TrainingJobReconciler.reconcile(observe(job, at: after(30), pods: pods))
        #expect(try status(plan).phase == .failed)
        job.spec.retry = RetryPolicy(limit: 1)
        #expect(try status(TrainingJobReconciler.reconcile(observe(job, at: after(30), pods: pods))).phase == .restarting)
    }

    @Test(arguments: [(1, 10.0), (2, 20), (3, 40), (10, 300)])
    func backOffGrowsToItsCap(failures: Int, seconds: Double) {
        #expect(RetryDelay.seconds(afterFailures: failures, policy: nil) == seconds)
    }

    @Test func theDeadlineEndsTheJob() throws {
        var (job, pods) = try started(trainingJob { $0.activeDeadline = KubernetesDuration("1h") })
        pods = pods.map { pod($0, .running) }
        #expect(try status(TrainingJobReconciler.reconcile(observe(job, at: after(3599), pods: pods))).phase == .running)
        let plan = try TrainingJobReconciler.reconcile(observe(job, at: after(3601), pods: pods))
        #expect(condition(try status(plan).conditions, "Failed")?.reason == "DeadlineExceeded")
        #expect(plan.kept.isEmpty, "running pods are deleted")
        job = try applying(plan, to: job)
        job.spec.ttlAfterFinished = KubernetesDuration("10m")
        #expect(try TrainingJobReconciler.reconcile(observe(job, at: after(3700))).deletesObject == false)
        #expect(try TrainingJobReconciler.reconcile(observe(job, at: after(3601 + 601))).deletesObject)
    }

    @Test func suspensionTakesThePodsAndResumingIsTheNextAttempt() throws {
        var (job, pods) = try started()
        job.spec.suspend = true
        let suspended = try TrainingJobReconciler.reconcile(observe(job, at: after(5), pods: pods.map { pod($0, .running) }))
        #expect(suspended.kept.isEmpty && suspended.children.isEmpty)
        job = try applying(suspended, to: job)
        #expect(job.status?.phase == .suspended)
        job.spec.suspend = false
        let held = try TrainingJobReconciler.reconcile(observe(job, at: after(6), pods: pods.map { pod($0, .deleting) }))
        #expect(try createdPods(held).isEmpty)
        let resumed = try TrainingJobReconciler.reconcile(observe(job, at: after(7)))
        #expect(try createdPods(resumed).map(\.name) == ["train-2-0"])
        #expect(try status(resumed).failures == nil, "a suspension is no failure")
    }

    @Test func progressComesFromTheCurrentAttemptOnly() throws {
        let (job, pods) = try started()
        var observation = observe(job, at: after(5), pods: pods.map { pod($0, .running) })
        var progress = TrainingProgress()
        (progress.step, progress.totalSteps) = (120, 267)
        observation.reading = TrainingProgressReading(attempt: 1, progress: progress)
        #expect(try status(TrainingJobReconciler.reconcile(observation)).progress?.summary == "44% (120/267)")
        observation.reading = TrainingProgressReading(attempt: 9, progress: progress)
        #expect(try status(TrainingJobReconciler.reconcile(observation)).progress == nil)
    }

    /// A trainer writes what it likes.
    @Test(arguments: [
        (Int.max, 1, 100), (Int.max, Int.max, 100), (-1, 10, nil), (Int.min, 10, nil), (5, 0, nil), (5, Int.min, nil),
    ])
    func whateverATrainerCountsIsSurvived(_ step: Int, _ total: Int, _ percent: Int?) throws {
        let first = try TrainingJobReconciler.reconcile(observe(trainingJob()))
        var observation = observe(
            try applying(first, to: trainingJob()), at: after(10), pods: [pod(try createdPods(first)[0], .running)])
        var progress = TrainingProgress()
        (progress.step, progress.totalSteps) = (step, total)
        observation.reading = TrainingProgressReading(attempt: 1, progress: progress)
        #expect(try status(TrainingJobReconciler.reconcile(observation)).progress?.percent == percent)
    }

    @Test(arguments: ["99999999999999999999h", "9223372036854775807ms", "999999999999999999999999999999s"])
    func timesWithoutEndAreACentury(_ text: String) throws {
        let forever = try #require(KubernetesDuration(text))
        #expect(forever.seconds <= 100 * 365 * 86_400)
        let job = trainingJob {
            $0.activeDeadline = forever
            $0.startTimeout = forever
            let policy: JSONValue = ["limit": 5, "backoff": ["base": .string(text), "cap": .string(text)]]
            $0.retry = try? policy.decode()
        }
        let first = try TrainingJobReconciler.reconcile(observe(job))
        let lost = observe(try applying(first, to: job), at: after(10), pods: [pod(try createdPods(first)[0], .killed)])
        #expect(try status(TrainingJobReconciler.reconcile(lost)).phase == .restarting)
    }

    @Test func aNumberIsNotGivenTwice() throws {
        let first = try TrainingJobReconciler.reconcile(observe(trainingJob()))
        var observation = observe(
            try applying(first, to: trainingJob()), at: after(10),
            pods: [pod(try createdPods(first)[0], .published(digest: digest))])
        observation.bundle = .read(BundleFacts(digest: digest))
        observation.modelVersions = [modelVersion("tickets-1")]
        observation.highestVersionNumber = 4
        let plan = try TrainingJobReconciler.reconcile(observation)
        #expect(plan.children.contains { $0.object.kind == "ModelVersion" && $0.object.name == "tickets-5" })
    }

    @Test func aTerminationMessageFitsWhatKubernetesKeeps() throws {
        let report = TrainingAgentReport(
            outcome: .failed, reason: "TrainerFailed", message: String(repeating: "é\"", count: 4000))
        #expect(report.terminationMessage.utf8.count <= 4096)
        #expect(TrainingAgentReport(terminationMessage: report.terminationMessage)?.outcome == .failed)
    }
}
