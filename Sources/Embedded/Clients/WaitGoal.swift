public import KubernetesTypes

/// What is waited for, in kubectl's words: `condition=Ready`, `condition=Ready=False`, `jsonpath={.status.phase}=Succeeded`,
/// `create`, `delete`.
public enum WaitGoal: Sendable, Hashable {
    case condition(type: String, status: String)
    /// Any value where `value` is nil.
    case field(FieldPath, value: String?)
    case created
    case deleted

    public enum Verdict: Sendable, Hashable {
        case met
        case notYet
        /// It will not come any more, with why.
        case outOfReach(String)
    }

    /// - Throws: ``EmbeddedError`` with the forms there are.
    public init(_ text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        switch (parts[0].lowercased(), parts.count > 1 ? parts[1] : nil) {
        case ("delete", nil): self = .deleted
        case ("create", nil): self = .created
        case ("condition", let rest?) where !rest.isEmpty:
            let words = rest.split(separator: "=", maxSplits: 1).map(String.init)
            self = .condition(type: words[0], status: words.count > 1 ? words[1] : "True")
        case ("jsonpath", let rest?) where !rest.isEmpty:
            // The value comes after the closing brace; a filter within the path has equals signs of its own.
            let end = rest.lastIndex(of: "}").map { rest.index(after: $0) } ?? rest.firstIndex(of: "=") ?? rest.endIndex
            let value = rest[end...].hasPrefix("=") ? String(rest[end...].dropFirst()) : nil
            self = .field(try FieldPath(Self.unquoted(String(rest[..<end]))), value: value.map(Self.unquoted))
        default:
            throw EmbeddedError(
                .invalidSetting,
                "\"\(text)\" cannot be waited for; say condition=TYPE, condition=TYPE=STATUS, jsonpath={PATH}=VALUE, create or delete"
            )
        }
    }

    private static func unquoted(_ text: String) -> String {
        text.count >= 2 && text.first == text.last && (text.first == "'" || text.first == "\"")
            ? String(text.dropFirst().dropLast()) : text
    }

    /// - Parameter object: nil when it is not there.
    public func verdict(on object: JSONValue?) -> Verdict {
        guard let object else { return self == .deleted ? .met : .notYet }
        switch self {
        case .created: return .met
        case .deleted: return .notYet
        case .condition(let type, let status):
            let found = (object["status"]?["conditions"]?.array ?? []).first {
                $0["type"]?.string?.lowercased() == type.lowercased()
            }
            if found?["status"]?.string?.lowercased() == status.lowercased(), Self.isCurrent(object, found) { return .met }
        case .field(let path, let value):
            let texts = path.values(in: object).map(FieldPath.text)
            if let value { if texts.contains(value) { return .met } } else if !texts.isEmpty { return .met }
        }
        return ending(object).map(Verdict.outOfReach) ?? .notYet
    }

    /// A condition that was found for an older spec says nothing of this one.
    private static func isCurrent(_ object: JSONValue, _ condition: JSONValue?) -> Bool {
        guard let generation = object["metadata"]?["generation"]?.integer,
            let observed = condition?["observedGeneration"]?.integer ?? object["status"]?["observedGeneration"]?.integer
        else { return true }
        return observed >= generation
    }

    /// Why nothing changes any more; nil while it may.
    private func ending(_ object: JSONValue) -> String? {
        let phase = object["status"]?["phase"]?.string ?? ""
        let kind = object["kind"]?.string ?? ""
        let ends: [String: Set<String>] = ["TrainingJob": ["Succeeded", "Failed"], "Promotion": ["Rejected", "Superseded"]]
        guard ends[kind]?.contains(phase) == true else { return nil }
        let ready = (object["status"]?["conditions"]?.array ?? []).first { $0["type"]?.string == "Ready" }
        return "it is \(phase): \(ready?["message"]?.string ?? "")"
    }
}
