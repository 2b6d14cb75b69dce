import FoundationEssentials
import KubernetesTypes

/// How patches change objects and who is recorded to have changed what: pure functions over JSON and the fields of the kind.
protocol ObjectMerging: Sendable {
    func jsonPatch(_ current: JSONValue, _ patch: JSONValue) throws(APIError) -> JSONValue

    func mergePatch(_ current: JSONValue, _ patch: JSONValue) throws(APIError) -> JSONValue

    func strategicMergePatch(_ current: JSONValue, _ patch: JSONValue, _ definition: ResourceDefinition) throws(APIError)
        -> JSONValue

    /// The new object with `managedFields` that record the change from the old one (nil for a creation).
    func recorded(old: JSONValue?, new: JSONValue, _ definition: ResourceDefinition, by writer: FieldWriter) -> JSONValue

    /// Server-side apply: the object (nil where there is none yet) after applying the configuration, `managedFields` included.
    /// - Throws: the 409 of conflicts, and 400 and 500 in upstream's words for configurations that cannot be applied.
    func applied(
        _ configuration: JSONValue, to current: JSONValue?, _ definition: ResourceDefinition, by writer: FieldWriter, force: Bool
    ) throws(APIError) -> JSONValue
}

/// Who writes, for `managedFields`.
struct FieldWriter: Sendable {
    var manager: String
    var subresource: String?
    var time: Date
}
