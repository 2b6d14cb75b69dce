public import KubernetesTypes

/// Moves an alias to a version, because; together they are the registry's history.
public struct Promotion: ApusResource {
    public var apiVersion: String
    public var kind: String
    public var metadata: ObjectMeta
    public var spec: PromotionSpec
    public var status: PromotionStatus?

    public init(metadata: ObjectMeta, spec: PromotionSpec, status: PromotionStatus? = nil) {
        (apiVersion, kind) = (Self.resourceType.apiVersion, Self.resourceType.kind)
        (self.metadata, self.spec, self.status) = (metadata, spec, status)
    }

    public static let definition = CustomResource(
        type: type("Promotion", plural: "promotions"),
        shortNames: ["promo"],
        description: "Moves an alias of a model to a version. Never changed; the newest one for an alias is in force.",
        spec: PromotionSpec.schema,
        status: PromotionStatus.schema,
        columns: [
            .init("Model", ".spec.model"), .init("Alias", ".spec.alias"), .init("Version", ".spec.version"),
            .phase,
            .init("By", ".spec.requestedBy", wide: true), .init("Reason", ".spec.reason", wide: true), .message,
        ])
}

public struct PromotionSpec: SchemaDescribing {
    public var model: String
    public var alias: String
    public var version: String
    public var reason: String?
    public var requestedBy: String?

    public init(model: String, alias: String, version: String, reason: String? = nil, requestedBy: String? = nil) {
        self.model = model
        self.alias = alias
        self.version = version
        self.reason = reason
        self.requestedBy = requestedBy
    }

    public static let schema = Schema.object(
        "What to move, where to and why. None of it can be changed.",
        [
            SchemaField("model", .objectName("The Model.", maximumLength: 40), required: true),
            SchemaField("alias", ModelSpec.aliasName, required: true),
            SchemaField("version", .objectName("The ModelVersion that the alias names from now on."), required: true),
            SchemaField("reason", .string("Why, for whoever reads the history.", maximumLength: 4096)),
            SchemaField("requestedBy", .string("Who asked: a person, or a controller's object.", maximumLength: 256)),
        ]
    ).adding([SchemaRule("self == oldSelf", "a promotion cannot be changed; create another")])
}

public struct PromotionStatus: SchemaDescribing {
    public var observedGeneration: Int?
    public var conditions: [Condition]?
    public var phase: Phase?
    public var appliedTime: Timestamp?

    public enum Phase: String, Codable, Sendable, Hashable, CaseIterable {
        case pending = "Pending"
        case applied = "Applied"
        case superseded = "Superseded"
        case rejected = "Rejected"
    }

    public init() {}

    public static let schema = Schema.status(
        "What became of it.", phases: Phase.allCases.map(\.rawValue),
        [SchemaField("appliedTime", .time("When the alias was moved."))])
}
