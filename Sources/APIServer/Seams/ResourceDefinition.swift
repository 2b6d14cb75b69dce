import KubernetesTypes

/// Everything the request path has to know of one resource in one version: how it is addressed, listed, printed and checked.
///
/// Built-in resources and those of CustomResourceDefinitions differ in their values here and in nothing else.
struct ResourceDefinition: Sendable {
    var group: String
    var version: String
    var kind: String
    var plural: String
    var singular: String
    var shortNames: [String] = []
    var categories: [String] = []
    var isNamespaced: Bool
    /// Sorted, as discovery shows them.
    var verbs: [String]
    var subresources: [Subresource] = []
    var storageVersionHash = ""
    /// The group that keys the store; differs from `group` only where two groups share objects (events).
    var storageGroup: String
    /// The version objects are stored in. Conversion strategy is None: only `apiVersion` differs between versions.
    var storageVersion: String
    /// Set for resources of CustomResourceDefinitions.
    var custom: CustomResourceTraits?
    /// What is known of the fields: decoding, defaults, validation, merging.
    var rules: any ObjectRules
    var columns: [PrinterColumn] = []
    /// Field labels besides metadata.name and metadata.namespace that selectors may use.
    var selectableFields: [String] = []
    /// Shown in a Warning header of every request, for versions on their way out.
    var deprecationWarning: String?

    var name: ResourceName { ResourceName(group: group, resource: plural) }
    var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
    var listKind: String { custom?.listKind ?? "\(kind)List" }

    func subresource(_ name: String) -> Subresource? { subresources.first { $0.name == name } }
}

/// A path below an object, such as `status` or `scale`.
struct Subresource: Sendable {
    var name: String
    /// The group and version of its kind where they are not the parent's: `autoscaling`, `v1` for scale.
    var group: String?
    var version: String?
    var kind: String
    var verbs: [String]
}

/// What only resources of CustomResourceDefinitions have.
struct CustomResourceTraits: Sendable {
    var definitionName: String
    var definitionUID: String
    var listKind: String
    var hasStatus: Bool
    /// Paths of the scale subresource, without the leading dot.
    var scale: ScalePaths?
    /// The OpenAPI v3 schema of the version, as the definition holds it.
    var schema: JSONValue
    /// The structure of each version by `group/version`: managers may have recorded their fields in any of them.
    var structures: [String: any FieldStructure] = [:]
}

struct ScalePaths: Sendable, Equatable {
    var specReplicas: String
    var statusReplicas: String
    var labelSelector: String?
}

/// One column of a Table.
struct PrinterColumn: Sendable {
    var name: String
    var type: String
    var format = ""
    var description = ""
    var priority = 0
    /// Where the cell's value comes from in custom resources; built-in kinds have code for theirs.
    var jsonPath = ""
}
