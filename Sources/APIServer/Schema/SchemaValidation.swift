import CEL
import KubernetesTypes

/// Validation of a definition's schema: that it is structural, and that what it says makes sense.
struct SchemaValidation {
    private var errors: [FieldError] = []

    static func validate(_ schema: JSONValue, _ field: String) -> [FieldError] {
        var validation = SchemaValidation()
        let type = schema.text("type")
        if type.isEmpty {
            return [.required("\(field).type", "must not be empty at the root")]
        } else if type != "object" {
            validation.errors.append(.invalid("\(field).type", .string(type), "must be object at the root"))
        }
        validation.visit(schema, field, isRoot: true, isNested: false)
        if validation.errors.isEmpty { validation.rules(schema, field, isRoot: true) }
        return validation.errors
    }

    private static let types = ["array", "boolean", "integer", "number", "object", "string"]

    private mutating func fail(_ error: FieldError) { errors.append(error) }

    private mutating func visit(_ schema: JSONValue, _ field: String, isRoot: Bool, isNested: Bool) {
        if schema.isSet("$ref"), !schema.text("$ref").isEmpty {
            return fail(.forbidden("\(field).$ref", "$ref is not supported"))
        }
        let type = schema.text("type")
        if !type.isEmpty, !Self.types.contains(type) {
            fail(.notSupported("\(field).type", .string(type), supported: Self.types))
        }
        if schema["uniqueItems"]?.bool == true {
            fail(
                .forbidden(
                    "\(field).uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"))
        }
        for name in ["definitions", "dependencies", "patternProperties"] where schema.isSet(name) {
            fail(.forbidden("\(field).\(name)", "\(name) is not supported"))
        }
        if schema.isSet("additionalProperties"), schema["properties"]?.object?.isEmpty == false {
            fail(.forbidden("\(field).additionalProperties", "additionalProperties and properties are mutual exclusive"))
        }
        if let pattern = schema["pattern"]?.string {
            do throws(RegularExpression.SyntaxError) {
                _ = try RegularExpression(pattern)
            } catch {
                fail(.invalid("\(field).pattern", .string(pattern), "must be a valid regular expression, but isn't: \(error)"))
            }
        }
        if type == "array", !schema.isSet("items"), !isNested { fail(.required("\(field).items", "must be specified")) }
        listTypes(schema, field)
        if isRoot, let metadata = schema[path: ["properties", "metadata"]] {
            metadataRules(metadata, "\(field).properties[metadata]")
        }
        if isNested { nestedRestrictions(schema, field) } else { valueRestrictions(schema, field) }
        let preservesType =
            schema["x-kubernetes-int-or-string"]?.bool == true || schema["x-kubernetes-preserve-unknown-fields"]?.bool == true
        if !isRoot, !isNested, type.isEmpty, !preservesType {
            let what = field.hasSuffix("items") ? "array items" : "object fields"
            fail(.required("\(field).type", "must not be empty for specified \(what)"))
        }
        if !isNested { defaultValue(schema, field) }
        children(schema, field, isNested: isNested)
    }

