import KubernetesTypes

/// Where the request path takes its knowledge of fields from.
enum SchemaProvider {
    static let rules: any ObjectRulesProvider = SchemaRulesProvider()
    static let merging: any ObjectMerging = SchemaMerging()

    /// The OpenAPI v3 document of one group and version; nil where there is none.
    static func openAPIDocument(_ definitions: [ResourceDefinition], group: String, version: String) -> JSONValue? { nil }
}
