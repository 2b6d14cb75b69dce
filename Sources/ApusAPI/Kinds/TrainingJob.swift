public import KubernetesTypes

/// One training: data and a base model in, a registered model version out.
public struct TrainingJob: ApusResource {
    public var apiVersion: String
    public var kind: String
    public var metadata: ObjectMeta
    public var spec: TrainingJobSpec
    public var status: TrainingJobStatus?

    public init(metadata: ObjectMeta, spec: TrainingJobSpec, status: TrainingJobStatus? = nil) {
        (apiVersion, kind) = (Self.resourceType.apiVersion, Self.resourceType.kind)
        (self.metadata, self.spec, self.status) = (metadata, spec, status)
    }

    public static let definition = CustomResource(
        type: type("TrainingJob", plural: "trainingjobs"),
        shortNames: ["tjob"],
        description: "Trains a model on data and registers what came out as a ModelVersion.",
        spec: TrainingJobSpec.schema,
        status: TrainingJobStatus.schema,
        columns: [
            .phase,
            .init("Progress", ".status.progress.summary"),
            .init("Attempt", ".status.attempt", type: "integer"),
            .init("Model Version", ".status.modelVersion"),
            .init("Remaining", ".status.progress.estimatedRemaining", wide: true),
            .init("Runtime", ".spec.runtimeRef.name", wide: true),
            .message,
        ],
        rules: [
            SchemaRule(
                "size(self.metadata.name) <= 52", "a training job's name has at most 52 characters: its pods are named after it")
        ])
}

public struct TrainingJobSpec: SchemaDescribing {
    public var runtimeRef: RuntimeReference?
    public var template: PodTemplateSpec?
    public var image: String?
    public var environment: [EnvironmentVariable]?
    public var baseModel: BaseModel?
    public var baseline: Baseline?
    public var inputs: [InputChannel]
    public var hyperparameters: [String: IntOrString]?
    public var replicas: Int?
    public var resources: TrainingResources?
    public var suspend: Bool?
    public var retry: RetryPolicy?
    public var activeDeadline: KubernetesDuration?
    public var startTimeout: KubernetesDuration?
    public var ttlAfterFinished: KubernetesDuration?
    public var output: TrainingOutput?
    public var metricDefinitions: [MetricDefinition]?

    public init(
        runtimeRef: RuntimeReference? = nil, template: PodTemplateSpec? = nil, baseModel: BaseModel? = nil,
        inputs: [InputChannel],
        hyperparameters: [String: IntOrString]? = nil, replicas: Int? = nil, resources: TrainingResources? = nil,
        output: TrainingOutput? = nil
    ) {
        self.runtimeRef = runtimeRef
        self.template = template
        self.baseModel = baseModel
        self.inputs = inputs
        self.hyperparameters = hyperparameters
        self.replicas = replicas
        self.resources = resources
        self.output = output
    }

    /// Changing one of these would make another training of a running job.
    private static let fixedFields = [
        "runtimeRef", "template", "image", "environment", "baseModel", "baseline", "hyperparameters", "output",
        "metricDefinitions",
    ]

    static func hyperparametersSchema(_ description: String) -> Schema {
        .map(
            description + " Fractions are written in quotes.", of: .intOrString("A value; the trainer sees it as text."),
            maximumCount: 100,
            rules: [
                SchemaRule(
                    "!('epochs' in self) || string(self['epochs']).matches('^[0-9]*[.]?[0-9]+$') && double(string(self['epochs'])) > 0.0",
                    "epochs must be a number above 0"),
                SchemaRule(
                    "!('learning_rate' in self) || !string(self['learning_rate']).matches('^(-.*|[0.]+)$')",
                    "learning_rate must be above 0"),
            ])
    }

