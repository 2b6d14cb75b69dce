import KubernetesTypes

/// Builds the OpenAPI v3 document of one group and version: what `kubectl explain` reads, and what clients look into to learn
/// which parameters the server knows.
struct OpenAPIBuilder: Sendable {
    let definitions: [ResourceDefinition]
    let group: String
    let version: String

    private static let referencePrefix = "#/components/schemas/"

    func document() -> JSONValue {
        var schemas: [String: JSONValue] = [:]
        var paths: [String: JSONValue] = [:]
        for definition in definitions {
            let name = Self.schemaName(definition)
            if let custom = definition.custom {
                schemas[name] = customSchema(definition, custom)
            }
            addPaths(definition, name, to: &paths)
        }
        var pending = Set(definitions.map(Self.schemaName)).subtracting(schemas.keys)
        for schema in schemas.values { Self.collectReferences(schema, into: &pending) }
        while let name = pending.popFirst() {
            guard schemas[name] == nil, let schema = KubernetesSchema.builtin.openAPI(named: name) else { continue }
            schemas[name] = schema
            Self.collectReferences(schema, into: &pending)
        }
        let isCustom = definitions.contains { $0.custom != nil }
        return [
            "openapi": "3.0.0",
            "info": isCustom
                ? ["title": "Kubernetes CRD Swagger", "version": "v0.1.0"] : ["title": "Kubernetes", "version": "1.36"],
            "paths": .object(paths), "components": ["schemas": .object(schemas)],
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

    private func customSchema(_ definition: ResourceDefinition, _ custom: CustomResourceTraits) -> JSONValue {
        var schema = custom.schema
        var properties = schema["properties"]?.object ?? [:]
        properties["apiVersion"] = [
            "type": "string",
            "description":
                "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources",
        ]
        properties["kind"] = [
            "type": "string",
            "description":
                "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds",
        ]
        properties["metadata"] = [
            "description":
                "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
            "allOf": [["$ref": .string(Self.referencePrefix + "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")]],
        ]
        schema["type"] = "object"
        schema["properties"] = .object(properties)
        schema["x-kubernetes-group-version-kind"] = [kind(definition)]
        return schema
    }

    private func kind(_ definition: ResourceDefinition) -> JSONValue {
        ["group": .string(definition.group), "kind": .string(definition.kind), "version": .string(definition.version)]
    }

    private static func collectReferences(_ schema: JSONValue, into names: inout Set<String>) {
        switch schema {
        case .object(let members):
            if let reference = members["$ref"]?.string, reference.hasPrefix(referencePrefix) {
                names.insert(String(reference.dropFirst(referencePrefix.count)))
            }
            for member in members.values { collectReferences(member, into: &names) }
        case .array(let elements):
            for element in elements { collectReferences(element, into: &names) }
        default: break
        }
    }

    // MARK: Paths

    private func addPaths(_ definition: ResourceDefinition, _ schema: String, to paths: inout [String: JSONValue]) {
        let base = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        let collection =
            definition.isNamespaced ? "\(base)/namespaces/{namespace}/\(definition.plural)" : "\(base)/\(definition.plural)"
        func operation(_ verb: String, _ action: String, _ parameters: [JSONValue]) -> (String, JSONValue)? {
            guard definition.verbs.contains(verb) else { return nil }
            let method =
                ["list": "get", "create": "post", "get": "get", "update": "put", "patch": "patch", "delete": "delete"][verb]
                ?? "delete"
            return (
                method,
                [
                    "tags": [.string(tag)], "operationId": .string("\(action)\(tag)\(definition.kind)"),
                    "parameters": .array(parameters),
                    "responses": [
                        "200": [
                            "description": "OK",
                            "content": ["application/json": ["schema": ["$ref": .string(Self.referencePrefix + schema)]]],
                        ]
                    ], "x-kubernetes-action": .string(action), "x-kubernetes-group-version-kind": kind(definition),
                ]
            )
        }
        func add(_ path: String, _ operations: [(String, JSONValue)?]) {
            let made = operations.compactMap { $0 }
            guard !made.isEmpty else { return }
            paths[path] = .object(Dictionary(made, uniquingKeysWith: { $1 }))
        }
        add(collection, [operation("list", "list", Self.listParameters), operation("create", "post", Self.writeParameters)])
        add(
            collection + "/{name}",
            [
                operation("get", "get", []), operation("update", "put", Self.writeParameters),
                operation("patch", "patch", Self.writeParameters + [Self.parameter("force", "boolean")]),
                operation("delete", "delete", Self.deleteParameters),
            ])
        if definition.isNamespaced { add("\(base)/\(definition.plural)", [operation("list", "list", Self.listParameters)]) }
    }

    private var tag: String {
        let name = group.isEmpty ? "core" : group.split(separator: ".").first.map(String.init) ?? group
        return "\(name)_\(version)"
    }

    private static func parameter(_ name: String, _ type: String) -> JSONValue {
        ["name": .string(name), "in": "query", "schema": ["type": .string(type), "uniqueItems": true]]
    }

    private static let writeParameters = ["dryRun", "fieldManager", "fieldValidation", "pretty"].map { parameter($0, "string") }

    private static let deleteParameters =
        ["dryRun", "propagationPolicy", "pretty"].map { parameter($0, "string") } + [parameter("gracePeriodSeconds", "integer")]

    private static let listParameters =
        ["continue", "fieldSelector", "labelSelector", "resourceVersion", "resourceVersionMatch", "pretty"].map {
            parameter($0, "string")
        }
        + ["limit", "timeoutSeconds"].map { parameter($0, "integer") }
        + ["allowWatchBookmarks", "sendInitialEvents", "watch"].map { parameter($0, "boolean") }
}
