/// Where the request path takes its knowledge of fields from.
enum SchemaProvider {
    static let rules: any ObjectRulesProvider = SchemaRulesProvider()
    static let merging: any ObjectMerging = SchemaMerging()
}
