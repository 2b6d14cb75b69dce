import FoundationEssentials
import KubernetesTypes

/// Reads an object as upstream's Go types would: checks types, drops unknown fields and writes the zero values that Go writes.
struct BuiltinDecoder {
    /// A value of a type that Go's decoder refuses.
    struct Mismatch: Error {
        var message: String
    }

    let kind: GroupVersionKind
    private(set) var findings: [String] = []
    private(set) var hadEmptyLists = false
    /// Field names from the root, without indices, as Go names fields in errors.
    private var goPath: [String] = []
    private var path = ""

    init(kind: GroupVersionKind) { self.kind = kind }

    /// - Returns: the object in its stored form, without defaults.
    mutating func decode(_ object: JSONValue, _ type: FieldType) throws(Mismatch) -> JSONValue {
        guard let map = type.map else { return object }
        return try structure(object.object ?? [:], map, name: kind.kind)
    }

    /// The stored form of a new object before anything is set.
    static func empty(_ kind: GroupVersionKind, _ type: FieldType) -> JSONValue {
        var decoder = BuiltinDecoder(kind: kind)
        return (try? decoder.decode(["apiVersion": .string(kind.apiVersion), "kind": .string(kind.kind)], type)) ?? [:]
    }

    private mutating func structure(
        _ members: [String: JSONValue], _ map: FieldType.Map, name: String
    ) throws(Mismatch) -> JSONValue {
        var result: [String: JSONValue] = [:]
        let outer = path
        for (key, value) in members.sorted(by: { $0.key < $1.key }) {
            path = outer.isEmpty ? key : "\(outer).\(key)"
            guard let field = map.fields[key] else {
                findings.append("unknown field \"\(path)\"")
                continue
            }
            if value.isNull { continue }
            goPath.append(key)
            let decoded = try self.value(value, field.type, owner: name)
            goPath.removeLast()
            // An empty list of managed fields is a request to forget them; whoever records writes looks for it.
            if field.zeroForm == .dropped, decoded.isZero, !(key == "managedFields" && name == "ObjectMeta") {
                if decoded == .array([]), goPath.first == "spec" { hadEmptyLists = true }
                continue
            }
            result[key] = decoded
        }
        path = outer
        for (key, field) in map.fields where result[key] == nil {
            switch field.zeroForm {
            case .asIs, .dropped: continue
            case .zero: result[key] = field.type.type.zero
            case .null: result[key] = .null
            case .structure:
                if let inner = field.type.type.map {
                    var decoder = BuiltinDecoder(kind: kind)
                    result[key] = try decoder.structure([:], inner, name: "")
                }
            }
        }
        return .object(result)
    }

    private mutating func value(
        _ value: JSONValue, _ reference: FieldType.Reference, owner: String
    ) throws(Mismatch) -> JSONValue {
        let type = reference.type
        switch type.format {
        case "int-or-string":
            switch value {
            case .integer, .string: return value
            default: throw mismatch(value, owner, "int32")
            }
        case "quantity": return try quantity(value)
        case "date-time": return try time(value, owner, isMicro: reference.name?.hasSuffix("MicroTime") == true)
        default: break
        }
        if type.scalar == .untyped { return value }
        switch type.jsonType {
        case "string":
            guard case .string(let text) = value else { throw mismatch(value, owner, "string") }
            return type.format == "byte" ? .string(try bytes(text)) : value
        case "boolean":
            guard case .bool = value else { throw mismatch(value, owner, "bool") }
            return value
        case "integer":
            return try integer(value, owner, type.format.isEmpty ? "int64" : type.format)
        case "number":
            guard value.number != nil else { throw mismatch(value, owner, "float64") }
            return value
        case "array": return try list(value, type, owner)
        default: return try map(value, type, reference, owner)
        }
    }

    private mutating func map(
        _ value: JSONValue, _ type: FieldType, _ reference: FieldType.Reference, _ owner: String
    ) throws(Mismatch) -> JSONValue {
        guard let map = type.map else { return value }
        guard case .object(let members) = value else { throw mismatch(value, owner, Self.goName(reference)) }
        guard let element = map.element, map.fields.isEmpty else {
            return try structure(members, map, name: reference.name.map(Self.lastName) ?? owner)
        }
        var result: [String: JSONValue] = [:]
        let outer = path
        for (key, member) in members {
            path = "\(outer).\(key)"
            result[key] = member.isNull ? element.type.zero : try self.value(member, element, owner: owner)
        }
        path = outer
        return .object(result)
    }

