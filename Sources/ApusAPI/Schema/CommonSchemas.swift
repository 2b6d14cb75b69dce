import KubernetesTypes

extension Schema {
    /// `metav1.Condition`, with the reasons that a kind uses named in its description.
    static let conditions = list(
        "What is known of the object, one entry a type. Every kind has Ready, Reconciling and Stalled; reasons are stable words.",
        of: object(
            "One aspect of the state.",
            [
                SchemaField("type", string("What the condition is about.", maximumLength: 316), required: true),
                SchemaField("status", string("Whether it holds.", oneOf: ["True", "False", "Unknown"]), required: true),
                SchemaField("reason", string("A stable word for programs.", maximumLength: 1024), required: true),
                SchemaField("message", string("A sentence a person can act on.", maximumLength: 32768), required: true),
                SchemaField("lastTransitionTime", time("When status last changed."), required: true),
                SchemaField("observedGeneration", integer("The generation of the spec that this was found for.", minimum: 0)),
            ]),
        kind: .map(["type"]))

    static let observedGeneration = integer("The generation of the spec that this status answers.", minimum: 0)

    /// The members that every status has.
    static func status(_ description: String, phases: [String]? = nil, _ fields: [SchemaField]) -> Schema {
        object(
            description,
            [
                SchemaField("observedGeneration", observedGeneration), SchemaField("conditions", conditions),
                SchemaField("phase", string("A word derived from the conditions, for display only.", oneOf: phases)),
            ] + fields)
    }

    static let environment = list(
        "Environment variables of the container.",
        of: object(
            "One variable.",
            [
                SchemaField("name", string("Name of the variable.", pattern: "^[-._a-zA-Z][-._a-zA-Z0-9]*$"), required: true),
                SchemaField("value", string("Its value."), required: true),
            ]), kind: .map(["name"]), maximumCount: 200)

    static func artifact(_ description: String) -> Schema {
        object(
            description,
            [
                SchemaField(
                    "uri", string("The artifact store: file:///path.", minimumLength: 1, maximumLength: 2048), required: true),
                SchemaField(
                    "digest", string("Digest of the bundle's manifest.", pattern: "^sha256:[0-9a-f]{64}$"), required: true),
            ])
    }
}

/// A bundle in an artifact store.
public struct ArtifactReference: SchemaDescribing {
    /// The store: `file:///var/lib/apus/artifacts`.
    public var uri: String
    /// `sha256:` and 64 hexadecimal digits, of the bundle's manifest.
    public var digest: String

    public init(uri: String, digest: String) {
        self.uri = uri
        self.digest = digest
    }

    public static let schema = Schema.artifact("A bundle in an artifact store.")
}

public struct EnvironmentVariable: Codable, Sendable, Hashable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}
