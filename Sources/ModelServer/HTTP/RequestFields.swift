import Transformer

/// Reads a request's body with messages that name the field.
struct RequestFields {
    let root: JSONValue

    init(_ bytes: UnsafeRawBufferPointer) throws(Problem) {
        do { root = try JSONParser.parse(bytes, maximumDepth: 32) } catch {
            throw .badRequest("The body is not JSON: \(error).")
        }
        guard root.members != nil else { throw .badRequest("The body is \(root.kind), not an object.") }
    }

    /// An optional string of at most 256 bytes.
    func identifier(_ name: StaticString) throws(Problem) -> String? {
        guard let value = root[name], !value.isNull else { return nil }
        guard let text = value.string, text.utf8.count <= 256 else {
            throw .badRequest("\(name) must be a string of at most 256 bytes.")
        }
        return text
    }

    /// The member as a list.
    func list(_ name: StaticString) throws(Problem) -> [JSONValue] {
        guard let value = root[name] else { throw .badRequest("\(name) is missing.") }
        guard let list = value.array else { throw .badRequest("\(name) must be a list, not \(value.kind).") }
        return list
    }
}
