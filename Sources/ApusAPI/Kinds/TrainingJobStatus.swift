public import KubernetesTypes

public struct TrainingJobStatus: SchemaDescribing {
    public var observedGeneration: Int?
    public var conditions: [Condition]?
    public var phase: Phase?
    /// Counts from 1; each has its own pods.
    public var attempt: Int?
    public var attemptStartTime: Timestamp?
    /// Not before then does the next attempt start.
    public var retryTime: Timestamp?
    /// Failed attempts that count against the retry limit.
    public var failures: Int?
    public var startTime: Timestamp?
    public var completionTime: Timestamp?
    public var progress: TrainingProgress?
    public var artifact: ArtifactReference?
    public var modelVersion: String?

    /// The states of the design, in the order in which a job goes through them.
    public enum Phase: String, Codable, Sendable, Hashable, CaseIterable {
        case pending = "Pending"
        case queued = "Queued"
        case admitted = "Admitted"
        case starting = "Starting"
        case running = "Running"
        case restarting = "Restarting"
        case publishing = "Publishing"
        case succeeded = "Succeeded"
        case failed = "Failed"
        case suspended = "Suspended"

        public var isFinished: Bool { self == .succeeded || self == .failed }
    }

    public init() {}

    public static let schema = Schema.status(
        "How the training goes.", phases: Phase.allCases.map(\.rawValue),
        [
            SchemaField("attempt", .integer("Which attempt this is, from 1.", minimum: 0)),
            SchemaField("attemptStartTime", .time("When this attempt was started.")),
            SchemaField("retryTime", .time("When the next attempt starts.")),
            SchemaField("failures", .integer("Failed attempts that count against retry.limit.", minimum: 0)),
            SchemaField("startTime", .time("When the first attempt was started.")),
            SchemaField("completionTime", .time("When the job ended.")),
            SchemaField("progress", TrainingProgress.schema),
            SchemaField("artifact", ArtifactReference.schema.described("The bundle that training made.")),
            SchemaField("modelVersion", .string("The ModelVersion that the bundle is registered as.")),
        ])
}

public struct TrainingProgress: SchemaDescribing {
    public var step: Int?
    public var totalSteps: Int?
    public var epoch: Double?
    public var percent: Int?
    /// `45% (120/267)`
    public var summary: String?
    public var estimatedRemaining: KubernetesDuration?
    public var metrics: [Metric]?
    /// Step of the last checkpoint in the artifact store.
    public var checkpointStep: Int?
    public var lastUpdateTime: Timestamp?

    public struct Metric: Codable, Sendable, Hashable {
        public var name: String
        public var value: Double

        public init(name: String, value: Double) {
            self.name = name
            self.value = value
        }
    }

    public init() {}

    public static let schema = Schema.object(
        "How far the trainer is.",
        [
            SchemaField("step", .integer("Optimizer steps done.", minimum: 0)),
            SchemaField("totalSteps", .integer("Optimizer steps in all.", minimum: 0)),
            SchemaField("epoch", .number("Passes over the data done.")),
            SchemaField("percent", .integer("Share of the steps done.", minimum: 0, maximum: 100)),
            SchemaField("summary", .string("The same for people.")),
            SchemaField("estimatedRemaining", .duration("Time left at the present speed.")),
            SchemaField(
                "metrics",
                .list(
                    "Latest value of each metric.",
                    of: .object(
                        "A metric.",
                        [
                            SchemaField("name", .string("Its name."), required: true),
                            SchemaField("value", .number("Its latest value."), required: true),
                        ]), kind: .map(["name"]))),
            SchemaField("checkpointStep", .integer("Step of the last checkpoint that is safely stored.", minimum: 0)),
            SchemaField("lastUpdateTime", .time("When the trainer last said anything.")),
        ])
}
