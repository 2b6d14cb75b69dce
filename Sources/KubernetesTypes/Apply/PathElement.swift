/// One step of the path to a field: into a map, or to an element of a list by its keys, its value or its place.
public enum PathElement: Sendable, Hashable {
    case field(String)
    /// Keys and their values, sorted by key.
    case keys([KeyField])
    case value(JSONValue)
    case index(Int)

    public struct KeyField: Sendable, Hashable {
        public var name: String
        public var value: JSONValue

        public init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }
}

extension PathElement: CustomStringConvertible {
    /// `.spec`, `[name="main"]`, `[="a"]` or `[0]`, as conflicts name fields.
    public var description: String {
        switch self {
        case .field(let name): ".\(name)"
        case .keys(let keys):
            "[\(keys.map { "\($0.name)=\(JSONSerializer.string($0.value))" }.joined(separator: ","))]"
        case .value(let value): "[=\(JSONSerializer.string(value))]"
        case .index(let index): "[\(index)]"
        }
    }
}

extension PathElement: Comparable {
    public static func < (left: PathElement, right: PathElement) -> Bool {
        switch (left, right) {
        case (.field(let one), .field(let other)): return one < other
        case (.keys(let one), .keys(let other)):
            for (first, second) in zip(one, other) {
                if first.name != second.name { return first.name < second.name }
                if first.value != second.value { return precedes(first.value, second.value) }
            }
            return one.count < other.count
        case (.value(let one), .value(let other)): return precedes(one, other)
        case (.index(let one), .index(let other)): return one < other
        default: return left.rank < right.rank
        }
    }

    private var rank: Int {
        switch self {
        case .field: 0
        case .keys: 1
        case .value: 2
        case .index: 3
        }
    }

    private static func precedes(_ left: JSONValue, _ right: JSONValue) -> Bool {
        if let one = left.number, let other = right.number { return one < other }
        return JSONSerializer.string(left) < JSONSerializer.string(right)
    }
}

extension PathElement {
    /// The member name in FieldsV1: `f:spec`, `k:{"name":"main"}`, `v:"a"` or `i:0`.
    var serialized: String {
        switch self {
        case .field(let name): return "f:" + name
        case .keys(let keys):
            let fields = Dictionary(keys.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
            return "k:" + JSONSerializer.string(.object(fields))
        case .value(let value): return "v:" + JSONSerializer.string(value)
        case .index(let index): return "i:\(index)"
        }
    }

    /// - Returns: nil for a text that is no path element.
    init?(serialized text: String) {
        let body = text.dropFirst(2)
        switch text.prefix(2) {
        case "f:": self = .field(String(body))
        case "k:":
            guard case .object(let fields)? = try? JSONParser.parse(body.utf8) else { return nil }
            self = .keys(fields.map { KeyField(name: $0.key, value: $0.value) }.sorted { $0.name < $1.name })
        case "v:":
            guard let value = try? JSONParser.parse(body.utf8) else { return nil }
            self = .value(value)
        case "i:":
            guard let index = Int(body) else { return nil }
            self = .index(index)
        default: return nil
        }
    }
}

/// A path from the root of an object to a field.
public typealias FieldPath = [PathElement]

extension FieldPath {
    /// `.spec.containers[name="main"].image`
    public var text: String { map(\.description).joined() }
}
