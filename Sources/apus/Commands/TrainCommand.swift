import ApusAPI
import ArgumentParser
import Embedded
import KubernetesClient
import KubernetesTypes

/// `apus train`: a training job from a few words.
struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Trains a model: makes a TrainingJob and follows it.",
        discussion: """
            Data is CSV, TSV, JSONL or Parquet with a text and a label column. Files that pods of the embedded cluster cannot see are
            copied to its data folder. The version that comes out is MODEL-1, MODEL-2, ….

            Exit code 0 when the job has succeeded, 1 when it has failed, 3 when the time is up (the job goes on).

            Examples:
              apus train tickets train.csv
              apus train tickets train.csv --channel test=test.csv \\
                --base-model /opt/apus/models/all-MiniLM-L6-v2 \\
                --set epochs=3 --set learning_rate=5e-5
              apus train tickets train.csv --base-model tickets-1 --dry-run > job.yaml
            """)

    @Argument(help: "Model that the result becomes a version of.", completion: Completion.named("mdl"))
    var model: String

    @Argument(help: "Labelled training data: a file, or an address that pods can read.", completion: .file())
    var trainingData: String

    @Option(help: "More data, as NAME=FILE: validation, test, fresh, old; may be repeated.")
    var channel: [String] = []

    @Option(help: "A Hugging Face folder, hf://ORG/NAME, or the name of a ModelVersion.")
    var baseModel = "file:///opt/apus/models/all-MiniLM-L6-v2"

    @Option(name: .customLong("set"), help: "Hyperparameter, as NAME=VALUE; may be repeated.")
    var hyperparameters: [String] = []

    @Option(help: "ClusterTrainingRuntime to train by.", completion: Completion.named("ctrt"))
    var runtime = "huggingface"

    @Option(help: "Name of the job; made of the model's where left out.")
    var name: String?

    @Option(help: "GPUs of each replica.")
    var gpus: Int?

    @Option(help: "Processors that each replica asks for: 2, 500m.")
    var cpu: String?

    @Option(help: "Memory that each replica asks for: 4Gi.")
    var memory: String?

    @Option(help: "Replicas that train together.")
    var replicas: Int?

    @Flag(help: "Only print the manifest.")
    var dryRun = false

    @Flag(inversion: .prefixedNo, help: "Follow the job until it ends.")
    var wait = true

    @Option(help: "How long to follow it at most.")
    var timeout = "6h"

    @Option(name: .shortAndLong, help: "What is printed in the end: name, json or yaml.")
    var output = ObjectFormat.name

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let seconds = try DurationArgument.seconds(timeout)
        var request = TrainingRequest(model: model)
        request.data =
            [("training", trainingData)]
            + (try channel.map { pair in
                let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
                guard parts.count == 2 else { throw ValidationError("--channel \(pair): say NAME=FILE.") }
                return (parts[0], parts[1])
            })
        (request.baseModel, request.hyperparameters, request.runtime) = (baseModel, hyperparameters, runtime)
        (request.name, request.gpus, request.cpu, request.memory, request.replicas) = (name, gpus, cpu, memory, replicas)
        let upload = DataUpload(dataDirectory: connection.cluster.data) { Terminal.note("apus: \($0)") }
        if dryRun {
            return try await Failure.explained {
                let job = try request.job(namespace: connection.namespace, suffix: "1") { try upload.address(of: $0) }
                Terminal.say(try YAML.string(JSONValue(encoding: job)))
            }
        }
        try await connection.use { [request] cluster in
            let namespace = connection.namespace ?? cluster.defaultNamespace
            let job = try request.job(namespace: namespace, suffix: cluster.client.chance.suffix()) { try upload.address(of: $0) }
            let made = try await cluster.client.create(job)
            Terminal.note("apus: trainingjob.apus.dev/\(made.name) created")
            guard wait else { return Terminal.say("trainingjob.apus.dev/\(made.name)") }
            try await follow(made, cluster, seconds: seconds)
        }
    }

    private func follow(_ job: TrainingJob, _ cluster: ClusterConnection, seconds: Int) async throws {
        let last = try await cluster.follow(
            "tjob/\(job.name)", until: try WaitGoal("condition=Complete"), TrainingJob.resourceType, job.name,
            namespace: job.namespace, within: .seconds(seconds), advice: "; it goes on: apus wait tjob/\(job.name)")
        guard try !output.printed(last?.value) else { return }
        Terminal.say("trainingjob.apus.dev/\(job.name)")
        guard let version = try last?.value.decode(TrainingJob.self).status?.modelVersion else { return }
        Terminal.say("modelversion.apus.dev/\(version)")
        let made = try await cluster.client.get(ModelVersion.self, version, namespace: job.namespace)
        for (metric, value) in (made.spec.metrics ?? [:]).sorted(by: { $0.key < $1.key }) {
            Terminal.note("  \(Terminal.padded(metric, 28)) \(value)")
        }
    }
}
