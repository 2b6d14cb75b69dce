import ApusAPI
import FoundationEssentials
import KubernetesTypes
import Reconciliation

@testable import Reconcilers

let start = Date(timeIntervalSince1970: 1_800_000_000)

func after(_ seconds: Double) -> Date { start.addingTimeInterval(seconds) }

let platform = Platform(
    store: "file:///var/lib/apus/artifacts",
    program: .init(image: "localhost/host", command: ["/opt/bin/apus"], hostFolder: "/opt/bin"),
    gatewayURL: "http://127.0.0.1:8088", allowedFileRoots: ["/data", "/models"])

func trainingJob(_ change: (inout TrainingJobSpec) -> Void = { _ in }) -> TrainingJob {
    var spec = TrainingJobSpec(
        runtimeRef: RuntimeReference(name: "huggingface"), baseModel: BaseModel(uri: "file:///models/minilm"),
        inputs: [InputChannel(name: "training", uri: "file:///data/train.csv")], hyperparameters: ["epochs": .int(3)],
        output: TrainingOutput(model: "tickets"))
    change(&spec)
    return TrainingJob(metadata: ObjectMeta(generation: 1, name: "train", namespace: "default", uid: "job-uid"), spec: spec)
}

let runtime = TrainingRuntimeSpec(
    framework: "huggingface",
    template: PodTemplateSpec(
        spec: PodSpec(containers: [
            Container(command: ["python", "-m", "apus_huggingface"], image: "localhost/host", name: "trainer")
        ])),
    defaultHyperparameters: ["epochs": .int(1), "seed": .int(7)])

func node(_ name: String, _ allocatable: [String: Quantity]) -> Node {
    Node(
        metadata: ObjectMeta(name: name),
        status: NodeStatus(allocatable: allocatable.merging(["pods": 110]) { given, _ in given }))
}

func observe(_ job: TrainingJob, at now: Date = start, pods: [Pod] = []) -> TrainingJobObservation {
    var observation = TrainingJobObservation(job: job, now: now, platform: platform)
    observation.runtime = runtime
    observation.pods = pods
    return observation
}

/// The job as the API server shows it after the plan was executed.
func applying(_ plan: Plan, to job: TrainingJob) throws -> TrainingJob {
    var job = job
    job.status = try plan.status?.decode(TrainingJobStatus.self)
    return job
}

func createdPods(_ plan: Plan) throws -> [Pod] {
    try plan.children.compactMap { child in
        guard case .createOnce(let object, .owned) = child, object["kind"]?.string == "Pod" else { return nil }
        return try object.decode(Pod.self)
    }
}

enum TrainerState {
    case waiting(reason: String, message: String)
    case unschedulable(String)
    case running
    case publishing
    case published(digest: String)
    case reported(TrainingAgentReport, trainerExit: Int)
    case killed
    case deleting
}

func pod(_ base: Pod, _ state: TrainerState) -> Pod {
    var pod = base
    pod.metadata.creationTimestamp = Timestamp(start)
    func container(_ name: String, _ state: ContainerState) -> ContainerStatus {
        ContainerStatus(image: "localhost/host", imageID: "", name: name, ready: false, restartCount: 0, state: state)
    }
    func ended(_ code: Int, _ message: String? = nil) -> ContainerState {
        ContainerState(
            terminated: ContainerStateTerminated(exitCode: code, message: message, reason: code == 0 ? "Completed" : "Error"))
    }
    let running = ContainerState(running: ContainerStateRunning())
    var status = PodStatus(phase: "Running")
    switch state {
    case .waiting(let reason, let message):
        status.phase = "Pending"
        status.containerStatuses = [
            container("trainer", ContainerState(waiting: ContainerStateWaiting(message: message, reason: reason)))
        ]
    case .unschedulable(let message):
        status.phase = "Pending"
        status.conditions = [PodCondition(message: message, reason: "Unschedulable", status: "False", type: "PodScheduled")]
    case .running: status.containerStatuses = [container("trainer", running), container("agent", running)]
    case .publishing: status.containerStatuses = [container("trainer", ended(0)), container("agent", running)]
    case .published(let digest):
        status.phase = "Succeeded"
        let report = TrainingAgentReport(outcome: .published, digest: digest, inputs: ["training": "sha256:aa"])
        status.containerStatuses = [container("trainer", ended(0)), container("agent", ended(0, report.terminationMessage))]
    case .reported(let report, let exit):
        status.phase = "Failed"
        status.containerStatuses = [container("trainer", ended(exit)), container("agent", ended(1, report.terminationMessage))]
    case .killed:
        status.phase = "Failed"
        status.containerStatuses = [container("trainer", ended(137)), container("agent", ended(137))]
    case .deleting:
        pod.metadata.deletionTimestamp = Timestamp(start)
        status.containerStatuses = [container("trainer", running), container("agent", running)]
    }
    pod.status = status
    return pod
}

func condition(_ conditions: [Condition]?, _ type: String) -> Condition? { conditions?.first { $0.type == type } }

let digest = "sha256:" + String(repeating: "ab", count: 32)

func modelVersion(
    _ name: String, model: String = "tickets", number: Int = 1, architecture: String = "BertForSequenceClassification",
    metrics: [String: String] = [:]
) -> ModelVersion {
    var spec = ModelVersionSpec(
        model: model, version: number, artifact: ArtifactReference(uri: "file:///var/lib/apus/artifacts", digest: digest))
    spec.architecture = architecture
    spec.metrics = metrics
    return ModelVersion(metadata: ObjectMeta(generation: 1, name: name, namespace: "default", uid: "uid-\(name)"), spec: spec)
}
