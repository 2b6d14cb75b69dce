import KubernetesTypes

/// The type of an expression.
public indirect enum CELType: Sendable, Hashable {
    case any
    case null
    case bool
    case int
    case uint
    case double
    case string
    case bytes
    case timestamp
    case duration
    case quantity
    case url
    case ip
    case cidr
    case format
    case type
    case list(CELType)
    case map(CELType, CELType)
    case optional(CELType)
    /// An object with known fields.
    case object(CELObjectType)
    /// A parameter of an overload.
    case parameter(String)
}

/// The fields of an object, by the names that expressions use.
public final class CELObjectType: Sendable, Hashable {
    public let name: String
    public let fields: [String: CELType]

    public init(name: String, fields: [String: CELType]) {
        self.name = name
        self.fields = fields
    }

    public static func == (left: CELObjectType, right: CELObjectType) -> Bool { left === right || left.fields == right.fields }
    public func hash(into hasher: inout Hasher) { hasher.combine(fields.count) }
}

extension CELType: CustomStringConvertible {
    /// As cel-go names types in messages.
    public var description: String {
        switch self {
        case .any: "dyn"
        case .null: "null"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .timestamp: "google.protobuf.Timestamp"
        case .duration: "google.protobuf.Duration"
        case .quantity: "kubernetes.Quantity"
        case .url: "kubernetes.URL"
        case .ip: "net.IP"
        case .cidr: "net.CIDR"
        case .format: "kubernetes.NamedFormat"
        case .type: "type"
        case .list(let element): "list(\(element))"
        case .map(let key, let value): "map(\(key), \(value))"
        case .optional(let value): "optional_type(\(value))"
        case .object(let object): object.name
        case .parameter(let name): name
        }
    }
}

extension CELType {
    /// Whether a value of the other type may stand where this one is wanted.
    func accepts(_ other: CELType, _ bindings: inout [String: CELType]) -> Bool {
        switch (self, other) {
        case (.any, _), (_, .any): return true
        case (.parameter(let name), _):
            if let bound = bindings[name] {
                if bound == other { return true }
                var ignored: [String: CELType] = [:]
                if bound.accepts(other, &ignored) { return true }
                if other.accepts(bound, &ignored) {
                    bindings[name] = other
                    return true
                }
                return false
            }
            bindings[name] = other
            return true
        case (.list(let one), .list(let two)): return one.accepts(two, &bindings)
        case (.map(let key, let value), .map(let otherKey, let otherValue)):
            return key.accepts(otherKey, &bindings) && value.accepts(otherValue, &bindings)
        case (.optional(let one), .optional(let two)): return one.accepts(two, &bindings)
        case (.map(let key, let value), .object): return key.accepts(.string, &bindings) && value.accepts(.any, &bindings)
        case (.object(let one), .object(let two)): return one == two
        case (.object, .null), (.timestamp, .null), (.duration, .null), (.null, .object): return true
        default: return self == other
        }
    }

    func bound(_ bindings: [String: CELType]) -> CELType {
        switch self {
        case .parameter(let name): bindings[name] ?? .any
        case .list(let element): .list(element.bound(bindings))
        case .map(let key, let value): .map(key.bound(bindings), value.bound(bindings))
        case .optional(let value): .optional(value.bound(bindings))
        default: self
        }
    }
}
