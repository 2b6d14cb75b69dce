import KubernetesTypes

/// The schema of a custom resource, read once from `openAPIV3Schema`.
///
/// Immutable after its creation, and a class because schemas nest and are shared by requests.
final class StructuralSchema: Sendable {
    enum ListType: String, Sendable { case atomic, set, map }

    enum Additional: Sendable {
        case nothing
        case anything
        case schema(StructuralSchema)
    }

    let type: String
    let format: String
    let isNullable: Bool
    let isIntOrString: Bool
    let preservesUnknownFields: Bool
    let isEmbeddedResource: Bool
    let listType: ListType
    let listMapKeys: [String]
    let isAtomicMap: Bool
    let properties: [String: StructuralSchema]
    let additionalProperties: Additional
    let items: StructuralSchema?
    let required: [String]
    let defaultValue: JSONValue?
    let allowedValues: [JSONValue]?
    let pattern: String?
    let bounds: Bounds
    let allOf: [StructuralSchema]
    let anyOf: [StructuralSchema]
    let oneOf: [StructuralSchema]
    let not: StructuralSchema?
    let rules: [ValidationRule]
    /// The JSON that it was read from.
    let source: JSONValue

    struct Bounds: Sendable {
        var minimum: JSONValue?
        var maximum: JSONValue?
        var isMinimumExclusive = false
        var isMaximumExclusive = false
        var multipleOf: JSONValue?
        var minimumLength: Int?
        var maximumLength: Int?
        var minimumItems: Int?
        var maximumItems: Int?
        var minimumProperties: Int?
        var maximumProperties: Int?
        var hasUniqueItems = false
    }

    init(_ schema: JSONValue) {
        func list(_ key: String) -> [StructuralSchema] { schema.elements(key).map { StructuralSchema($0) } }
        func number(_ key: String) -> Int? { schema[key]?.integer.flatMap { Int(exactly: $0) } }
        source = schema
        type = schema.text("type")
        format = schema.text("format")
        isNullable = schema["nullable"]?.bool == true
        isIntOrString = schema["x-kubernetes-int-or-string"]?.bool == true
        preservesUnknownFields = schema["x-kubernetes-preserve-unknown-fields"]?.bool == true
        isEmbeddedResource = schema["x-kubernetes-embedded-resource"]?.bool == true
        listType = ListType(rawValue: schema.text("x-kubernetes-list-type")) ?? .atomic
        listMapKeys = schema.elements("x-kubernetes-list-map-keys").compactMap(\.string)
        isAtomicMap = schema.text("x-kubernetes-map-type") == "atomic"
        properties = (schema["properties"]?.object ?? [:]).mapValues { StructuralSchema($0) }
        switch schema["additionalProperties"] {
        case .object(let members)?: additionalProperties = .schema(StructuralSchema(.object(members)))
        case .bool(true)?: additionalProperties = .anything
        default: additionalProperties = .nothing
        }
        items = schema["items"].flatMap { $0.object == nil ? nil : StructuralSchema($0) }
        required = schema.elements("required").compactMap(\.string)
        defaultValue = schema["default"]
        allowedValues = schema["enum"]?.array
        pattern = schema["pattern"]?.string
        bounds = Bounds(
            minimum: schema["minimum"], maximum: schema["maximum"], isMinimumExclusive: schema["exclusiveMinimum"]?.bool == true,
            isMaximumExclusive: schema["exclusiveMaximum"]?.bool == true, multipleOf: schema["multipleOf"],
            minimumLength: number("minLength"), maximumLength: number("maxLength"), minimumItems: number("minItems"),
            maximumItems: number("maxItems"), minimumProperties: number("minProperties"),
            maximumProperties: number("maxProperties"), hasUniqueItems: schema["uniqueItems"]?.bool == true)
        allOf = list("allOf")
        anyOf = list("anyOf")
        oneOf = list("oneOf")
        not = schema["not"].flatMap { $0.object == nil ? nil : StructuralSchema($0) }
        rules = schema.elements("x-kubernetes-validations").map { ValidationRule($0) }
    }

    /// The schema of a member of an object; nil where it has none.
    func member(_ name: String) -> StructuralSchema? {
        if let property = properties[name] { return property }
        if case .schema(let schema) = additionalProperties { return schema }
        return nil
    }

    /// Whether this schema or one below it has rules in the expression language.
    var hasRules: Bool {
        if !rules.isEmpty { return true }
        if let items, items.hasRules { return true }
        if case .schema(let schema) = additionalProperties, schema.hasRules { return true }
        return properties.values.contains { $0.hasRules }
    }
}

/// An entry of `x-kubernetes-validations`.
struct ValidationRule: Sendable, Hashable {
    var rule: String
    var message: String
    var messageExpression: String
    var reason: String
    var fieldPath: String
    var hasOptionalOldSelf: Bool

    init(_ value: JSONValue) {
        rule = value.text("rule")
        message = value.text("message")
        messageExpression = value.text("messageExpression")
        reason = value.text("reason")
        fieldPath = value.text("fieldPath")
        hasOptionalOldSelf = value["optionalOldSelf"]?.bool == true
    }
}
