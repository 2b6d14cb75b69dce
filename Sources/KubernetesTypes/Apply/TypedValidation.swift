/// Why a value does not fit its type, in structured-merge-diff's words.
struct TypedErrors: Error, Sendable {
    struct Entry: Sendable {
        var path: String
        var message: String
    }

    var entries: [Entry]

    init(_ message: String, at path: FieldPath = []) { entries = [Entry(path: path.text, message: message)] }

    var message: String {
        let texts = entries.map { $0.path.isEmpty ? $0.message : "\($0.path): \($0.message)" }
        return texts.count == 1 ? texts[0] : (["errors:"] + texts.map { "  " + $0 }).joined(separator: "\n")
    }
}

/// Checks a value against its type; everything that is merged or compared is checked before.
struct TypedValidation {
    var allowsDuplicates: Bool
    private var errors: [TypedErrors.Entry] = []

    init(allowsDuplicates: Bool) { self.allowsDuplicates = allowsDuplicates }

    static func check(_ value: JSONValue, _ type: FieldType, allowingDuplicates: Bool) throws(TypedErrors) {
        var validation = TypedValidation(allowsDuplicates: allowingDuplicates)
        validation.visit(value, type, path: [])
        guard validation.errors.isEmpty else {
            var errors = TypedErrors("")
            errors.entries = validation.errors
            throw errors
        }
    }

    private mutating func fail(_ message: String, _ path: FieldPath) {
        errors.append(TypedErrors.Entry(path: path.text, message: message))
    }

    private mutating func visit(_ value: JSONValue, _ type: FieldType, path: FieldPath) {
        let type = type.deduced(for: value)
        if let map = type.map {
            visitMap(value, map, path)
        } else if let scalar = type.scalar {
            if let message = Self.mismatch(scalar, value) { fail(message, path) }
        } else if let list = type.list {
            visitList(value, list, path)
        } else {
            fail("schema error: invalid atom", path)
        }
    }

    private mutating func visitMap(_ value: JSONValue, _ map: FieldType.Map, _ path: FieldPath) {
        if value.isNull { return }
        guard case .object(let members) = value else {
            fail("expected map, got \(Self.shown(value))", path)
            return
        }
        for (name, member) in members.sorted(by: { $0.key < $1.key }) {
            guard let type = map.fields[name]?.type ?? map.element else {
                fail("field not declared in schema", path + [.field(name)])
                continue
            }
            visit(member, type.type, path: path + [.field(name)])
        }
    }

    private mutating func visitList(_ value: JSONValue, _ list: FieldType.List, _ path: FieldPath) {
        if value.isNull { return }
        guard case .array(let elements) = value else {
            fail("expected list, got \(Self.shown(value))", path)
            return
        }
        var seen: Set<PathElement> = []
        for (index, element) in elements.enumerated() {
            var step = PathElement.index(index)
            if list.relationship != .atomic {
                do throws(TypedErrors) {
                    step = try list.pathElement(of: element)
                } catch {
                    fail("element \(index): \(error.message)", path)
                    return
                }
                if !seen.insert(step).inserted, !allowsDuplicates { fail("duplicate entries for key \(step)", path) }
            }
            visit(element, list.element.type, path: path + [step])
        }
    }

    static func mismatch(_ scalar: FieldType.Scalar, _ value: JSONValue) -> String? {
        switch (scalar, value) {
        case (_, .null), (.numeric, .integer), (.numeric, .number), (.string, .string), (.boolean, .bool): nil
        case (.untyped, .bool), (.untyped, .string), (.untyped, .integer), (.untyped, .number): nil
        case (.numeric, _): "expected numeric (int or float), got \(goType(value))"
        case (.string, _): "expected string, got &value.valueUnstructured{Value:\(goLiteral(value))}"
        case (.boolean, _): "expected boolean, got \(shown(value))"
        case (.untyped, _): "expected any scalar, got \(shown(value))"
        }
    }

    private static func goType(_ value: JSONValue) -> String {
        switch value {
        case .string: "string"
        case .bool: "bool"
        case .array: "[]interface {}"
        case .object: "map[string]interface {}"
        case .integer: "int64"
        case .number: "float64"
        case .null: "<nil>"
        }
    }

    /// `%#v` of what Go's JSON decoder makes of a value.
    private static func goLiteral(_ value: JSONValue) -> String {
        switch value {
        case .array(let elements): "[]interface {}{\(elements.map(goLiteral).joined(separator: ", "))}"
        case .object(let members):
            "map[string]interface {}{"
                + members.sorted { $0.key < $1.key }.map { "\(JSONSerializer.string(.string($0.key))):\(goLiteral($0.value))" }
                .joined(separator: ", ") + "}"
        default: shown(value)
        }
    }

    private static func shown(_ value: JSONValue) -> String {
        guard case .object = value else { return JSONSerializer.string(value) }
        return JSONSerializer.string(value)
    }
}

extension FieldType.List {
    /// How an element is told from the others.
    func pathElement(of element: JSONValue) throws(TypedErrors) -> PathElement {
        guard case .map(let keys) = relationship else {
            switch element {
            case .object: throw TypedErrors("associative list without keys has an element that's a map type")
            case .array: throw TypedErrors("not supported: associative list with lists as elements")
            case .null: throw TypedErrors("associative list without keys has an element that's an explicit null")
            default: return .value(element)
            }
        }
        guard case .object(let members) = element else {
            throw TypedErrors(
                element.isNull
                    ? "associative list with keys may not have a null element"
                    : "associative list with keys may not have non-map elements")
        }
        var fields: [PathElement.KeyField] = []
        let elementType = self.element.type
        for key in keys {
            if let value = members[key] ?? elementType.map?.fields[key]?.keyDefault {
                fields.append(PathElement.KeyField(name: key, value: value))
            }
        }
        if fields.isEmpty, !keys.isEmpty {
            let names = keys.map { JSONSerializer.string(.string($0)) }.joined(separator: " ")
            throw TypedErrors(
                "associative list with keys has an element that omits all key fields [\(names)] "
                    + "(and doesn't have default values for any key fields)")
        }
        return .keys(fields.sorted { $0.name < $1.name })
    }
}

extension FieldType.Field {
    /// A key that is left out counts with its default; `{}` is a struct's and no key.
    fileprivate var keyDefault: JSONValue? { defaultValue }
}
