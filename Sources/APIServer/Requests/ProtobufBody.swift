import FoundationEssentials
import KubernetesTypes

/// Request bodies in Kubernetes' protobuf form: `k8s\0`, then a `runtime.Unknown` that holds type and object.
enum ProtobufBody {
    private static let magic: [UInt8] = [0x6B, 0x38, 0x73, 0x00]

    static func decode(_ bytes: [UInt8]) throws(APIError) -> JSONValue {
        guard bytes.starts(with: magic) else {
            throw .badRequest("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
        }
        let reader = ProtobufReader(schema: ProtobufSchema.builtin)
        guard let unknown = reader.message("&runtime.Unknown", bytes[4...]) else { throw malformed }
        let type = unknown["typeMeta"] ?? [:]
        let apiVersion = type["apiVersion"]?.string ?? ""
        let kind = type["kind"]?.string ?? ""
        guard let encoded = unknown["raw"]?.string, let raw = ProtobufReader.bytes(fromBase64: encoded) else { throw malformed }
        guard let name = ProtobufSchema.messageName(apiVersion: apiVersion, kind: kind),
            ProtobufSchema.builtin.messages[name] != nil
        else {
            throw .badRequest("no kind \"\(kind)\" is registered for version \"\(apiVersion)\"")
        }
        guard var object = reader.message(name, raw[...]) else { throw malformed }
        object["apiVersion"] = .string(apiVersion)
        object["kind"] = .string(kind)
        return object
    }

    private static let malformed = APIError.badRequest("the protobuf body is cut short or damaged")
}

/// The messages of the built-in types, read from their compact table on first use.
struct ProtobufSchema: Sendable {
    enum Shape: Sendable { case single, repeated, map }

    struct Field: Sendable {
        var name: String
        var type: String
        var shape: Shape
        /// The members of the message stand in the parent's object.
        var isInline: Bool
    }

    var messages: [String: [Int: Field]]

    static let builtin = ProtobufSchema(text: ProtobufFieldsText.text)

    init(text: String) {
        var messages: [String: [Int: Field]] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "|")
            guard let name = parts.first else { continue }
            var fields: [Int: Field] = [:]
            for part in parts.dropFirst() {
                let words = part.split(separator: " ")
                guard words.count == 3, let number = Int(words[1]) else { continue }
                let shape: Shape = words[2].hasPrefix("*") ? .repeated : words[2].hasPrefix("@") ? .map : .single
                fields[number] = Field(
                    name: String(words[0].hasPrefix("+") ? words[0].dropFirst() : words[0]),
                    type: String(shape == .single ? words[2] : words[2].dropFirst()), shape: shape,
                    isInline: words[0].hasPrefix("+"))
            }
            messages[String(name)] = fields
        }
        self.messages = messages
    }

    static func messageName(apiVersion: String, kind: String) -> String? {
        let parts = apiVersion.split(separator: "/")
        let group = parts.count == 2 ? String(parts[0]) : ""
        guard let version = parts.last else { return nil }
        if ["DeleteOptions", "PartialObjectMetadata"].contains(kind) { return "^\(kind)" }
        if group == "apiextensions.k8s.io" { return "%\(kind)" }
        let package = group.isEmpty ? "core" : group.split(separator: ".").first.map(String.init) ?? ""
        return "~\(package).\(version).\(kind)"
    }
}

/// Reads protobuf into the JSON form of the same object.
struct ProtobufReader: Sendable {
    let schema: ProtobufSchema

    static func bytes(fromBase64 text: String) -> [UInt8]? { Data(base64Encoded: text).map { [UInt8]($0) } }

    /// nil when the bytes are no such message.
    func message(_ name: String, _ bytes: ArraySlice<UInt8>) -> JSONValue? {
        if let special = special(name, bytes) { return special }
        guard let fields = schema.messages[name] else { return nil }
        var object: [String: JSONValue] = [:]
        var cursor = Cursor(bytes: bytes)
        while !cursor.isAtEnd {
            guard let (number, value) = cursor.next() else { return nil }
            guard let field = fields[number] else { continue }
            switch field.shape {
            case .single:
                guard let member = self.value(field.type, value) else { return nil }
                if field.isInline {
                    object.merge(member.object ?? [:]) { $1 }
                } else if !(member.isNull && field.type.hasSuffix("Time")) {
                    object[field.name] = member
                }
            case .repeated:
                guard let members = repeated(field.type, value) else { return nil }
                object[field.name] = .array((object[field.name]?.array ?? []) + members)
            case .map:
                guard case .bytes(let entry) = value, let (key, member) = mapEntry(field.type, entry) else { return nil }
                var members = object[field.name]?.object ?? [:]
                members[key] = member
                object[field.name] = .object(members)
            }
        }
        return .object(object)
    }

    private func repeated(_ type: String, _ value: Wire) -> [JSONValue]? {
        if type == "i", case .bytes(let packed) = value {
            var cursor = Cursor(bytes: packed)
            var members: [JSONValue] = []
            while !cursor.isAtEnd {
                guard let number = cursor.varint() else { return nil }
                members.append(.integer(Int64(bitPattern: number)))
            }
            return members
        }
        return self.value(type, value).map { [$0] }
    }

