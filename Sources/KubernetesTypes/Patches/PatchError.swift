/// Why a patch could not be applied, in upstream's words.
public struct PatchError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The patch is not of the form that its media type asks for.
        case malformed
        /// A JSON Patch operation failed: a test, or a path that is not there.
        case operationFailed
        /// A strategic merge patch that does not fit the object or uses a directive wrongly.
        case notApplicable
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

extension JSONValue {
    /// As Go's `%v` shows a decoded value: `map[a:1 b:[x y]]`.
    public var goDescription: String {
        switch self {
        case .null: "<nil>"
        case .bool(let value): String(value)
        case .integer(let value): String(value)
        case .number(let value): JSONSerializer.formatted(value)
        case .string(let value): value
        case .array(let elements): "[\(elements.map(\.goDescription).joined(separator: " "))]"
        case .object(let members):
            "map[\(members.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value.goDescription)" }.joined(separator: " "))]"
        }
    }
}
