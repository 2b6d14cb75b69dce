public import KubernetesTypes

/// Where a field lies in an object, in the part of kubectl's JSONPath that people use: `.status.phase`, `{.status.readings[0].value}`,
/// `{.status.conditions[?(@.type=="Ready")].status}`, `{.items[*].metadata.name}`.
public struct FieldPath: Sendable, Hashable, CustomStringConvertible {
    enum Step: Sendable, Hashable {
        case member(String)
        case index(Int)
        case all
        /// Elements of which a member has a value.
        case filter(member: [String], value: String)
    }

    let steps: [Step]
    public let description: String

    /// - Throws: ``EmbeddedError`` with the place that is not understood.
    public init(_ text: String) throws {
        description = text
        var rest = Substring(text)
        if rest.hasPrefix("{"), rest.hasSuffix("}") { rest = rest.dropFirst().dropLast() }
        if rest.hasPrefix("$") { rest = rest.dropFirst() }
        var steps: [Step] = []
        while let first = rest.first {
            switch first {
            case ".":
                rest = rest.dropFirst()
                // Dots in names are escaped, as in {.metadata.labels.apus\.dev/model}.
                var name = ""
                while let next = rest.first, next != ".", next != "[" {
                    rest = rest.dropFirst()
                    if next == "\\", let escaped = rest.popFirst() { name.append(escaped) } else { name.append(next) }
                }
                if !name.isEmpty { steps.append(.member(name)) }
            case "[":
                guard let end = rest.firstIndex(of: "]") else { throw Self.misunderstood(text, at: rest) }
                steps.append(try Self.bracket(rest[rest.index(after: rest.startIndex)..<end], in: text))
                rest = rest[rest.index(after: end)...]
            default:
                guard steps.isEmpty else { throw Self.misunderstood(text, at: rest) }
                rest = "." + rest
            }
        }
        self.steps = steps
    }

    private static func bracket(_ content: Substring, in text: String) throws -> Step {
        if content == "*" { return .all }
        if let index = Int(content) { return .index(index) }
        if let name = unquoted(content) { return .member(name) }
        if content.hasPrefix("?(@."), content.hasSuffix(")") {
            let parts = content.dropFirst(4).dropLast().split(separator: "==", maxSplits: 1)
            if parts.count == 2 {
                let value = parts[1].drop { $0 == " " }
                let member = parts[0].split(separator: ".").map { String($0).replacing(" ", with: "") }
                return .filter(member: member, value: unquoted(value) ?? String(value))
            }
        }
        throw misunderstood(text, at: "[" + content)
    }

    private static func unquoted(_ text: Substring) -> String? {
        guard text.count >= 2, let quote = text.first, quote == "\"" || quote == "'", text.last == quote else { return nil }
        return String(text.dropFirst().dropLast())
    }

    private static func misunderstood(_ text: String, at rest: Substring) -> EmbeddedError {
        EmbeddedError(
            .invalidSetting, "\"\(text)\" is not a path such as {.status.phase}; what is not understood begins at \"\(rest)\"")
    }

    /// All values at the path; none where it leads nowhere.
    public func values(in object: JSONValue) -> [JSONValue] {
        steps.reduce([object]) { found, step in
            found.flatMap { value -> [JSONValue] in
                switch step {
                case .member(let name): return value[name].map { [$0] } ?? []
                case .index(let index):
                    let elements = value.array ?? []
                    let place = index < 0 ? elements.count + index : index
                    return elements.indices.contains(place) ? [elements[place]] : []
                case .all: return value.array ?? value.object.map { $0.sorted { $0.key < $1.key }.map(\.value) } ?? []
                case .filter(let member, let wanted):
                    return (value.array ?? []).filter { element in
                        let found = member.reduce(Optional(element)) { $0?[$1] }
                        return found.map { Self.text($0) } == wanted
                    }
                }
            }
        }
    }

    /// The values as text, with blanks between them; empty where there are none.
    public func text(in object: JSONValue) -> String { values(in: object).map(Self.text).joined(separator: " ") }

    static func text(_ value: JSONValue) -> String {
        switch value {
        case .null: ""
        case .string(let text): text
        case let other: JSONSerializer.string(other)
        }
    }
}