    private func mapEntry(_ type: String, _ bytes: ArraySlice<UInt8>) -> (String, JSONValue)? {
        var cursor = Cursor(bytes: bytes)
        var key = ""
        var member: JSONValue?
        while !cursor.isAtEnd {
            guard let (number, value) = cursor.next() else { return nil }
            if number == 1, case .bytes(let text) = value { key = String(decoding: text, as: UTF8.self) }
            if number == 2 { member = self.value(type, value) }
        }
        return (key, member ?? (type == "s" ? "" : [:]))
    }

    private func value(_ type: String, _ value: Wire) -> JSONValue? {
        switch (type, value) {
        case ("s", .bytes(let bytes)): .string(String(decoding: bytes, as: UTF8.self))
        case ("y", .bytes(let bytes)): .string(Data(bytes).base64EncodedString())
        case ("b", .varint(let number)): .bool(number != 0)
        case ("i", .varint(let number)): .integer(Int64(bitPattern: number))
        case ("d", .fixed64(let bits)): .number(Double(bitPattern: bits))
        case (_, .bytes(let bytes)): message(type, bytes)
        default: nil
        }
    }

    /// Types whose JSON form is not an object of their fields.
    private func special(_ name: String, _ bytes: ArraySlice<UInt8>) -> JSONValue? {
        switch name {
        case "&api.resource.Quantity": return fields(bytes)[1]?.text.map { .string($0) } ?? "0"
        case "^Time", "^MicroTime":
            let parts = fields(bytes)
            guard let seconds = parts[1]?.number, Int64(bitPattern: seconds) > -62_135_596_800 else { return .null }
            let nanos = Double(parts[2]?.number ?? 0) / 1e9
            let date = Date(timeIntervalSince1970: Double(Int64(bitPattern: seconds)) + nanos)
            return .string(name == "^Time" ? Timestamp(date).description : MicroTimestamp(date).description)
        case "&util.intstr.IntOrString":
            let parts = fields(bytes)
            if parts[1]?.number == 1 { return .string(parts[3]?.text ?? "") }
            return .integer(Int64(bitPattern: parts[2]?.number ?? 0))
        case "^FieldsV1", "&runtime.RawExtension", "%JSON":
            guard case .bytes(let raw)? = fields(bytes)[1], !raw.isEmpty else { return [:] }
            return try? JSONParser.parse(raw)
        case "^Verbs", "~authentication.v1.ExtraValue", "~authorization.v1.ExtraValue":
            var cursor = Cursor(bytes: bytes)
            var members: [JSONValue] = []
            while !cursor.isAtEnd, let (_, value) = cursor.next() { members.append(.string(value.text ?? "")) }
            return .array(members)
        case "^Duration":
            let nanos = Int64(bitPattern: fields(bytes)[1]?.number ?? 0)
            return .string("\(Double(nanos) / 1e9)s")
        case "%JSONSchemaPropsOrBool", "%JSONSchemaPropsOrArray", "%JSONSchemaPropsOrStringArray":
            return schemaAlternative(name, bytes)
        default: return nil
        }
    }

    private func schemaAlternative(_ name: String, _ bytes: ArraySlice<UInt8>) -> JSONValue? {
        let parts = fields(bytes)
        if name == "%JSONSchemaPropsOrBool" {
            if case .bytes(let schema)? = parts[2] { return message("%JSONSchemaProps", schema) }
            return .bool(parts[1]?.number != 0)
        }
        if case .bytes(let schema)? = parts[1] { return message("%JSONSchemaProps", schema) }
        var cursor = Cursor(bytes: bytes)
        var members: [JSONValue] = []
        while !cursor.isAtEnd, let (number, value) = cursor.next() {
            guard number == 2, case .bytes(let part) = value else { continue }
            members.append(
                name == "%JSONSchemaPropsOrArray"
                    ? message("%JSONSchemaProps", part) ?? [:] : .string(String(decoding: part, as: UTF8.self)))
        }
        return .array(members)
    }

    private func fields(_ bytes: ArraySlice<UInt8>) -> [Int: Wire] {
        var cursor = Cursor(bytes: bytes)
        var result: [Int: Wire] = [:]
        while !cursor.isAtEnd, let (number, value) = cursor.next() { result[number] = value }
        return result
    }

    /// One value as it is on the wire.
    private enum Wire {
        case varint(UInt64)
        case fixed64(UInt64)
        case bytes(ArraySlice<UInt8>)

        var number: UInt64? { if case .varint(let value) = self { value } else { nil } }

        var text: String? { if case .bytes(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil } }
    }

    private struct Cursor {
        var bytes: ArraySlice<UInt8>

        var isAtEnd: Bool { bytes.isEmpty }

        mutating func varint() -> UInt64? {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            while let byte = bytes.popFirst(), shift < 64 {
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value }
                shift += 7
            }
            return nil
        }

        mutating func next() -> (Int, Wire)? {
            guard let tag = varint() else { return nil }
            let number = Int(tag >> 3)
            switch tag & 7 {
            case 0: return varint().map { (number, .varint($0)) }
            case 1: return fixed(8).map { (number, .fixed64($0)) }
            case 5: return fixed(4).map { (number, .fixed64($0)) }
            case 2:
                guard let length = varint(), length <= UInt64(bytes.count) else { return nil }
                let value = bytes.prefix(Int(length))
                bytes = bytes.dropFirst(Int(length))
                return (number, .bytes(value))
            default: return nil
            }
        }

        private mutating func fixed(_ count: Int) -> UInt64? {
            guard bytes.count >= count else { return nil }
            let value = bytes.prefix(count).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            bytes = bytes.dropFirst(count)
            return value
        }
    }
}
