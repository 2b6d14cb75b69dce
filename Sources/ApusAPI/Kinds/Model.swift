public import KubernetesTypes

/// A registered model: the name under which versions are kept, and which of them is which.
public struct Model: ApusResource {
    public var apiVersion: String
    public var kind: String
    public var metadata: ObjectMeta
    public var spec: ModelSpec
    public var status: ModelStatus?

    public init(metadata: ObjectMeta, spec: ModelSpec = ModelSpec(), status: ModelStatus? = nil) {
        (apiVersion, kind) = (Self.resourceType.apiVersion, Self.resourceType.kind)
        (self.metadata, self.spec, self.status) = (metadata, spec, status)
    }

    /// The alias that services follow unless they say another.
    public static let productionAlias = "production"

    public static let definition = CustomResource(
        type: type("Model", plural: "models"),
        shortNames: ["mdl"],
        description: "A registered model: its versions, and the aliases that say which of them is in use.",
        spec: ModelSpec.schema,
        status: ModelStatus.schema,
        columns: [
            .init("Versions", ".status.versions", type: "integer"),
            .init("Latest", ".status.latestVersion"),
            .init("Production", ".status.aliases[?(@.name==\"production\")].version"),
            .condition("Ready"),
            .message,
        ])
}

public struct ModelSpec: SchemaDescribing {
    public var description: String?
    public var aliases: [AliasPin]?
    public var promoteFirstVersion: Bool?

    public struct AliasPin: Codable, Sendable, Hashable {
        public var name: String
        public var version: String

        public init(name: String, version: String) {
            self.name = name
            self.version = version
        }
    }

    public init(description: String? = nil, aliases: [AliasPin]? = nil, promoteFirstVersion: Bool? = nil) {
        self.description = description
        self.aliases = aliases
        self.promoteFirstVersion = promoteFirstVersion
    }

    public static let schema = Schema.object(
        "What is said of the model by people.",
        [
            SchemaField("description", .string("What the model is for.", maximumLength: 4096)),
            SchemaField(
                "aliases",
                .list(
                    "Aliases held at a version by hand; a pin is stronger than any Promotion.",
                    of: .object(
                        "A pin.",
                        [
                            SchemaField("name", aliasName, required: true),
                            SchemaField("version", .objectName("The ModelVersion that the alias stays at."), required: true),
                        ]), kind: .map(["name"]), maximumCount: 50)),
            SchemaField(
                "promoteFirstVersion",
                .boolean(
                    "Whether the first version ever registered becomes production without a Promotion by hand.", default: true)),
        ])

    static let aliasName = Schema.string(
        "Name of the alias, such as production.", pattern: "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")
}

public struct ModelStatus: SchemaDescribing {
    public var observedGeneration: Int?
    public var conditions: [Condition]?
    public var phase: String?
    public var versions: Int?
    public var latestVersion: String?
    public var highestNumber: Int?
    public var aliases: [EffectiveAlias]?
    public var usedBy: [String]?

    public init() {}

    public static let schema = Schema.status(
        "What is in force.",
        [
            SchemaField("versions", .integer("How many versions there are.", minimum: 0)),
            SchemaField("latestVersion", .string("The newest ModelVersion.")),
            SchemaField(
                "highestNumber",
                .integer("The highest number that a version ever had; a number is not given twice.", minimum: 0)),
            SchemaField(
                "aliases",
                .list(
                    "Each alias with the version it names now.",
                    of: .object(
                        "An alias.",
                        [
                            SchemaField("name", .string("Name of the alias."), required: true),
                            SchemaField("version", .string("The ModelVersion it names."), required: true),
                            SchemaField("since", .time("Since when.")),
                            SchemaField("by", .string("The Promotion that moved it, or spec for a pin.")),
                            SchemaField("reason", .string("Why it was moved.")),
                        ]), kind: .map(["name"]))),
            SchemaField(
                "usedBy",
                .list("InferenceServices that follow one of its aliases.", of: .string("Name of a service."), kind: .set)),
        ])
}

/// An alias and the version that it names now.
public struct EffectiveAlias: Codable, Sendable, Hashable {
    public var name: String
    public var version: String
    public var since: Timestamp?
    /// Name of the Promotion, or `spec`.
    public var by: String?
    public var reason: String?

    public init(name: String, version: String, since: Timestamp? = nil, by: String? = nil, reason: String? = nil) {
        self.name = name
        self.version = version
        self.since = since
        self.by = by
        self.reason = reason
    }
}
