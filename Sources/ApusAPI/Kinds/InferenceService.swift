public import KubernetesTypes

/// Serves a version, or whatever version an alias names, at one stable address.
public struct InferenceService: ApusResource {
    public var apiVersion: String
    public var kind: String
    public var metadata: ObjectMeta
    public var spec: InferenceServiceSpec
    public var status: InferenceServiceStatus?

    public init(metadata: ObjectMeta, spec: InferenceServiceSpec, status: InferenceServiceStatus? = nil) {
        (apiVersion, kind) = (Self.resourceType.apiVersion, Self.resourceType.kind)
        (self.metadata, self.spec, self.status) = (metadata, spec, status)
    }

    public static let definition = CustomResource(
        type: type("InferenceService", plural: "inferenceservices"),
        shortNames: ["infer"],
        description: "Serves a model version, or the version that an alias names, at one stable address.",
        spec: InferenceServiceSpec.schema,
        status: InferenceServiceStatus.schema,
        columns: [
            .condition("Ready"),
            .init("Version", ".status.servedVersion"),
            .init("Replicas", ".status.readyReplicas", type: "integer"),
            .phase,
            .init("URL", ".status.url"),
            .init("Digest", ".status.servedDigest", wide: true),
            .message,
        ],
        scale: .init(replicas: ".spec.scale.replicas", statusReplicas: ".status.replicas", selector: ".status.selector"),
        rules: [
            SchemaRule(
                "size(self.metadata.name) <= 40",
                "an inference service's name has at most 40 characters: its deployments are named after it")
        ])
}

public struct InferenceServiceSpec: SchemaDescribing {
    public var model: ServedModel
    public var scale: Scale?
    public var resources: ServingResources?
    public var image: String?
    public var environment: [EnvironmentVariable]?

    public struct Scale: Codable, Sendable, Hashable {
        public var replicas: Int?

        public init(replicas: Int? = nil) { self.replicas = replicas }
    }

    public struct ServingResources: Codable, Sendable, Hashable {
        public var requests: [String: Quantity]?
        public var limits: [String: Quantity]?
    }

    public init(model: ServedModel, scale: Scale? = nil) {
        self.model = model
        self.scale = scale
    }

    public static let schema = Schema.object(
        "What to serve, and with how much.",
        [
            SchemaField("model", ServedModel.schema, required: true),
            SchemaField(
                "scale",
                .object(
                    "How many servers.",
                    [
                        SchemaField(
                            "replicas",
                            .integer("Number of pods; the scale subresource sets it too.", minimum: 0, maximum: 1000, default: 1))
                    ]
                ).withDefault([:])),
            SchemaField(
                "resources",
                .object(
                    "What each server gets.",
                    [
                        SchemaField("requests", .map("Reserved: cpu, memory.", of: .quantity("An amount."), maximumCount: 16)),
                        SchemaField("limits", .map("At most: cpu, memory.", of: .quantity("An amount."), maximumCount: 16)),
                    ])),
            SchemaField(
                "image",
                .string("Image of the model server, instead of the operator's own.", minimumLength: 1, maximumLength: 1024)),
            SchemaField("environment", .environment.described("Environment variables of the model server.")),
        ])
}

public struct ServedModel: SchemaDescribing {
    public var name: String?
    public var alias: String?
    public var version: String?

    public init(name: String, alias: String? = nil) {
        self.name = name
        self.alias = alias
    }

    public init(version: String) { self.version = version }

    public static let schema = Schema.object(
        "Either a model whose alias is followed, or one version.",
        [
            SchemaField("name", .objectName("A Model of this namespace.", maximumLength: 40)),
            SchemaField("alias", ModelSpec.aliasName.described("The alias to follow; production, where this is left out.")),
            SchemaField("version", .objectName("A ModelVersion of this namespace, served whatever the aliases say.")),
        ],
        rules: [
            SchemaRule("has(self.name) != has(self.version)", "say either name (and alias) or version"),
            SchemaRule("!has(self.alias) || has(self.name)", "alias goes with name"),
        ])
}

public struct InferenceServiceStatus: SchemaDescribing {
    public var observedGeneration: Int?
    public var conditions: [Condition]?
    public var phase: Phase?
    public var url: String?
    public var servedVersion: String?
    public var servedDigest: String?
    public var traffic: [TrafficTarget]?
    public var replicas: Int?
    public var readyReplicas: Int?
    public var selector: String?
    public var transitionStartTime: Timestamp?

    public enum Phase: String, Codable, Sendable, Hashable, CaseIterable {
        case pending = "Pending"
        case stable = "Stable"
        case updating = "Updating"
        case degraded = "Degraded"
        case failed = "Failed"
    }

    public init() {}

    public static let schema = Schema.status(
        "What is served now.", phases: Phase.allCases.map(\.rawValue),
        [
            SchemaField("url", .string("The stable address on the gateway.")),
            SchemaField("servedVersion", .string("The ModelVersion that answers.")),
            SchemaField("servedDigest", .string("Digest of its bundle.")),
            SchemaField(
                "traffic",
                .list(
                    "How requests are shared among versions.",
                    of: .object(
                        "A version's share.",
                        [
                            SchemaField("modelVersion", .string("The ModelVersion."), required: true),
                            SchemaField("service", .string("The Service whose endpoints answer."), required: true),
                            SchemaField("percent", .integer("Its share.", minimum: 0, maximum: 100), required: true),
                            SchemaField("artifact", ArtifactReference.schema.described("Its bundle.")),
                        ]), kind: .map(["modelVersion"]))),
            SchemaField("replicas", .integer("Pods of the served version.", minimum: 0)),
            SchemaField("readyReplicas", .integer("Those that answer.", minimum: 0)),
            SchemaField("selector", .string("Label selector of the pods, for autoscalers.")),
            SchemaField("transitionStartTime", .time("Since when a change of version is under way.")),
        ])
}

/// A version's share of a service's requests.
public struct TrafficTarget: Codable, Sendable, Hashable {
    public var modelVersion: String
    /// Name of the Kubernetes Service in the same namespace.
    public var service: String
    public var percent: Int
    public var artifact: ArtifactReference?

    public init(modelVersion: String, service: String, percent: Int, artifact: ArtifactReference? = nil) {
        self.modelVersion = modelVersion
        self.service = service
        self.percent = percent
        self.artifact = artifact
    }
}
