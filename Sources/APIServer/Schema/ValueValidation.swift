import CEL
import KubernetesTypes

/// Checks values against a structural schema, in the words of kube-openapi's validators.
///
/// On updates, a value that has not changed is not held to rules that it already broke (ratcheting).
struct ValueValidation {
    private var errors: [FieldError] = []

    /// - Parameter isResource: whether the value has type and metadata, which schemas need not speak of.
    static func validate(
        _ value: JSONValue, old: JSONValue?, _ schema: StructuralSchema, path: String = "", isResource: Bool = true
    ) -> [FieldError] {
        var validation = ValueValidation()
        validation.visit(value, old, schema, path: path, isRoot: isResource)
        return validation.errors
    }

    private mutating func fail(_ error: FieldError) { errors.append(error) }

    /// An error that upstream reports without a path.
    private mutating func fail(loose message: String) {
        fail(FieldError(.invalid, "<nil>", message: "Invalid value: \"\": \(message)"))
    }

    private mutating func visit(
        _ value: JSONValue, _ old: JSONValue?, _ schema: StructuralSchema, path: String, isRoot: Bool = false
    ) {
        if let old, old == value { return }
        if value.isNull, schema.isNullable { return }
        if let mismatch = typeMismatch(value, schema) {
            if case .number = value, schema.type == "integer" {
                fail(loose: "Checked value must be of type integer (default format) in \(path)")
            }
            fail(
                .typeInvalid(
                    path, .string(Self.typeName(value)),
                    "\(path) in body must be of type \(mismatch): \"\(Self.typeName(value))\""))
            return
        }
        switch value {
        case .object(let members): object(members, old?.object, schema, path, isRoot: isRoot)
        case .array(let elements): array(elements, old?.array, schema, path)
        case .string(let text): string(text, schema, path)
        case .integer, .number: number(value, schema, path)
        default: break
        }
        if let allowed = schema.allowedValues, !allowed.contains(value) {
            let supported = allowed.map { $0.string ?? JSONSerializer.string($0) }
            fail(.notSupported(path, value, supported: supported))
        }
        combinations(value, old, schema, path)
    }

    private func typeMismatch(_ value: JSONValue, _ schema: StructuralSchema) -> String? {
        if schema.isIntOrString {
            switch value {
            case .integer, .string: return nil
            default: return "integer,string"
            }
        }
        let isRight =
            switch (schema.type, value) {
            case ("", _), ("object", .object), ("array", .array), ("string", .string), ("boolean", .bool), ("integer", .integer),
                ("number", .integer), ("number", .number):
                true
            case ("integer", .number(let number)): number == number.rounded() && abs(number) < 1e18
            default: false
            }
        return isRight ? nil : schema.type
    }

    private static func typeName(_ value: JSONValue) -> String { value.typeName }

    private mutating func object(
        _ members: [String: JSONValue], _ old: [String: JSONValue]?, _ schema: StructuralSchema, _ path: String, isRoot: Bool
    ) {
        if let maximum = schema.bounds.maximumProperties, members.count > maximum {
            fail(Self.tooMany(path, members.count, maximum))
        }
        if let minimum = schema.bounds.minimumProperties, members.count < minimum {
            fail(.invalid(path, .integer(Int64(members.count)), "\(path) in body should have at least \(minimum) properties"))
        }
        for name in schema.required where members[name] == nil { fail(.required(Self.child(path, name))) }
        for (name, member) in members.sorted(by: { $0.key < $1.key }) {
            if isRoot, ["apiVersion", "kind", "metadata"].contains(name), schema.properties[name] == nil { continue }
            if let property = schema.member(name) { visit(member, old?[name], property, path: Self.child(path, name)) }
        }
        if schema.isEmbeddedResource, !isRoot {
            for name in ["apiVersion", "kind"] where members[name]?.string?.isEmpty ?? true {
                fail(.required(Self.child(path, name)))
            }
        }
    }

    private mutating func array(
        _ elements: [JSONValue], _ old: [JSONValue]?, _ schema: StructuralSchema, _ path: String
    ) {
        if let maximum = schema.bounds.maximumItems, elements.count > maximum {
            fail(Self.tooMany(path, elements.count, maximum))
        }
        if let minimum = schema.bounds.minimumItems, elements.count < minimum {
            fail(.invalid(path, .integer(Int64(elements.count)), "\(path) in body should have at least \(minimum) items"))
        }
        if let items = schema.items {
            let correlated = ListCorrelation(old, schema)
            for (index, element) in elements.enumerated() {
                visit(element, correlated.match(element), items, path: "\(path)[\(index)]")
            }
        }
        var seen: Set<JSONValue> = []
        for (index, element) in elements.enumerated() where schema.listType != .atomic {
            let key = schema.listType == .set ? element : ListCorrelation.key(of: element, schema)
            if !seen.insert(key).inserted { fail(.duplicate("\(path)[\(index)]", key)) }
        }
    }

