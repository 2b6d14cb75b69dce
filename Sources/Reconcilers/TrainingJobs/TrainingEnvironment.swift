import ApusAPI
import KubernetesTypes

/// The variables of the trainer: SageMaker's (sagemaker-training-toolkit, `environment.py`), Vertex's ("Environment variables for
/// special Cloud Storage directories", here local paths; `CLUSTER_SPEC`), and torchrun's.
struct TrainingEnvironment {
    let pods: TrainingPods
    let rank: Int

    var variables: [EnvVar] {
        (sageMaker + vertex + torch).map { EnvVar(name: $0.0, value: $0.1) }
    }

    private var job: TrainingJob { pods.job }
    private var gpus: Int { job.spec.resources?.gpus ?? 0 }
    private var hosts: [String] { (0..<pods.replicas).map(pods.host(rank:)) }

    private func json(_ value: JSONValue) -> String { JSONSerializer.string(value) }

    private var channels: [String] {
        let base = job.spec.baseModel == nil ? [] : [TrainingAgentConfiguration.modelChannel]
        return (job.spec.inputs.map(\.name) + base).sorted()
    }

    private var sageMaker: [(String, String)] {
        let parameters = pods.hyperparameters.mapValues(\.description)
        let cpus = job.spec.resources?.limits?["cpu"]?.roundedUp
        var variables: [(String, String)] = [
            ("TRAINING_JOB_NAME", job.name),
            ("SM_MODEL_DIR", "/opt/ml/model"),
            ("SM_INPUT_DIR", "/opt/ml/input"),
            ("SM_INPUT_CONFIG_DIR", "/opt/ml/input/config"),
            ("SM_OUTPUT_DIR", "/opt/ml/output"),
            ("SM_OUTPUT_DATA_DIR", "/opt/ml/output/data"),
            ("SM_OUTPUT_INTERMEDIATE_DIR", "/opt/ml/output/intermediate"),
            ("SM_CHANNELS", json(.array(channels.map(JSONValue.string)))),
            ("SM_HOSTS", json(.array(hosts.map(JSONValue.string)))),
            ("SM_CURRENT_HOST", pods.host(rank: rank)),
            ("SM_NUM_GPUS", String(gpus)),
            ("SM_HPS", json(.object(parameters.mapValues(JSONValue.string)))),
            (
                "SM_USER_ARGS",
                json(.array(parameters.sorted { $0.key < $1.key }.flatMap { [.string("--\($0.key)"), .string($0.value)] }))
            ),
        ]
        if let cpus { variables.append(("SM_NUM_CPUS", String(cpus))) }
        for channel in channels {
            variables.append(("SM_CHANNEL_\(Self.variableName(channel))", "/opt/ml/input/data/\(channel)"))
        }
        for (name, value) in parameters.sorted(by: { $0.key < $1.key }) {
            variables.append(("SM_HP_\(Self.variableName(name))", value))
        }
        return variables
    }

    private var vertex: [(String, String)] {
        let cluster: JSONValue = ["workerpool0": .array(hosts.map { .string("\($0):\(TrainingPods.masterPort)") })]
        let specification: JSONValue = ["cluster": cluster, "task": ["type": "workerpool0", "index": .integer(Int64(rank))]]
        return [
            ("AIP_MODEL_DIR", "/opt/ml/model"),
            ("AIP_CHECKPOINT_DIR", "/opt/ml/checkpoints"),
            ("AIP_TENSORBOARD_LOG_DIR", "/opt/ml/output/tensorboard"),
            ("CLUSTER_SPEC", json(specification)),
        ]
    }

    private var torch: [(String, String)] {
        let perNode = max(gpus, 1)
        // With one process a replica the ranks are the replicas'; torchrun makes its own of the PET_ ones.
        return [
            ("MASTER_ADDR", pods.replicas == 1 ? "127.0.0.1" : pods.host(rank: 0)),
            ("MASTER_PORT", String(TrainingPods.masterPort)),
            ("WORLD_SIZE", String(pods.replicas)),
            ("RANK", String(rank)),
            ("LOCAL_WORLD_SIZE", "1"),
            ("LOCAL_RANK", "0"),
            ("PET_NNODES", String(pods.replicas)),
            ("PET_NODE_RANK", String(rank)),
            ("PET_NPROC_PER_NODE", String(perNode)),
            ("PET_MASTER_ADDR", pods.replicas == 1 ? "127.0.0.1" : pods.host(rank: 0)),
            ("PET_MASTER_PORT", String(TrainingPods.masterPort)),
        ]
    }

    /// Upper case, with `_` for what a variable's name cannot have.
    private static func variableName(_ text: String) -> String {
        String(text.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }
}
