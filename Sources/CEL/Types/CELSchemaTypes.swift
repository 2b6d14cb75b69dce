public import KubernetesTypes

/// Types and values out of structural schemas.
extension CELType {
    /// The type of values of a schema.
    ///
    /// - Parameter isResourceRoot: whether the object is a whole resource, which has metadata whatever its schema says.
    public init(schema: JSONValue, isResourceRoot: Bool = false) {
        if schema["x-kubernetes-int-or-string"]?.bool == true {
            self = .any
            return
        }
        let isResource = isResourceRoot || schema["x-kubernetes-embedded-resource"]?.bool == true
        switch schema["type"]?.string ?? "" {
        case "boolean": self = .bool
        case "integer": self = .int
        case "number": self = .double
        case "string":
            switch schema["format"]?.string ?? "" {
            case "byte": self = .bytes
            case "duration": self = .duration
            case "date", "date-time": self = .timestamp
            default: self = .string
            }
        case "array": self = .list(schema["items"].map { CELType(schema: $0) } ?? .any)
        case "object":
            if let additional = schema["additionalProperties"], additional.object != nil {
                self = .map(.string, CELType(schema: additional))
                return
            }
            let properties = schema["properties"]?.object ?? [:]
            if properties.isEmpty, !isResource, schema["x-kubernetes-preserve-unknown-fields"]?.bool == true {
                self = .any
                return
            }
            var fields: [String: CELType] = [:]
            for (name, property) in properties {
                if let escaped = CELNames.escape(name) { fields[escaped] = CELType(schema: property) }
            }
            if isResource {
                fields["apiVersion"] = .string
                fields["kind"] = .string
                fields["metadata"] = .object(Self.metadata)
            }
            self = .object(CELObjectType(name: "object", fields: fields))
        default: self = .any
        }
    }

    private static let metadata = CELObjectType(
        name: "object", fields: ["name": .string, "generateName": .string])
}

/// Property names that are not identifiers, as Kubernetes writes them in expressions.
public enum CELNames {
    private static let reserved: Set<String> = [
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let",
        "loop",
        "package", "namespace", "return", "var", "void", "while",
    ]

    /// - Returns: nil for names that cannot be used in expressions.
    public static func escape(_ name: String) -> String? {
        if reserved.contains(name) { return "__\(name)__" }
        if name.isEmpty { return nil }
        var result = ""
        var scalars = Array(name.unicodeScalars)[...]
        if ("0"..."9").contains(scalars[0]) { return nil }
        while let scalar = scalars.popFirst() {
            switch scalar {
            case "_" where scalars.first == "_":
                scalars.removeFirst()
                result += "__underscores__"
            case "a"..."z", "A"..."Z", "0"..."9", "_": result.unicodeScalars.append(scalar)
            case ".": result += "__dot__"
            case "-": result += "__dash__"
            case "/": result += "__slash__"
            default: return nil
            }
        }
        return result
    }
}

extension CELValue {
    /// A JSON value as expressions see it: objects as maps, typed where a type is known.
    public init(_ value: JSONValue, type: CELType = .any) {
        switch value {
        case .null: self = .null
        case .bool(let flag): self = .bool(flag)
        case .integer(let number): self = type == .double ? .double(Double(number)) : .int(number)
        case .number(let number):
            self = type == .int ? Int64(exactly: number).map(CELValue.int) ?? .double(number) : .double(number)
        case .string(let text): self = Self.string(text, type)
        case .array(let elements):
            let element: CELType = if case .list(let element) = type { element } else { .any }
            self = .list(elements.map { CELValue($0, type: element) })
        case .object(let members):
            var result: [String: CELValue] = [:]
            for (name, member) in members {
                switch type {
                case .object(let object):
                    if let escaped = CELNames.escape(name), let field = object.fields[escaped] {
                        result[escaped] = CELValue(member, type: field)
                    }
                case .map(_, let value): result[name] = CELValue(member, type: value)
                default: result[name] = CELValue(member)
                }
            }
            self = .object(result)
        }
    }

    private static func string(_ text: String, _ type: CELType) -> CELValue {
        switch type {
        case .timestamp: CELTimestamp(text).map(CELValue.timestamp) ?? .string(text)
        case .duration: CELDuration(text).map(CELValue.duration) ?? .string(text)
        case .bytes: CELBytes.decodeBase64(text).map(CELValue.bytes) ?? .string(text)
        default: .string(text)
        }
    }
}