    private mutating func string(_ text: String, _ schema: StructuralSchema, _ path: String) {
        let length = text.unicodeScalars.count
        if let maximum = schema.bounds.maximumLength, length > maximum { fail(.tooLong(path, maximum: maximum)) }
        if let minimum = schema.bounds.minimumLength, length < minimum {
            fail(.invalid(path, .string(text), "\(path) in body should be at least \(minimum) chars long"))
        }
        if let pattern = schema.pattern, let expression = try? RegularExpression.cached(pattern), !expression.matches(text) {
            fail(.invalid(path, .string(text), "\(path) in body should match '\(pattern)'"))
        }
        if !schema.format.isEmpty, !StringFormats.accepts(text, format: schema.format) {
            fail(
                .typeInvalid(
                    path, .string(text),
                    "\(path) in body must be of type \(schema.format): \(JSONSerializer.string(.string(text)))"))
        }
    }

    private mutating func number(_ value: JSONValue, _ schema: StructuralSchema, _ path: String) {
        let bounds = schema.bounds
        if let integer = value.integer, schema.format == "int32", Int32(exactly: integer) == nil {
            return fail(loose: "Checked value must be of type integer with format int32 in \(path)")
        }
        guard let number = value.number else { return }
        if let maximum = bounds.maximum?.number {
            if bounds.isMaximumExclusive, number >= maximum {
                fail(.invalid(path, value, "\(path) in body should be less than \(Self.shown(bounds.maximum))"))
            } else if number > maximum {
                fail(.invalid(path, value, "\(path) in body should be less than or equal to \(Self.shown(bounds.maximum))"))
            }
        }
        if let minimum = bounds.minimum?.number {
            if bounds.isMinimumExclusive, number <= minimum {
                fail(.invalid(path, value, "\(path) in body should be greater than \(Self.shown(bounds.minimum))"))
            } else if number < minimum {
                fail(.invalid(path, value, "\(path) in body should be greater than or equal to \(Self.shown(bounds.minimum))"))
            }
        }
        if let whole = value.integer, let factor = bounds.multipleOf?.integer, factor > 0 {
            if whole % factor != 0 { fail(.invalid(path, value, "\(path) in body should be a multiple of \(factor)")) }
        } else if let factor = bounds.multipleOf?.number, factor > 0 {
            let quotient = number / factor
            if abs(quotient - quotient.rounded()) > 1e-9 {
                fail(.invalid(path, value, "\(path) in body should be a multiple of \(Self.shown(bounds.multipleOf))"))
            }
        }
    }

    private mutating func combinations(_ value: JSONValue, _ old: JSONValue?, _ schema: StructuralSchema, _ path: String) {
        func problems(_ alternative: StructuralSchema) -> [FieldError] {
            ValueValidation.validate(value, old: old, alternative, path: path)
        }
        let name = JSONSerializer.string(.string(path))
        if !schema.anyOf.isEmpty {
            let results = schema.anyOf.map(problems)
            if !results.contains(where: \.isEmpty), let best = results.first {
                fail(loose: "\(name) must validate at least one schema (anyOf)")
                errors += best
            }
        }
        if !schema.oneOf.isEmpty {
            let results = schema.oneOf.map(problems)
            let valid = results.filter(\.isEmpty).count
            if valid != 1 {
                let found = valid == 0 ? "Found none valid" : "Found \(valid) valid alternatives"
                fail(loose: "\(name) must validate one and only one schema (oneOf). \(found)")
                if valid == 0, let best = results.first { errors += best }
            }
        }
        if !schema.allOf.isEmpty {
            let results = schema.allOf.map(problems)
            errors += results.flatMap { $0 }
            let valid = results.filter(\.isEmpty).count
            if valid != results.count {
                fail(loose: "\(name) must validate all the schemas (allOf)\(valid == 0 ? ". None validated" : "")")
            }
        }
        if let not = schema.not, problems(not).isEmpty { fail(loose: "\(name) must not validate the schema (not)") }
    }

    private static func shown(_ bound: JSONValue?) -> String { bound.map(JSONSerializer.string) ?? "" }

    static func child(_ path: String, _ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    private static func tooMany(_ path: String, _ count: Int, _ maximum: Int) -> FieldError {
        FieldError(.tooMany, path, message: "Too many: \(count): must have at most \(maximum) item\(maximum == 1 ? "" : "s")")
    }
}

/// Finds the old element of a list that an element came from; only lists of maps with keys tell.
struct ListCorrelation {
    private let byKey: [JSONValue: JSONValue]
    private let schema: StructuralSchema

    init(_ old: [JSONValue]?, _ schema: StructuralSchema) {
        self.schema = schema
        guard schema.listType == .map, let old else {
            byKey = [:]
            return
        }
        byKey = Dictionary(old.map { (Self.key(of: $0, schema), $0) }, uniquingKeysWith: { first, _ in first })
    }

    func match(_ element: JSONValue) -> JSONValue? { byKey.isEmpty ? nil : byKey[Self.key(of: element, schema)] }

    static func key(of element: JSONValue, _ schema: StructuralSchema) -> JSONValue {
        var key: [String: JSONValue] = [:]
        for name in schema.listMapKeys { key[name] = element[name] }
        return .object(key)
    }
}
