public import ApusAPI
public import FoundationEssentials
public import KubernetesTypes

/// Everything that is known when a training job is planned.
public struct TrainingJobObservation: Sendable {
    public var job: TrainingJob
    public var now: Date
    public var platform: Platform
    /// The runtime that the job names; nil where it names none or the runtime is not there.
    public var runtime: TrainingRuntimeSpec?
    /// The pods that the job owns, of every attempt.
    public var pods: [Pod]
    /// The version that the base model names; nil where it names none or it is not there.
    public var baseModelVersion: ModelVersion?
    /// The version that the baseline names; nil where it names none or it is not there.
    public var baselineVersion: ModelVersion?
    /// What the first replica's agent last said of the trainer.
    public var reading: TrainingProgressReading?
    /// What the bundle holds that the first replica's agent published, read from the store.
    public var bundle: BundleReading?
    /// Versions of the output model.
    public var modelVersions: [ModelVersion]
    public var modelExists: Bool
    /// The highest number that a version of the output model ever had.
    public var highestVersionNumber = 0
    /// The cluster's nodes; empty where none is known.
    public var nodes: [Node]
    /// What lies at the `file:` addresses of inputs and base model, by path; empty where the operator cannot see the nodes' files.
    public var files: [String: FileReading]

    public init(job: TrainingJob, now: Date, platform: Platform) {
        self.job = job
        self.now = now
        self.platform = platform
        pods = []
        modelVersions = []
        modelExists = false
        nodes = []
        files = [:]
    }

    /// The bundle that the present attempt reports as stored: its first replica publishes for all. Attempts that were given up
    /// may have stored one too, which is not the job's.
    public var publishedDigest: String? {
        guard let attempt = job.status?.attempt else { return nil }
        return pods.first { $0.attempt == attempt && $0.rank == 0 }.flatMap(AttemptAssessment.report)?.digest
    }

    /// The `file:` addresses that the job names, with the field that names each.
    public var fileAddresses: [(field: String, path: String)] {
        let base = job.spec.baseModel?.uri.map { [("baseModel.uri", $0)] } ?? []
        return (job.spec.inputs.map { ("inputs[\($0.name)].uri", $0.uri) } + base).compactMap { field, uri in
            FilePath.path(of: uri).map { (field, $0) }
        }
    }
}

/// What lies at a path of a node.
public enum FileReading: Sendable, Hashable {
    case missing
    /// A file without a byte, or a folder without a file.
    case empty
    case present
    /// A link that leads out of the folders that are allowed.
    case outside(String)
}

/// What a published bundle says of itself.
public enum BundleReading: Sendable, Hashable {
    case read(BundleFacts)
    /// The store could not be read: try again.
    case unavailable(String)
    /// The store answers and has no such bundle.
    case missing(String)
    /// The bundle is there and is not what it should be.
    case invalid(String)
}

public struct BundleFacts: Sendable, Hashable {
    public var digest: String
    public var architecture: String?
    public var labels: [String]
    /// Figures by split and metric, as text: `validation.macro_f1`.
    public var metrics: [String: String]

    public init(digest: String, architecture: String? = nil, labels: [String] = [], metrics: [String: String] = [:]) {
        self.digest = digest
        self.architecture = architecture
        self.labels = labels
        self.metrics = metrics
    }
}