    public static let schema = Schema.object(
        "What to train, on what, and with how much.",
        [
            SchemaField("runtimeRef", RuntimeReference.schema),
            SchemaField(
                "template", .podTemplate("Pods of this job, where no runtime is named; the container named trainer trains.")),
            SchemaField("image", .string("Replaces the runtime's image.", minimumLength: 1, maximumLength: 1024)),
            SchemaField("environment", .environment.described("Environment variables of the trainer, beside the runtime's.")),
            SchemaField("baseModel", BaseModel.schema),
            SchemaField("baseline", Baseline.schema),
            SchemaField(
                "inputs",
                .list(
                    "Data channels, found by the trainer at /opt/ml/input/data/<name>. training is trained on; every other one is evaluated "
                        + "under its name.",
                    of: InputChannel.schema, kind: .map(["name"]), minimumCount: 1, maximumCount: 20,
                    rules: [
                        SchemaRule("self.exists(c, c.name == 'training')", "one channel must be named training"),
                        SchemaRule(
                            "!self.exists(c, c.name in ['model', 'baseline'])",
                            "the channels model and baseline are for spec.baseModel and spec.baseline"),
                        SchemaRule("self == oldSelf", "the inputs of a training job cannot be changed; create another job"),
                    ]), required: true),
            SchemaField("hyperparameters", hyperparametersSchema("What the trainer is told.")),
            SchemaField("replicas", .integer("Number of pods that train together.", minimum: 1, maximum: 1024, default: 1)),
            SchemaField("resources", TrainingResources.schema),
            SchemaField(
                "suspend",
                .boolean("Stops the job and gives up its resources; it resumes from its last checkpoint.", default: false)),
            SchemaField("retry", RetryPolicy.schema.withDefault([:])),
            SchemaField(
                "activeDeadline",
                .duration("How long all attempts may run together before the job is failed with DeadlineExceeded.")),
            SchemaField(
                "startTimeout",
                .duration("How long an attempt's pods may take to start before the attempt is given up.", default: "15m")),
            SchemaField("ttlAfterFinished", .duration("How long a finished job is kept. For ever, where this is left out.")),
            SchemaField("output", TrainingOutput.schema),
            SchemaField(
                "metricDefinitions",
                .list(
                    "Metrics read from the trainer's log by pattern, for trainers that do not write metrics.jsonl.",
                    of: MetricDefinition.schema, kind: .map(["name"]), maximumCount: 40)),
        ],
        rules: [
            SchemaRule("has(self.runtimeRef) != has(self.template)", "say either runtimeRef or template"),
            SchemaRule(
                "!has(self.image) || has(self.runtimeRef)", "image replaces a runtime's image; in a template, set it there"),
        ]
            + fixedFields.map { field in
                SchemaRule(
                    "has(self.\(field)) == has(oldSelf.\(field)) && (!has(self.\(field)) || self.\(field) == oldSelf.\(field))",
                    "\(field) of a training job cannot be changed; create another job", fieldPath: ".\(field)")
            })
}

public struct RuntimeReference: SchemaDescribing {
    public enum Kind: String, Codable, Sendable, Hashable, CaseIterable {
        case trainingRuntime = "TrainingRuntime"
        case clusterTrainingRuntime = "ClusterTrainingRuntime"
    }

    public var kind: Kind?
    public var name: String

    public init(kind: Kind? = nil, name: String) {
        self.kind = kind
        self.name = name
    }

    public static let schema = Schema.object(
        "The template that this job follows.",
        [
            SchemaField(
                "kind",
                .string(
                    "Kind of the runtime.", oneOf: Kind.allCases.map(\.rawValue), default: Kind.clusterTrainingRuntime.rawValue)),
            SchemaField("name", .objectName("Name of the runtime."), required: true),
        ])
}

public struct BaseModel: SchemaDescribing {
    public var uri: String?
    public var modelVersion: String?

    public init(uri: String? = nil, modelVersion: String? = nil) {
        self.uri = uri
        self.modelVersion = modelVersion
    }

    public static let schema = Schema.object(
        "What training starts from.",
        [
            SchemaField(
                "uri",
                .string(
                    "A Hugging Face model directory (file:///path) or hub name (hf://organisation/name).",
                    pattern: "^(file:///|hf://).+",
                    maximumLength: 2048)),
            SchemaField("modelVersion", .objectName("A ModelVersion of this namespace, whose bundle is the base.")),
        ],
        rules: [SchemaRule("has(self.uri) != has(self.modelVersion)", "say either uri or modelVersion")])
}

public struct Baseline: SchemaDescribing {
    public var modelVersion: String

