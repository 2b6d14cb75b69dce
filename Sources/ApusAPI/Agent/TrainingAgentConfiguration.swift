import KubernetesTypes

/// What the operator tells the agent of a training pod, as JSON in the environment variable ``environmentVariable``.
public struct TrainingAgentConfiguration: Codable, Sendable, Hashable {
    public static let environmentVariable = "APUS_AGENT_CONFIGURATION"

    public var namespace: String
    public var job: String
    public var jobUID: String
    public var attempt: Int
    public var rank: Int
    /// Host names of all replicas, by rank.
    public var hosts: [String]
    /// The artifact store that bundles and checkpoints go to.
    public var store: String
    public var inputs: [Input]
    public var hyperparameters: [String: String]
    public var metricDefinitions: [MetricDefinition]
    /// Port of the progress endpoint and the metrics.
    public var port: Int

    /// A channel and where the agent's pod sees it.
    public struct Input: Codable, Sendable, Hashable {
        public var channel: String
        /// As the user wrote it.
        public var uri: String
        /// Where the fetching container finds it: a `file:` path inside the container, or the address itself.
        public var source: String
        public var expectedDigest: String?

        public init(channel: String, uri: String, source: String, expectedDigest: String? = nil) {
            (self.channel, self.uri, self.source, self.expectedDigest) = (channel, uri, source, expectedDigest)
        }
    }

    public init(
        namespace: String, job: String, jobUID: String, attempt: Int, rank: Int, hosts: [String], store: String, inputs: [Input],
        hyperparameters: [String: String], metricDefinitions: [MetricDefinition], port: Int
    ) {
        (self.namespace, self.job, self.jobUID, self.attempt, self.rank) = (namespace, job, jobUID, attempt, rank)
        (self.hosts, self.store, self.inputs, self.hyperparameters) = (hosts, store, inputs, hyperparameters)
        (self.metricDefinitions, self.port) = (metricDefinitions, port)
    }

    /// The mutable name in the store under which this job's checkpoints are kept.
    public var checkpointName: String { Self.checkpointName(namespace: namespace, jobUID: jobUID) }

    public static func checkpointName(namespace: String, jobUID: String) -> String { "checkpoints/\(namespace)/\(jobUID)" }

    /// Name of the channel that carries the base model.
    public static let modelChannel = "model"
    /// Name of the channel that carries the bundle to be compared with.
    public static let baselineChannel = "baseline"
}

/// What the agent's containers say when they end, as JSON in the termination message (at most 4096 bytes).
public struct TrainingAgentReport: Codable, Sendable, Hashable {
    public enum Outcome: String, Codable, Sendable, Hashable {
        /// The bundle is stored; `digest` is its address.
        case published
        /// A replica other than the first, whose trainer ended well.
        case finished
        /// Will fail again however often it is tried: `message` says what the user can change.
        case failed
        /// May go well another time.
        case interrupted
    }

    public var outcome: Outcome
    public var digest: String?
    /// A stable word for the condition, such as `TrainerFailed` or `InputNotFound`.
    public var reason: String?
    public var message: String?
    /// Digest of each channel, the base model's under `model`.
    public var inputs: [String: String]?

    public init(
        outcome: Outcome, digest: String? = nil, reason: String? = nil, message: String? = nil, inputs: [String: String]? = nil
    ) {
        (self.outcome, self.digest, self.reason, self.message, self.inputs) = (outcome, digest, reason, message, inputs)
    }

    /// Reads a termination message; nil where it is none of ours.
    public init?(terminationMessage: String) {
        guard let value = try? JSONParser.parse(terminationMessage), let report = try? value.decode(Self.self) else { return nil }
        self = report
    }

    /// At most 4096 bytes, the most that Kubernetes keeps; a longer message is cut.
    public var terminationMessage: String {
        var report = self
        while true {
            let text = (try? JSONValue(encoding: report)).map(JSONSerializer.string) ?? ""
            let excess = text.utf8.count - 4096
            guard excess > 0, let message = report.message, !message.isEmpty else { return text }
            report.message = String(message.dropLast(max(excess / 3, 16))) + "…"
            if message.count < 32 { report.message = nil }
        }
    }
}

/// What `GET /progress` of the agent answers.
public struct TrainingProgressReading: Codable, Sendable, Hashable {
    public var attempt: Int
    public var progress: TrainingProgress
    /// What keeps the agent from storing the bundle at the moment; it tries again.
    public var obstacle: Obstacle?

    public struct Obstacle: Codable, Sendable, Hashable {
        /// A stable word for the condition, such as `StoreFull`.
        public var reason: String
        public var message: String

        public init(reason: String, message: String) {
            self.reason = reason
            self.message = message
        }
    }

    public init(attempt: Int, progress: TrainingProgress, obstacle: Obstacle? = nil) {
        self.attempt = attempt
        self.progress = progress
        self.obstacle = obstacle
    }
}
