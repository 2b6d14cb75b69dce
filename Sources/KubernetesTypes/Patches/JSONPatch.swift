/// JSON Patch, RFC 6902, as the library that upstream uses reads it: an operation without a value has the value null.
public struct JSONPatch: Sendable {
    private struct Operation: Sendable {
        var name: String
        var path: [String]
        var from: [String]?
        var value: JSONValue
    }

    /// More operations than this are refused with the request.
    public static let maximumOperations = 10_000

    private var operations: [Operation]

    /// The number of operations.
    public var count: Int { operations.count }

    /// - Throws: `malformed` when the value is not a list of operations.
    public init(_ value: JSONValue) throws(PatchError) {
        guard case .array(let elements) = value else {
            let kind = value.object != nil ? "object" : value.typeName
            throw PatchError(.malformed, "json: cannot unmarshal \(kind) into Go value of type []handlers.jsonPatchOp")
        }
        var operations: [Operation] = []
        for element in elements {
            guard case .object(let members) = element else {
                throw PatchError(
                    .malformed, "json: cannot unmarshal \(element.typeName) into Go value of type handlers.jsonPatchOp")
            }
            operations.append(
                Operation(
                    name: members["op"]?.string ?? "", path: try Self.pointer(members["path"]?.string ?? ""),
                    from: try members["from"]?.string.map { text throws(PatchError) in try Self.pointer(text) },
                    value: members["value"] ?? .null))
        }
        self.operations = operations
    }

    private static func pointer(_ text: String) throws(PatchError) -> [String] {
        if text.isEmpty { return [] }
        guard text.hasPrefix("/") else { throw PatchError(.operationFailed, "\"\(text)\" is not a JSON pointer") }
        return text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map {
            $0.split(separator: "~1", omittingEmptySubsequences: false).map { part in
                part.split(separator: "~0", omittingEmptySubsequences: false).joined(separator: "~")
            }.joined(separator: "/")
        }
    }

    public func apply(to document: JSONValue) throws(PatchError) -> JSONValue {
        var result = document
        for operation in operations { try Self.perform(operation, on: &result) }
        return result
    }

    private static func perform(_ operation: Operation, on document: inout JSONValue) throws(PatchError) {
        switch operation.name {
        case "add": try change(&document, operation.path[...], .add(operation.value))
        case "replace": try change(&document, operation.path[...], .replace(operation.value))
        case "remove": try change(&document, operation.path[...], .remove)
        case "test":
            let found = try? value(at: operation.path, in: document)
            guard (found ?? .null) == operation.value else {
                throw PatchError(.operationFailed, "testing value \(shown(operation.path)) failed")
            }
        case "copy", "move":
            guard let from = operation.from else { throw PatchError(.operationFailed, "\(operation.name) without from") }
            let value = try value(at: from, in: document)
            if operation.name == "move" { try change(&document, from[...], .remove) }
            try change(&document, operation.path[...], .add(value))
        default:
            throw PatchError(.operationFailed, "Unexpected kind: \(operation.name)")
        }
    }

    private enum Change {
        case add(JSONValue)
        case replace(JSONValue)
        case remove
    }

    private static func value(at path: [String], in document: JSONValue) throws(PatchError) -> JSONValue {
        var current = document
        for key in path {
            switch current {
            case .object(let members):
                guard let next = members[key] else { throw missing(path) }
                current = next
            case .array(let elements):
                guard let index = Int(key), elements.indices.contains(index) else { throw missing(path) }
                current = elements[index]
            default: throw missing(path)
            }
        }
        return current
    }

    private static func change(_ target: inout JSONValue, _ path: ArraySlice<String>, _ change: Change) throws(PatchError) {
        guard let key = path.first else {
            switch change {
            case .add(let value), .replace(let value): target = value
            case .remove: throw PatchError(.operationFailed, "the whole document cannot be removed")
            }
            return
        }
        let isLast = path.count == 1
        switch target {
        case .object(var members):
            if isLast {
                switch change {
                case .add(let value): members[key] = value
                case .replace(let value):
                    guard members[key] != nil else { throw missing(Array(path)) }
                    members[key] = value
                case .remove:
                    guard members.removeValue(forKey: key) != nil else { throw missing(Array(path)) }
                }
            } else {
                guard var child = members[key] else { throw missing(Array(path)) }
                try Self.change(&child, path.dropFirst(), change)
                members[key] = child
            }
            target = .object(members)
        case .array(var elements):
            if isLast, key == "-", case .add(let value) = change {
                elements.append(value)
            } else {
                guard let index = Int(key), index >= 0 else { throw missing(Array(path)) }
                try changeElement(&elements, index, path, change, isLast: isLast)
            }
            target = .array(elements)
        default: throw missing(Array(path))
        }
    }

    private static func changeElement(
        _ elements: inout [JSONValue], _ index: Int, _ path: ArraySlice<String>, _ change: Change, isLast: Bool
    ) throws(PatchError) {
        if isLast, case .add(let value) = change {
            guard index <= elements.count else { throw missing(Array(path)) }
            elements.insert(value, at: index)
            return
        }
        guard elements.indices.contains(index) else { throw missing(Array(path)) }
        if !isLast {
            try Self.change(&elements[index], path.dropFirst(), change)
        } else if case .replace(let value) = change {
            elements[index] = value
        } else {
            elements.remove(at: index)
        }
    }

    private static func missing(_ path: [String]) -> PatchError {
        PatchError(.operationFailed, "\(shown(path)) does not exist")
    }

    private static func shown(_ path: [String]) -> String { "/" + path.joined(separator: "/") }
}