    public init(modelVersion: String) { self.modelVersion = modelVersion }

    public static let schema = Schema.object(
        "A version that the trainer evaluates on the same held-out data as what it trained, to be compared with.",
        [SchemaField("modelVersion", .objectName("A ModelVersion of this namespace."), required: true)])
}

public struct InputChannel: SchemaDescribing {
    public var name: String
    public var uri: String
    public var digest: String?

    public init(name: String, uri: String, digest: String? = nil) {
        self.name = name
        self.uri = uri
        self.digest = digest
    }

    public static let schema = Schema.object(
        "A channel of data.",
        [
            SchemaField(
                "name", .string("Name of the channel: training, validation, test, …", pattern: "^[a-z0-9]([a-z0-9_-]{0,62})$"),
                required: true),
            SchemaField(
                "uri", .string("A file or folder: file:///path.", pattern: "^file:///.+", maximumLength: 2048), required: true),
            SchemaField(
                "digest",
                .string(
                    "Digest the data must have. The job fails with InputChanged when it is another.",
                    pattern: "^sha256:[0-9a-f]{64}$")),
        ])
}

public struct TrainingResources: SchemaDescribing {
    public var requests: [String: Quantity]?
    public var limits: [String: Quantity]?
    public var gpus: Int?

    public init(requests: [String: Quantity]? = nil, limits: [String: Quantity]? = nil, gpus: Int? = nil) {
        self.requests = requests
        self.limits = limits
        self.gpus = gpus
    }

    public static let schema = Schema.object(
        "What each replica's trainer gets.",
        [
            SchemaField("requests", .map("Reserved: cpu, memory.", of: .quantity("An amount."), maximumCount: 16)),
            SchemaField("limits", .map("At most: cpu, memory.", of: .quantity("An amount."), maximumCount: 16)),
            SchemaField("gpus", .integer("GPUs of each replica, asked for as nvidia.com/gpu.", minimum: 0, maximum: 64)),
        ])
}

public struct RetryPolicy: SchemaDescribing {
    public var limit: Int?
    public var backoff: Backoff?

    public struct Backoff: Codable, Sendable, Hashable {
        public var base: KubernetesDuration?
        public var factor: Int?
        public var cap: KubernetesDuration?

        public init(base: KubernetesDuration? = nil, factor: Int? = nil, cap: KubernetesDuration? = nil) {
            self.base = base
            self.factor = factor
            self.cap = cap
        }
    }

    public init(limit: Int? = nil, backoff: Backoff? = nil) {
        self.limit = limit
        self.backoff = backoff
    }

    public static let schema = Schema.object(
        "What happens when an attempt fails for a reason that another attempt may not meet.",
        [
            SchemaField("limit", .integer("How many further attempts there may be.", minimum: 0, maximum: 30, default: 3)),
            SchemaField(
                "backoff",
                .object(
                    "How long to wait before the next attempt.",
                    [
                        SchemaField("base", .duration("Before the first retry.", default: "10s")),
                        SchemaField("factor", .integer("Times longer each time.", minimum: 1, maximum: 10, default: 2)),
                        SchemaField("cap", .duration("Never longer than this.", default: "5m")),
                    ]
                ).withDefault([:])),
        ])
}

public struct TrainingOutput: SchemaDescribing {
    public var model: String

    public init(model: String) { self.model = model }

    public static let schema = Schema.object(
        "What the trained model becomes.",
        [
            SchemaField(
                "model",
                .objectName("The Model that a new ModelVersion is registered under; made when missing.", maximumLength: 40),
                required: true)
        ])
}

public struct MetricDefinition: SchemaDescribing {
    public var name: String
    public var regex: String

    public init(name: String, regex: String) {
        self.name = name
        self.regex = regex
    }

    public static let schema = Schema.object(
        "A metric in the log.",
        [
            SchemaField("name", .string("Name of the metric.", pattern: "^[a-zA-Z_][a-zA-Z0-9_:]{0,62}$"), required: true),
            SchemaField(
                "regex", .string("Pattern whose first group is the number.", minimumLength: 1, maximumLength: 500), required: true
            ),
        ])
}
