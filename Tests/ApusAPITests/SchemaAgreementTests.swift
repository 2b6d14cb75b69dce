import ApusAPI
import KubernetesTypes
import Testing

/// Holds the Swift types and the schemas together: a field in one and not in the other would be dropped or refused in silence.
@Suite struct SchemaAgreementTests {
    @Test func trainingRuntime() throws { try agree(TrainingRuntime.self, optional: ["allowedOverrides"]) }
    @Test func clusterTrainingRuntime() throws { try agree(ClusterTrainingRuntime.self) }
    @Test func trainingJob() throws { try agree(TrainingJob.self) }
    @Test func model() throws { try agree(Model.self) }
    @Test func modelVersion() throws { try agree(ModelVersion.self) }
    @Test func promotion() throws { try agree(Promotion.self) }
    @Test func inferenceService() throws { try agree(InferenceService.self) }
    @Test func driftMonitor() throws { try agree(DriftMonitor.self) }

    private func agree<Resource: ApusResource>(_ type: Resource.Type, optional: Set<String> = []) throws {
        let manifest = Resource.definition.manifest
        let schema = try #require(manifest["spec"]?["versions"]?[0]?["schema"]?["openAPIV3Schema"])
        var example = Self.example(of: schema)
        example["apiVersion"] = .string(Resource.resourceType.apiVersion)
        example["kind"] = .string(Resource.resourceType.kind)
        example["metadata"] = ["name": "example"]
        let typed = try Resource(example)
        // What the schema allows and the type lacks is lost on the way through the type.
        #expect(try JSONValue(encoding: typed) == example)
        // What the type has and the schema lacks is nil in an object that has everything.
        let missing = Self.missingFields(in: typed, path: Resource.resourceType.kind)
        #expect(missing == [], "the schema lacks these fields of the type")
    }

    /// An object that has every field a schema names.
    private static func example(of schema: JSONValue) -> JSONValue {
        if let first = schema["enum"]?[0] { return first }
        if schema["x-kubernetes-int-or-string"]?.bool == true { return schema["pattern"] == nil ? 3 : "3" }
        switch schema["type"]?.string {
        case "object":
            if let values = schema["additionalProperties"] { return ["key": example(of: values)] }
            return .object((schema["properties"]?.object ?? [:]).mapValues(example(of:)))
        case "array": return .array([schema["items"].map(example(of:)) ?? .null])
        case "integer": return 7
        case "number": return 0.5
        case "boolean": return true
        default:
            if schema["format"]?.string == "date-time" { return "2026-01-31T09:30:00Z" }
            if schema["pattern"]?.string?.contains("ms|s|m|h") == true { return "90s" }
            return "text"
        }
    }

    private static func missingFields(in value: Any, path: String) -> [String] {
        // Types of Kubernetes' own: their schemas are not ours.
        if value is ObjectMeta || value is PodTemplateSpec || value is JSONValue || value is Quantity
            || value is KubernetesDuration
        {
            return []
        }
        let mirror = Mirror(reflecting: value)
        if mirror.displayStyle == .optional {
            guard let wrapped = mirror.children.first else { return [path] }
            return missingFields(in: wrapped.value, path: path)
        }
        return mirror.children.flatMap { missingFields(in: $0.value, path: "\(path).\($0.label ?? "")") }
    }
}