    private mutating func list(_ value: JSONValue, _ type: FieldType, _ owner: String) throws(Mismatch) -> JSONValue {
        guard case .array(let elements) = value else {
            throw mismatch(value, owner, Self.goName(.direct(type)))
        }
        guard let list = type.list else { return value }
        var result: [JSONValue] = []
        let outer = path
        for (index, element) in elements.enumerated() {
            path = "\(outer)[\(index)]"
            if element.isNull, let inner = list.element.type.map, !inner.fields.isEmpty {
                result.append(try structure([:], inner, name: ""))
            } else {
                result.append(element.isNull ? list.element.type.zero : try self.value(element, list.element, owner: owner))
            }
        }
        path = outer
        return .array(result)
    }

    private func integer(_ value: JSONValue, _ owner: String, _ format: String) throws(Mismatch) -> JSONValue {
        if let number = value.integer, format != "int32" || Int32(exactly: number) != nil { return .integer(number) }
        guard value.number != nil else { throw mismatch(value, owner, format) }
        throw Mismatch(
            message: "json: cannot unmarshal number \(JSONSerializer.string(value)) into Go struct field "
                + "\(owner).\(goPath.joined(separator: ".")) of type \(format)")
    }

    private func quantity(_ value: JSONValue) throws(Mismatch) -> JSONValue {
        let text = value.string ?? JSONSerializer.string(value)
        if text.isEmpty { return "0" }
        guard let quantity = Quantity(text) else {
            throw Mismatch(
                message: "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
        }
        return .string(quantity.canonical)
    }

    private func time(_ value: JSONValue, _ owner: String, isMicro: Bool) throws(Mismatch) -> JSONValue {
        guard case .string(let text) = value else { throw mismatch(value, owner, "string") }
        if text.isEmpty { return .null }
        guard let date = RFC3339.parse(text) else {
            let layout = isMicro ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00"
            throw Mismatch(message: "parsing time \"\(text)\" as \"\(layout)\": cannot parse \"\(text)\" as \"2006\"")
        }
        return .string(RFC3339.format(date, fractionDigits: isMicro ? 6 : 0))
    }

    private func bytes(_ text: String) throws(Mismatch) -> String {
        let compact = text.filter { $0 != "\n" && $0 != "\r" }
        guard let data = Data(base64Encoded: compact) else {
            let bad = compact.utf8.enumerated().first { !Self.isBase64($0.element) }?.offset ?? compact.utf8.count
            throw Mismatch(message: "illegal base64 data at input byte \(bad)")
        }
        return data.base64EncodedString()
    }

    private static func isBase64(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2F: true
        default: false
        }
    }

    private func mismatch(_ value: JSONValue, _ owner: String, _ goType: String) -> Mismatch {
        Mismatch(
            message:
                "json: cannot unmarshal \(GoNames.kind(value)) into Go struct field \(owner).\(goPath.joined(separator: ".")) "
                + "of type \(goType)")
    }

    private static func lastName(_ name: String) -> String { String(name.split(separator: ".").last ?? "") }

    /// The Go type of a field: `map[string]string`, `[]v1.Container`, `v1.ServiceSpec`.
    private static func goName(_ reference: FieldType.Reference) -> String {
        if let name = reference.name {
            return name.split(separator: ".").suffix(2).joined(separator: ".")
        }
        let type = reference.type
        if let list = type.list { return "[]" + goName(list.element) }
        if let element = type.map?.element { return "map[string]" + goName(element) }
        switch type.jsonType {
        case "boolean": return "bool"
        case "integer": return type.format.isEmpty ? "int64" : type.format
        case "number": return "float64"
        case "string": return type.format == "byte" ? "[]uint8" : "string"
        default: return "string"
        }
    }
}

/// Go's words for JSON values.
enum GoNames {
    static func kind(_ value: JSONValue) -> String {
        switch value {
        case .bool: "bool"
        case .integer, .number: "number"
        default: value.typeName
        }
    }
}

extension JSONValue {
    /// What Go's `omitempty` leaves out.
    fileprivate var isZero: Bool {
        switch self {
        case .null: true
        case .bool(let value): !value
        case .integer(let value): value == 0
        case .number(let value): value == 0
        case .string(let value): value.isEmpty
        case .array(let value): value.isEmpty
        case .object(let value): value.isEmpty
        }
    }
}

extension FieldType {
    fileprivate var zero: JSONValue {
        switch (format, jsonType) {
        case ("int-or-string", _), (_, "integer"), (_, "number"): 0
        case ("quantity", _): "0"
        case (_, "boolean"): false
        case (_, "string"): ""
        default: .null
        }
    }
}
