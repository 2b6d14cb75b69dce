import Yams

/// Why a text is not YAML.
public struct YAMLParseError: Error, Sendable, CustomStringConvertible {
    /// Line of the text, from 1, where it is known.
    public var line: Int?
    public var message: String

    public var description: String { line.map { "line \($0): \(message)" } ?? message }
}

/// YAML as manifests use it: documents made of what JSON can say.
public enum YAML {
    /// All documents of a text that say something; empty ones (only comments) are passed over.
    public static func parse(_ text: String) throws(YAMLParseError) -> [JSONValue] {
        try YAMLAliases.check(text)
        var documents: [JSONValue] = []
        var meter = YAMLAliases.Meter(bytes: text.utf8.count)
        do {
            var nodes = try Yams.compose_all(yaml: text)
            while let node = nodes.next() {
                try meter.count(node)
                let value = try convert(node, depth: 0)
                if !value.isNull { documents.append(value) }
            }
            if let error = nodes.error { throw error }
        } catch let error as YAMLParseError {
            throw error
        } catch let error as YamlError {
            throw YAMLParseError(line: line(of: error), message: "\(error)")
        } catch {
            throw YAMLParseError(line: nil, message: "\(error)")
        }
        return documents
    }

    /// One document as block YAML with sorted keys.
    public static func string(_ value: JSONValue) throws(YAMLParseError) -> String {
        do {
            return try Yams.serialize(node: node(value), width: -1, allowUnicode: true, sortKeys: true)
        } catch {
            throw YAMLParseError(line: nil, message: "\(error)")
        }
    }

    private static func line(of error: YamlError) -> Int? {
        switch error {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
        default: nil
        }
    }

    /// Aliases can nest without end in a few bytes; no manifest is this deep.
    static let maximumDepth = 100

    static func nestedTooDeeply(_ node: Yams.Node) -> YAMLParseError {
        YAMLParseError(line: node.mark?.line, message: "nested too deeply")
    }

    private static func convert(_ node: Yams.Node, depth: Int) throws(YAMLParseError) -> JSONValue {
        guard depth < maximumDepth else { throw nestedTooDeeply(node) }
        switch node {
        case .scalar(let scalar): return self.scalar(node, scalar)
        case .sequence(let sequence):
            var elements: [JSONValue] = []
            for element in sequence { elements.append(try convert(element, depth: depth + 1)) }
            return .array(elements)
        case .mapping(let mapping):
            var members: [String: JSONValue] = [:]
            for (key, value) in mapping {
                guard let scalar = key.scalar else {
                    throw YAMLParseError(line: key.mark?.line, message: "a key must be a string")
                }
                // Keys are texts in JSON, whatever they are in YAML: `on: x` is `{"true": "x"}`.
                var name = scalar.string
                if case .bool(let flag) = self.scalar(key, scalar) { name = String(flag) }
                members[name] = try convert(value, depth: depth + 1)
            }
            return .object(members)
        case .alias:
            throw YAMLParseError(line: node.mark?.line, message: "an alias that names no anchor")
        }
    }

    /// Words that YAML 1.1 takes for booleans and the library does not; clients and servers of Kubernetes do.
    private static let shortBooleans: [String: Bool] = ["y": true, "Y": true, "n": false, "N": false]

    private static func scalar(_ node: Yams.Node, _ scalar: Yams.Node.Scalar) -> JSONValue {
        if scalar.style == .plain || scalar.style == .any, node.tag.rawName == Tag.Name.str.rawValue,
            let flag = shortBooleans[scalar.string]
        {
            return .bool(flag)
        }
        switch node.tag.rawName {
        case Tag.Name.null.rawValue: return .null
        case Tag.Name.bool.rawValue: if let value = Bool.construct(from: scalar) { return .bool(value) }
        case Tag.Name.int.rawValue: if let value = Int64.construct(from: scalar) { return .integer(value) }
        case Tag.Name.float.rawValue:
            if let value = Double.construct(from: scalar), value.isFinite { return .number(value) }
        default: break
        }
        return .string(scalar.string)
    }

    private static func node(_ value: JSONValue) -> Yams.Node {
        switch value {
        case .null: Yams.Node("null", Tag(.null))
        case .bool(let flag): Yams.Node(flag ? "true" : "false", Tag(.bool))
        case .integer(let number): Yams.Node(String(number), Tag(.int))
        case .number(let number): Yams.Node(JSONSerializer.formatted(number), Tag(.float))
        case .string(let text): string(text)
        case .array(let elements): Yams.Node(elements.map { node($0) }, Tag(.seq))
        case .object(let members):
            Yams.Node(members.sorted { $0.key < $1.key }.map { (string($0.key), node($0.value)) }, Tag(.map))
        }
    }

    /// Quoted where the bare word would be read as something else.
    private static func string(_ text: String) -> Yams.Node {
        let bare = Yams.Node(text)
        let isPlainString = bare.tag.rawName == Tag.Name.str.rawValue && shortBooleans[text] == nil
        let style: Yams.Node.Scalar.Style = text.contains("\n") ? .literal : isPlainString && !text.isEmpty ? .any : .doubleQuoted
        return Yams.Node(text, Tag(.str), style)
    }
}

extension Tag {
    /// The name after resolution of the implicit tag.
    fileprivate var rawName: String { description }
}
