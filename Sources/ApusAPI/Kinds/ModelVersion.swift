public import KubernetesTypes

/// One immutable entry of the registry.
public struct ModelVersion: ApusResource {
    public var apiVersion: String
    public var kind: String
    public var metadata: ObjectMeta
    public var spec: ModelVersionSpec
    public var status: ModelVersionStatus?

    public init(metadata: ObjectMeta, spec: ModelVersionSpec, status: ModelVersionStatus? = nil) {
        (apiVersion, kind) = (Self.resourceType.apiVersion, Self.resourceType.kind)
        (self.metadata, self.spec, self.status) = (metadata, spec, status)
    }

    /// Keeps a version that something uses, and its bundle with it.
    public static let finalizer = "apus.dev/in-use"

    public static let definition = CustomResource(
        type: type("ModelVersion", plural: "modelversions"),
        shortNames: ["mver"],
        description: "An immutable version of a model: the bundle's address and digest, where it came from and how good it is.",
        spec: ModelVersionSpec.schema,
        status: ModelVersionStatus.schema,
        columns: [
            .init("Model", ".spec.model"),
            .init("Version", ".spec.version", type: "integer"),
            .init("Macro-F1", ".spec.metrics['validation.macro_f1']"),
            .init("Aliases", ".status.aliasSummary"),
            .condition("Ready"),
            .init("Architecture", ".spec.architecture", wide: true),
            .init("Digest", ".spec.artifact.digest", wide: true),
            .init("Job", ".spec.lineage.trainingJob", wide: true),
            .message,
        ])
}

public struct ModelVersionSpec: SchemaDescribing {
    public var model: String
    public var version: Int
    public var artifact: ArtifactReference
    public var architecture: String?
    public var labels: [String]?
    public var metrics: [String: String]?
    public var lineage: Lineage?

    public struct Lineage: SchemaDescribing {
        public var trainingJob: String?
        public var trainingJobUID: String?
        public var image: String?
        public var baseModel: String?
        public var baseModelDigest: String?
        public var inputs: [Input]?
        public var hyperparameters: [String: IntOrString]?

        public struct Input: Codable, Sendable, Hashable {
            public var name: String
            public var uri: String
            public var digest: String?

            public init(name: String, uri: String, digest: String? = nil) {
                self.name = name
                self.uri = uri
                self.digest = digest
            }
        }

        public init() {}

        public static let schema = Schema.object(
            "Where the version came from.",
            [
                SchemaField("trainingJob", .string("Name of the TrainingJob.")),
                SchemaField("trainingJobUID", .string("Its uid, which outlives the name.")),
                SchemaField("image", .string("Image that trained.")),
                SchemaField("baseModel", .string("What training started from.")),
                SchemaField("baseModelDigest", .string("Digest of the base model's files.")),
                SchemaField(
                    "inputs",
                    .list(
                        "The data, by channel.",
                        of: .object(
                            "A channel.",
                            [
                                SchemaField("name", .string("Name of the channel."), required: true),
                                SchemaField("uri", .string("Where the data was."), required: true),
                                SchemaField("digest", .string("What it was.")),
                            ]), kind: .map(["name"]))),
                SchemaField(
                    "hyperparameters", .map("What the trainer was told.", of: .intOrString("A value."), maximumCount: 200)),
            ])
    }

    public init(model: String, version: Int, artifact: ArtifactReference) {
        self.model = model
        self.version = version
        self.artifact = artifact
    }

    public static let schema = Schema.object(
        "What the version is. None of it can be changed.",
        [
            SchemaField("model", .objectName("The Model that this is a version of.", maximumLength: 40), required: true),
            SchemaField("version", .integer("Number of the version, from 1.", minimum: 1), required: true),
            SchemaField("artifact", ArtifactReference.schema.described("The bundle."), required: true),
            SchemaField(
                "architecture", .string("Architecture as its config.json names it, such as BertForSequenceClassification.")),
            SchemaField(
                "labels", .list("The classes, in the order of the logits.", of: .string("A label."), maximumCount: 10000)),
            SchemaField(
                "metrics",
                .map("Figures by split and metric: validation.macro_f1.", of: .string("A number as text."), maximumCount: 500)),
            SchemaField("lineage", Lineage.schema),
        ]
    ).adding([SchemaRule("self == oldSelf", "a model version cannot be changed; register another")])
}

public struct ModelVersionStatus: SchemaDescribing {
    public var observedGeneration: Int?
    public var conditions: [Condition]?
    public var phase: String?
    public var aliases: [String]?
    public var aliasSummary: String?
    public var usedBy: [String]?

    public init() {}

    public static let schema = Schema.status(
        "Who uses the version.",
        [
            SchemaField("aliases", .list("Aliases that name it.", of: .string("An alias."), kind: .set)),
            SchemaField("aliasSummary", .string("The same for people.")),
            SchemaField("usedBy", .list("InferenceServices that serve it.", of: .string("Name of a service."), kind: .set)),
        ])
}
