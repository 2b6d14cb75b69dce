public import KubernetesTypes

/// A piece of a structural OpenAPI v3 schema, as CustomResourceDefinitions carry them.
///
/// Every function takes the sentence that `kubectl explain` shows.
public struct Schema: Sendable, Hashable {
    public private(set) var json: [String: JSONValue]

    init(type: String?, _ description: String, _ members: [String: JSONValue?] = [:]) {
        json = members.compactMapValues(\.self)
        if let type { json["type"] = .string(type) }
        if !description.isEmpty { json["description"] = .string(description) }
    }

    /// A schema that is written elsewhere, as it is.
    public init(json: [String: JSONValue]) { self.json = json }

    static func string(
        _ description: String, oneOf values: [String]? = nil, pattern: String? = nil, minimumLength: Int? = nil,
        maximumLength: Int? = nil, default defaultValue: String? = nil
    ) -> Schema {
        Schema(
            type: "string", description,
            [
                "enum": values.map { .array($0.map(JSONValue.string)) }, "pattern": pattern.map(JSONValue.string),
                "minLength": minimumLength.map { .integer(Int64($0)) }, "maxLength": maximumLength.map { .integer(Int64($0)) },
                "default": defaultValue.map(JSONValue.string),
            ])
    }

    static func integer(_ description: String, minimum: Int? = nil, maximum: Int? = nil, default defaultValue: Int? = nil)
        -> Schema
    {
        Schema(
            type: "integer", description,
            [
                "format": "int64", "minimum": minimum.map { .integer(Int64($0)) }, "maximum": maximum.map { .integer(Int64($0)) },
                "default": defaultValue.map { .integer(Int64($0)) },
            ])
    }

    static func number(_ description: String, minimum: Double? = nil, maximum: Double? = nil, default defaultValue: Double? = nil)
        -> Schema
    {
        Schema(
            type: "number", description,
            [
                "format": "double", "minimum": minimum.map(JSONValue.number), "maximum": maximum.map(JSONValue.number),
                "default": defaultValue.map(JSONValue.number),
            ])
    }

    static func boolean(_ description: String, default defaultValue: Bool? = nil) -> Schema {
        Schema(type: "boolean", description, ["default": defaultValue.map(JSONValue.bool)])
    }

    /// The name of an object of the API: a DNS subdomain.
    static func objectName(_ description: String, maximumLength: Int = 253) -> Schema {
        .string(description, pattern: #"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"#, minimumLength: 1, maximumLength: maximumLength)
    }

    /// A length of time in Go's form: `90s`, `1h30m`.
    static func duration(_ description: String, default defaultValue: String? = nil) -> Schema {
        .string(description, pattern: KubernetesDuration.pattern, maximumLength: 64, default: defaultValue)
    }

    static func quantity(_ description: String) -> Schema {
        Schema(
            type: nil, description,
            [
                "x-kubernetes-int-or-string": true, "anyOf": .array([["type": "integer"], ["type": "string"]]),
                "pattern":
                    #"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"#,
            ])
    }

    static func intOrString(_ description: String) -> Schema {
        Schema(
            type: nil, description,
            ["x-kubernetes-int-or-string": true, "anyOf": .array([["type": "integer"], ["type": "string"]])])
    }

    static func time(_ description: String) -> Schema {
        Schema(type: "string", description, ["format": "date-time"])
    }

    /// An object whose fields its own kind defines.
    static func anyObject(_ description: String) -> Schema {
        Schema(type: "object", description, ["x-kubernetes-preserve-unknown-fields": true])
    }

    static func object(_ description: String, _ fields: [SchemaField], rules: [SchemaRule] = []) -> Schema {
        let required = fields.filter(\.isRequired).map { JSONValue.string($0.name) }
        return Schema(
            type: "object", description,
            [
                "properties": .object(Dictionary(uniqueKeysWithValues: fields.map { ($0.name, .object($0.schema.json)) })),
                "required": required.isEmpty ? nil : .array(required),
            ]
        ).adding(rules)
    }

    static func map(_ description: String, of values: Schema, maximumCount: Int? = nil, rules: [SchemaRule] = []) -> Schema {
        Schema(
            type: "object", description,
            ["additionalProperties": .object(values.json), "maxProperties": maximumCount.map { .integer(Int64($0)) }]
        ).adding(rules)
    }

    enum ListKind {
        /// Replaced as a whole.
        case atomic
        /// Merged by these keys.
        case map([String])
        case set
    }

    static func list(
        _ description: String, of items: Schema, kind: ListKind = .atomic, minimumCount: Int? = nil, maximumCount: Int? = nil,
        rules: [SchemaRule] = []
    ) -> Schema {
        var members: [String: JSONValue?] = [
            "items": .object(items.json), "minItems": minimumCount.map { .integer(Int64($0)) },
            "maxItems": maximumCount.map { .integer(Int64($0)) },
        ]
        switch kind {
        case .atomic: members["x-kubernetes-list-type"] = "atomic"
        case .set: members["x-kubernetes-list-type"] = "set"
        case .map(let keys):
            members["x-kubernetes-list-type"] = "map"
            members["x-kubernetes-list-map-keys"] = .array(keys.map(JSONValue.string))
        }
        return Schema(type: "array", description, members).adding(rules)
    }

    func adding(_ rules: [SchemaRule]) -> Schema {
        guard !rules.isEmpty else { return self }
        var copy = self
        copy.json["x-kubernetes-validations"] = .array((json["x-kubernetes-validations"]?.array ?? []) + rules.map(\.json))
        return copy
    }

    /// The same with another sentence: what a type means depends on the field that holds it.
    func described(_ description: String) -> Schema {
        var copy = self
        copy.json["description"] = .string(description)
        return copy
    }

    /// Cannot be changed once set; the parent says whether it may be added or removed.
    func immutable(_ message: String) -> Schema { adding([SchemaRule("self == oldSelf", message)]) }

    func withDefault(_ value: JSONValue) -> Schema {
        var copy = self
        copy.json["default"] = value
        return copy
    }
}

/// A named member of an object.
struct SchemaField {
    var name: String
    var schema: Schema
    var isRequired: Bool

    init(_ name: String, _ schema: Schema, required: Bool = false) {
        self.name = name
        self.schema = schema
        isRequired = required
    }
}

/// A CEL rule and the sentence for who breaks it.
struct SchemaRule: Sendable, Hashable {
    var rule: String
    var message: String
    /// Where in the object the error points, relative to the rule: `.version`.
    var fieldPath: String?

    init(_ rule: String, _ message: String, fieldPath: String? = nil) {
        self.rule = rule
        self.message = message
        self.fieldPath = fieldPath
    }

    var json: JSONValue {
        var value: JSONValue = ["rule": .string(rule), "message": .string(message)]
        if let fieldPath { value["fieldPath"] = .string(fieldPath) }
        return value
    }
}

/// A type whose fields a schema describes. A test holds the two together: the schema's properties are the type's coding keys.
public protocol SchemaDescribing: Codable, Sendable, Hashable {
    static var schema: Schema { get }
}
