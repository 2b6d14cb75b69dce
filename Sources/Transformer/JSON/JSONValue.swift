/// A JSON document as a tree.
///
/// Foundation's decoders put keys into Swift dictionaries, where canonically equivalent strings are one key; a
/// vocabulary may well hold "é" both composed and decomposed, as two tokens. Here an object is the list of its members
/// in order, and strings compare byte by byte.
package enum JSONValue: Sendable {
    case null
    case bool(Bool)
    /// The digits as written: callers know whether they want an integer.
    case number(Substring)
    case string(String)
    case array([JSONValue])
    case object([Member])

    package struct Member: Sendable {
        package var key: String
        package var value: JSONValue

        package init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }
}

extension JSONValue {
    /// The last member of that name, as most parsers do; nil when it is absent or this is no object.
    package subscript(_ key: StaticString) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        let name = UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
        return members.last { $0.key.utf8.elementsEqual(name) }?.value
    }

    package var isNull: Bool { if case .null = self { true } else { false } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var string: String? { if case .string(let value) = self { value } else { nil } }
    package var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    package var members: [Member]? { if case .object(let value) = self { value } else { nil } }
    package var double: Double? { if case .number(let text) = self { Double(text) } else { nil } }

    /// The value when it is a whole number that fits; 3.0 and 3e0 are written by some and accepted.
    package var int: Int? {
        guard case .number(let text) = self else { return nil }
        return Int(text) ?? Double(text).flatMap(Int.init(exactly:))
    }

    /// What it is, for messages.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
