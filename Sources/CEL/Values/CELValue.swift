public import KubernetesTypes

/// A value of the language.
public indirect enum CELValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case list([CELValue])
    case map([CELValue: CELValue])
    /// A map whose keys are strings: objects, and maps out of JSON.
    case object([String: CELValue])
    case timestamp(CELTimestamp)
    case duration(CELDuration)
    case quantity(Quantity)
    case url(CELURL)
    case ip(IPAddress)
    case cidr(CELPrefix)
    case format(String)
    case type(CELType)
    case optional(CELValue?)
}

extension CELValue {
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var string: String? { if case .string(let value) = self { value } else { nil } }

    /// The type that a value has when it is evaluated.
    var runtimeType: CELType {
        switch self {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        case .list: .list(.any)
        case .map, .object: .map(.any, .any)
        case .timestamp: .timestamp
        case .duration: .duration
        case .quantity: .quantity
        case .url: .url
        case .ip: .ip
        case .cidr: .cidr
        case .format: .format
        case .type: .type
        case .optional: .optional(.any)
        }
    }

    /// The value as a number of any kind.
    var number: Double? {
        switch self {
        case .int(let value): Double(value)
        case .uint(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    /// Equality of the language: numbers of different kinds are equal when they are the same number.
    static func areEqual(_ left: CELValue, _ right: CELValue) -> Bool {
        switch (left, right) {
        case (.int(let one), .int(let two)): return one == two
        case (.int(let one), .uint(let two)): return UInt64(exactly: one) == two
        case (.uint(let one), .int(let two)): return one == UInt64(exactly: two)
        case (.list(let one), .list(let two)): return one.count == two.count && zip(one, two).allSatisfy(areEqual)
        case (.object(let one), .object(let two)):
            return one.count == two.count && one.allSatisfy { key, value in two[key].map { areEqual(value, $0) } ?? false }
        case (.object, .map), (.map, .object), (.map, .map):
            let (one, two) = (left.entries, right.entries)
            return one.count == two.count
                && one.allSatisfy { key, value in right.member(key).map { areEqual(value, $0) } ?? false }
        case (.optional(let one), .optional(let two)):
            guard let one, let two else { return one == nil && two == nil }
            return areEqual(one, two)
        default:
            if let one = left.number, let two = right.number { return one == two }
            return left == right
        }
    }

    var entries: [(CELValue, CELValue)] {
        switch self {
        case .map(let entries): entries.map { ($0.key, $0.value) }
        case .object(let members): members.map { (.string($0.key), $0.value) }
        default: []
        }
    }

    /// The value of a key of a map.
    func member(_ key: CELValue) -> CELValue? {
        switch (self, key) {
        case (.object(let members), .string(let name)): return members[name]
        case (.map(let entries), _):
            if let value = entries[key] { return value }
            guard let number = key.number else { return nil }
            return entries.first { $0.key.number == number }?.value
        default: return nil
        }
    }

    /// The order of two values of the same kind; nil where there is none.
    static func order(_ left: CELValue, _ right: CELValue) -> Int? {
        func sign<T: Comparable>(_ one: T, _ two: T) -> Int { one < two ? -1 : one > two ? 1 : 0 }
        switch (left, right) {
        case (.int(let one), .int(let two)): return sign(one, two)
        case (.uint(let one), .uint(let two)): return sign(one, two)
        case (.string(let one), .string(let two)):
            return one == two ? 0 : one.unicodeScalars.lexicographicallyPrecedes(two.unicodeScalars) ? -1 : 1
        case (.bytes(let one), .bytes(let two)): return one == two ? 0 : one.lexicographicallyPrecedes(two) ? -1 : 1
        case (.bool(let one), .bool(let two)): return sign(one ? 1 : 0, two ? 1 : 0)
        case (.timestamp(let one), .timestamp(let two)): return sign(one.nanoseconds, two.nanoseconds)
        case (.duration(let one), .duration(let two)): return sign(one.nanoseconds, two.nanoseconds)
        case (.quantity(let one), .quantity(let two)): return sign(one, two)
        default:
            guard let one = left.number, let two = right.number else { return nil }
            return sign(one, two)
        }
    }

    /// What the value is called in messages of `string()` and `+`.
    var text: String? {
        switch self {
        case .string(let value): value
        case .int(let value): String(value)
        case .uint(let value): String(value)
        case .bool(let value): String(value)
        case .double(let value): JSONSerializer.string(.number(value))
        case .bytes(let value): String(decoding: value, as: UTF8.self)
        case .timestamp(let value): value.text
        case .duration(let value): value.text
        case .quantity(let value): value.description
        case .url(let value): value.text
        case .ip(let value): value.description
        case .cidr(let value): value.text
        case .null: "null"
        default: nil
        }
    }

    /// The value as JSON, where it has such a form.
    public var json: JSONValue? {
        switch self {
        case .null: .null
        case .bool(let value): .bool(value)
        case .int(let value): .integer(value)
        case .uint(let value): Int64(exactly: value).map(JSONValue.integer) ?? .number(Double(value))
        case .double(let value): .number(value)
        case .list(let elements): .array(elements.compactMap(\.json))
        case .object(let members): .object(members.compactMapValues(\.json))
        case .map(let entries):
            .object(
                Dictionary(entries.compactMap { key, value in key.text.flatMap { text in value.json.map { (text, $0) } } }) { $1 }
            )
        default: text.map(JSONValue.string)
        }
    }
}
