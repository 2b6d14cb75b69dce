import KubernetesTypes

/// Builds the OpenAPI v3 document of one group and version: what `kubectl explain` reads, and what clients look into to learn
/// which parameters the server knows.
struct OpenAPIBuilder: Sendable {
    let definitions: [ResourceDefinition]
    let group: String
    let version: String

    private static let meta = "io.k8s.apimachinery.pkg.apis.meta.v1."

    private var isCustom: Bool { definitions.contains { $0.custom != nil } }

    func document() -> JSONValue {
        var schemas: [String: JSONValue] = [:]
        var paths = OpenAPIPaths(group: group, version: version)
        for definition in definitions {
            if let custom = definition.custom {
                schemas[Self.schemaName(definition)] = customSchema(definition, custom)
                schemas[Self.schemaName(definition) + "List"] = listSchema(definition, custom)
            }
            paths.add(definition)
        }
        if !isCustom { paths.addResourceList() }
        var pending: Set<String> = []
        for schema in schemas.values { Self.collectReferences(schema, into: &pending) }
        Self.collectReferences(.object(paths.paths), into: &pending)
        while let name = pending.popFirst() {
            guard schemas[name] == nil, let schema = isCustom ? OpenAPITypes.forCustom(name) : OpenAPITypes.builtin(name) else {
                continue
            }
            schemas[name] = schema
            Self.collectReferences(schema, into: &pending)
        }
        var components: JSONValue = ["schemas": .object(schemas)]
        if !isCustom { components["securitySchemes"] = OpenAPITypes.securitySchemes }
        return [
            "openapi": "3.0.0",
            "info": isCustom
                ? ["title": "Kubernetes CRD Swagger", "version": "v0.1.0"] : ["title": "Kubernetes", "version": "1.36"],
            "paths": .object(paths.paths), "components": components,
        ]
    }

    // MARK: Schemas

    /// `dev.example.v1.TrainingJob`, or the name of a built-in type.
    static func schemaName(_ definition: ResourceDefinition) -> String {
        if definition.custom == nil {
            let kind = GroupVersionKind(group: definition.group, version: definition.version, kind: definition.kind)
            return KubernetesSchema.builtin.typeName(of: kind) ?? "io.k8s.\(definition.kind)"
        }
        let reversed = definition.group.split(separator: ".").reversed().joined(separator: ".")
        return "\(reversed).\(definition.version).\(definition.kind)"
    }

    private static let apiVersion: JSONValue = [
        "type": "string",
        "description":
            "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources",
    ]

    private static let kind: JSONValue = [
        "type": "string",
        "description":
            "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds",
    ]

    private func customSchema(_ definition: ResourceDefinition, _ custom: CustomResourceTraits) -> JSONValue {
        var schema = Self.published(custom.schema)
        var properties = schema["properties"]?.object ?? [:]
        properties["apiVersion"] = Self.apiVersion
        properties["kind"] = Self.kind
        properties["metadata"] = [
            "description":
                "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
            "allOf": [["$ref": .string(OpenAPITypes.referencePrefix + Self.meta + "ObjectMeta")]],
        ]
        schema["type"] = "object"
        schema["properties"] = .object(properties)
        schema["x-kubernetes-group-version-kind"] = [kind(definition, definition.kind)]
        return schema
    }

    /// Values that are a number or a text say so in plain OpenAPI too.
    private static func published(_ schema: JSONValue) -> JSONValue {
        switch schema {
        case .object(let members):
            var result = members.mapValues(published)
            if members["x-kubernetes-int-or-string"] == true, members["anyOf"] == nil, members["allOf"] == nil {
                result["anyOf"] = [["type": "integer"], ["type": "string"]]
            }
            return .object(result)
        case .array(let elements): return .array(elements.map(published))
        default: return schema
        }
    }

    private func listSchema(_ definition: ResourceDefinition, _ custom: CustomResourceTraits) -> JSONValue {
        [
            "description": .string("\(custom.listKind) is a list of \(definition.kind)"), "type": "object", "required": ["items"],
            "properties": [
                "apiVersion": Self.apiVersion, "kind": Self.kind,
                "items": [
                    "description": .string(
                        "List of \(definition.plural). More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md"
                    ),
                    "type": "array",
                    "items": ["$ref": .string(OpenAPITypes.referencePrefix + Self.schemaName(definition))],
                ],
                "metadata": [
                    "description":
                        "Standard list metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds",
                    "allOf": [["$ref": .string(OpenAPITypes.referencePrefix + Self.meta + "ListMeta")]],
                ],
            ],
            "x-kubernetes-group-version-kind": [kind(definition, custom.listKind)],
        ]
    }

    private func kind(_ definition: ResourceDefinition, _ kind: String) -> JSONValue {
        ["group": .string(definition.group), "kind": .string(kind), "version": .string(definition.version)]
    }

    private static func collectReferences(_ schema: JSONValue, into names: inout Set<String>) {
        switch schema {
        case .object(let members):
            if let reference = members["$ref"]?.string, reference.hasPrefix(OpenAPITypes.referencePrefix) {
                names.insert(String(reference.dropFirst(OpenAPITypes.referencePrefix.count)))
            }
            for member in members.values { collectReferences(member, into: &names) }
        case .array(let elements):
            for element in elements { collectReferences(element, into: &names) }
        default: break
        }
    }
}
