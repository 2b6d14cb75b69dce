public import KubernetesTypes

/// RFC 7386.
public enum MergePatch {
    /// The document after the patch.
    public static func applied(_ patch: JSONValue, to document: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var members = document.object ?? [:]
        for (name, change) in changes {
            members[name] = change.isNull ? nil : applied(change, to: members[name] ?? .null)
        }
        return .object(members)
    }
}