    private mutating func children(_ schema: JSONValue, _ field: String, isNested: Bool) {
        for (name, property) in (schema["properties"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            visit(property, "\(field).properties[\(name)]", isRoot: false, isNested: isNested)
        }
        if let additional = schema["additionalProperties"], additional.object != nil {
            visit(additional, "\(field).additionalProperties", isRoot: false, isNested: isNested)
        }
        if let items = schema["items"] {
            if items.array != nil {
                fail(.forbidden("\(field).items", "items must be a schema object and not an array"))
            } else {
                visit(items, "\(field).items", isRoot: false, isNested: isNested)
            }
        }
        for list in ["allOf", "anyOf", "oneOf"] {
            for (index, alternative) in schema.elements(list).enumerated() {
                visit(alternative, "\(field).\(list)[\(index)]", isRoot: false, isNested: true)
            }
        }
        if let not = schema["not"], not.object != nil {
            visit(not, "\(field).not", isRoot: false, isNested: true)
        }
    }

    private mutating func nestedRestrictions(_ schema: JSONValue, _ field: String) {
        for name in [
            "type", "title", "description", "default", "nullable", "additionalProperties", "x-kubernetes-preserve-unknown-fields",
            "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string", "x-kubernetes-list-type",
            "x-kubernetes-list-map-keys",
            "x-kubernetes-map-type",
        ] where schema.isSet(name) {
            // Integers and strings are told apart inside the junctors that stand for int-or-string.
            if name == "type", ["integer", "string"].contains(schema.text("type")), field.contains("anyOf[") { continue }
            fail(.forbidden("\(field).\(name)", "must be empty to be structural"))
        }
    }

    private mutating func valueRestrictions(_ schema: JSONValue, _ field: String) {
        if schema["x-kubernetes-embedded-resource"]?.bool == true {
            if schema.text("type") != "object" {
                fail(
                    .invalid(
                        "\(field).type", .string(schema.text("type")), "must be object if x-kubernetes-embedded-resource is true")
                )
            }
            if !schema.isSet("properties"), schema["x-kubernetes-preserve-unknown-fields"]?.bool != true {
                fail(
                    .required(
                        "\(field).properties",
                        "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
                    ))
            }
        }
        if schema["x-kubernetes-int-or-string"]?.bool == true, !schema.text("type").isEmpty {
            fail(.invalid("\(field).type", .string(schema.text("type")), "must be empty if x-kubernetes-int-or-string is true"))
        }
    }

    private mutating func listTypes(_ schema: JSONValue, _ field: String) {
        let mapType = schema.text("x-kubernetes-map-type")
        if !mapType.isEmpty, !["atomic", "granular"].contains(mapType) {
            fail(.notSupported("\(field).x-kubernetes-map-type", .string(mapType), supported: ["granular", "atomic"]))
        }
        let keys = schema.elements("x-kubernetes-list-map-keys").compactMap(\.string)
        guard let type = schema["x-kubernetes-list-type"]?.string else {
            if !keys.isEmpty {
                fail(.required("\(field).x-kubernetes-list-type", "must be map if x-kubernetes-list-map-keys is non-empty"))
            }
            return
        }
        guard ["atomic", "set", "map"].contains(type) else {
            return fail(.notSupported("\(field).x-kubernetes-list-type", .string(type), supported: ["atomic", "set", "map"]))
        }
        if schema.text("type") != "array" {
            fail(.invalid("\(field).type", .string(schema.text("type")), "must be array if x-kubernetes-list-type is specified"))
        }
        let items = schema["items"] ?? [:]
        if type == "set" {
            if items.text("type") == "object", items.text("x-kubernetes-map-type") != "atomic" {
                fail(
                    .invalid(
                        "\(field).items.x-kubernetes-map-type", items["x-kubernetes-map-type"] ?? .null,
                        "must be atomic as item of a list with x-kubernetes-list-type=set"))
            }
            return
        }
        guard type == "map" else { return }
        if keys.isEmpty {
            return fail(.required("\(field).x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map"))
        }
        if items.text("type") != "object" {
            fail(
                .invalid(
                    "\(field).items.type", .string(items.text("type")),
                    "must be object if parent array's x-kubernetes-list-type is map"))
        }
        let required = Set(items.elements("required").compactMap(\.string))
        for (index, key) in keys.enumerated() {
            guard let property = items["properties"]?[key] else {
                fail(
                    .invalid(
                        "\(field).x-kubernetes-list-map-keys[\(index)]", .string(key),
                        "entries must all be names of item properties"))
                continue
            }
            if ["object", "array"].contains(property.text("type")) {
                fail(
                    .invalid(
                        "\(field).items.properties[\(key)].type", .string(property.text("type")),
                        "must be a scalar type if parent array's x-kubernetes-list-type is map"))
            }
            if !required.contains(key), !property.isSet("default") {
                fail(
                    .required(
                        "\(field).items.properties[\(key)].default",
                        "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"))
            }
        }
        if Set(keys).count != keys.count {
            fail(
                .invalid(
                    "\(field).x-kubernetes-list-map-keys", .array(keys.map(JSONValue.string)),
                    "must not contain duplicate entries"))
        }
    }

    private mutating func metadataRules(_ metadata: JSONValue, _ field: String) {
        let others = (metadata["properties"]?.object ?? [:]).keys.filter { $0 != "name" && $0 != "generateName" }
        if !others.isEmpty {
            fail(
                .forbidden(
                    field, "must not specify anything other than name and generateName, but metadata is implicitly specified"))
        }
    }

    private mutating func defaultValue(_ schema: JSONValue, _ field: String) {
        guard let value = schema["default"] else { return }
        let structural = StructuralSchema(schema)
        let (pruned, _) = SchemaPruning.prune(["v": value], StructuralSchema(["properties": ["v": schema]]))
        if let pruned = pruned["v"], pruned != value, schema["x-kubernetes-embedded-resource"]?.bool != true {
            fail(.invalid("\(field).default", value, "must not have unknown fields"))
        }
        for error in ValueValidation.validate(value, old: nil, structural) {
            let path = error.field.isEmpty || error.field == "<nil>" ? "\(field).default" : "\(field).default.\(error.field)"
            fail(FieldError(error.reason, path, message: error.message))
        }
    }

    // MARK: - Rules

    private mutating func rules(_ schema: JSONValue, _ field: String, isRoot: Bool) {
        let type = CELType(schema: schema, isResourceRoot: isRoot)
        for (index, entry) in schema.elements("x-kubernetes-validations").enumerated() {
            rule(ValidationRule(entry), entry, type, "\(field).x-kubernetes-validations[\(index)]")
        }
        for (name, property) in (schema["properties"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            rules(property, "\(field).properties[\(name)]", isRoot: false)
        }
        if let additional = schema["additionalProperties"], additional.object != nil {
            rules(additional, "\(field).additionalProperties", isRoot: false)
        }
        if let items = schema["items"], items.object != nil { rules(items, "\(field).items", isRoot: false) }
    }

    private static let reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"]

    private mutating func rule(_ rule: ValidationRule, _ entry: JSONValue, _ type: CELType, _ field: String) {
        if rule.rule.filter({ !$0.isWhitespace }).isEmpty { return fail(.required("\(field).rule", "rule is not specified")) }
        if rule.message.contains("\n") {
            fail(.invalid("\(field).message", .string(rule.message), "message must not contain line breaks"))
        }
        if !rule.message.isEmpty, rule.message.allSatisfy(\.isWhitespace) {
            fail(.invalid("\(field).message", .string(rule.message), "message must be non-empty if specified"))
        }
        if rule.rule.contains("\n"), rule.message.isEmpty {
            fail(.required("\(field).message", "message must be specified if rule contains line breaks"))
        }
        if !rule.reason.isEmpty, !Self.reasons.contains(rule.reason) {
            fail(.notSupported("\(field).reason", .string(rule.reason), supported: Self.reasons))
        }
        let variables = ExpressionRules.variables(type, rule)
        func invalid(_ name: String, _ detail: String) -> FieldError {
            FieldError(.invalid, "\(field).\(name)", message: "Invalid value: \(Self.shown(entry)): \(detail)")
        }
        do throws(CELError) {
            let program = try CELProgram(rule.rule, variables: variables)
            if program.type != .bool, program.type != .any { fail(invalid("rule", "cel expression must evaluate to a bool")) }
            if rule.hasOptionalOldSelf, !program.uses("oldSelf") {
                fail(
                    .invalid(
                        "\(field).optionalOldSelf", true,
                        "option optionalOldSelf is set on a rule that does not use oldSelf"))
            }
        } catch {
            fail(invalid("rule", "compilation failed: \(error.message)"))
        }
        guard !rule.messageExpression.isEmpty else { return }
        do throws(CELError) {
            let program = try CELProgram(rule.messageExpression, variables: variables)
            if program.type != .string, program.type != .any {
                fail(invalid("messageExpression", "messageExpression must evaluate to a string"))
            }
        } catch {
            fail(invalid("messageExpression", "messageExpression compilation failed: \(error.message)"))
        }
    }

    /// A rule as Go shows its internal form, with the characters of HTML escaped.
    private static func shown(_ entry: JSONValue) -> String {
        func text(_ name: String) -> String {
            JSONSerializer.string(.string(entry.text(name))).map { character -> String in
                switch character {
                case "<": "\\u003c"
                case ">": "\\u003e"
                case "&": "\\u0026"
                default: String(character)
                }
            }.joined()
        }
        func optional(_ name: String) -> String { entry[name].map(JSONSerializer.string) ?? "null" }
        return "{\"Rule\":\(text("rule")),\"Message\":\(text("message")),\"MessageExpression\":\(text("messageExpression")),"
            + "\"Reason\":\(optional("reason")),\"FieldPath\":\(text("fieldPath")),\"OptionalOldSelf\":\(optional("optionalOldSelf"))}"
    }
}
