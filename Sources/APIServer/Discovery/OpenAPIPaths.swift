import KubernetesTypes

/// The paths of one group and version, and what can be done at each.
struct OpenAPIPaths {
    private(set) var paths: [String: JSONValue] = [:]
    private let group: String
    private let version: String

    init(group: String, version: String) {
        self.group = group
        self.version = version
    }

    private struct Operation {
        var method: String
        var value: JSONValue
        var parameters: [String: JSONValue]
    }

    private static let listParameters = [
        "allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "resourceVersionMatch",
        "sendInitialEvents", "shardSelector", "timeoutSeconds", "watch",
    ]
    private static let writeParameters = ["dryRun", "fieldManager", "fieldValidation"]
    private static let deleteParameters = [
        "dryRun", "gracePeriodSeconds", "ignoreStoreReadErrorWithClusterBreakingPotential", "orphanDependents",
        "propagationPolicy",
    ]
    private static let meta = "io.k8s.apimachinery.pkg.apis.meta.v1."

    private var base: String { group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)" }

    // MARK: Paths

    mutating func add(_ definition: ResourceDefinition) {
        let scope = definition.isNamespaced ? "Namespaced" : ""
        let collection =
            definition.isNamespaced ? "\(base)/namespaces/{namespace}/\(definition.plural)" : "\(base)/\(definition.plural)"
        let schema = OpenAPIBuilder.schemaName(definition)
        let verbs = definition.verbs
        add(
            collection,
            [
                verbs.contains("list") ? list(definition, "list\(identity)\(scope)\(definition.kind)") : nil,
                verbs.contains("create") ? create(definition, schema, scope) : nil,
                verbs.contains("deletecollection") ? deleteCollection(definition, scope) : nil,
            ], definition)
        let item = collection + "/{name}"
        add(
            item,
            [
                verbs.contains("get") ? get(definition, schema, scope, subresource: nil) : nil,
                verbs.contains("update") ? put(definition, schema, scope, subresource: nil) : nil,
                verbs.contains("delete") ? delete(definition, schema, scope) : nil,
                verbs.contains("patch") ? patch(definition, schema, scope, subresource: nil) : nil,
            ], definition)
        for subresource in definition.subresources where ["status", "scale"].contains(subresource.name) {
            let shown = subresource.name == "scale" ? "io.k8s.api.autoscaling.v1.Scale" : schema
            add(
                "\(item)/\(subresource.name)",
                [
                    get(definition, shown, scope, subresource: subresource.name),
                    put(definition, shown, scope, subresource: subresource.name),
                    patch(definition, shown, scope, subresource: subresource.name),
                ], definition)
        }
        if definition.isNamespaced, verbs.contains("list") {
            add(
                "\(base)/\(definition.plural)", [list(definition, "list\(identity)\(definition.kind)ForAllNamespaces")],
                definition)
        }
    }

    /// Where the resources of the group are listed.
    mutating func addResourceList() {
        paths[base + "/"] = [
            "get": [
                "tags": [.string(tag(isCustom: false))], "description": "get available resources",
                "operationId": .string("get\(identity)APIResources"),
                "responses": responses(["200"], Self.meta + "APIResourceList", Self.types),
            ]
        ]
    }

    /// Parameters that all operations of a path have are the path's.
    private mutating func add(_ path: String, _ operations: [Operation?], _ definition: ResourceDefinition) {
        var operations = operations.compactMap { $0 }
        guard let first = operations.first else { return }
        var shared = first.parameters.filter { name, _ in operations.allSatisfy { $0.parameters[name] != nil } }
        for index in operations.indices {
            for name in shared.keys { operations[index].parameters[name] = nil }
        }
        if path.contains("{namespace}") {
            shared["namespace"] = Self.pathParameter("namespace", "object name and auth scope, such as for teams and projects")
        }
        if path.contains("{name}") { shared["name"] = Self.pathParameter("name", "name of the \(definition.kind)") }
        var value: JSONValue = ["parameters": Self.sorted(shared)]
        for operation in operations {
            var described = operation.value
            if !operation.parameters.isEmpty { described["parameters"] = Self.sorted(operation.parameters) }
            value[operation.method] = described
        }
        paths[path] = value
    }

    private static func sorted(_ parameters: [String: JSONValue]) -> JSONValue {
        .array(parameters.sorted { $0.key < $1.key }.map(\.value))
    }

    private static func pathParameter(_ name: String, _ description: String) -> JSONValue {
        [
            "name": .string(name), "in": "path", "description": .string(description), "required": true,
            "schema": ["type": "string", "uniqueItems": true],
        ]
    }

    // MARK: Operations

    private func list(_ definition: ResourceDefinition, _ identifier: String) -> Operation {
        let isCustom = definition.custom != nil
        return operation(
            "get", definition, "list \(isCustom ? "" : "or watch ")objects of kind \(definition.kind)", identifier, "list",
            Self.listParameters, responses: ["200"],
            OpenAPIBuilder.schemaName(definition) + "List",
            types: isCustom ? Self.customTypes : Self.types + Self.streamTypes)
    }

    private func create(_ definition: ResourceDefinition, _ schema: String, _ scope: String) -> Operation {
        operation(
            "post", definition, "create \(Self.article(definition.kind)) \(definition.kind)",
            "create\(identity)\(scope)\(definition.kind)", "post", Self.writeParameters, body: schema,
            responses: ["200", "201", "202"], schema)
    }

    private func deleteCollection(_ definition: ResourceDefinition, _ scope: String) -> Operation {
        let isCustom = definition.custom != nil
        return operation(
            "delete", definition, "delete collection of \(definition.kind)",
            "delete\(identity)Collection\(scope)\(definition.kind)", "deletecollection",
            isCustom
                ? Self.listParameters
                : Self.listParameters.filter { $0 != "allowWatchBookmarks" && $0 != "watch" } + Self.deleteParameters,
            body: isCustom ? nil : Self.meta + "DeleteOptions", requiresBody: false, responses: ["200"], Self.meta + "Status")
    }

    private func get(
        _ definition: ResourceDefinition, _ schema: String, _ scope: String, subresource: String?
    ) -> Operation {
        operation(
            "get", definition, "read \(Self.part(subresource))the specified \(definition.kind)",
            "read\(identity)\(scope)\(definition.kind)\(Self.suffix(subresource))", "get",
            definition.custom == nil ? [] : ["resourceVersion"], responses: ["200"], schema)
    }

    private func put(
        _ definition: ResourceDefinition, _ schema: String, _ scope: String, subresource: String?
    ) -> Operation {
        operation(
            "put", definition, "replace \(Self.part(subresource))the specified \(definition.kind)",
            "replace\(identity)\(scope)\(definition.kind)\(Self.suffix(subresource))", "put", Self.writeParameters, body: schema,
            responses: ["200", "201"], schema)
    }

    private func patch(
        _ definition: ResourceDefinition, _ schema: String, _ scope: String, subresource: String?
    ) -> Operation {
        var forms = ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"]
        if definition.custom == nil { forms += ["application/apply-patch+cbor", "application/strategic-merge-patch+json"] }
        var made = operation(
            "patch", definition, "partially update \(Self.part(subresource))the specified \(definition.kind)",
            "patch\(identity)\(scope)\(definition.kind)\(Self.suffix(subresource))", "patch", Self.writeParameters + ["force"],
            responses: definition.custom == nil ? ["200", "201"] : ["200"], schema)
        made.parameters["fieldManager"] = OpenAPITypes.parameter("fieldManager", ofPatch: true)
        made.value["requestBody"] = ["content": Self.content(Self.meta + "Patch", forms), "required": true]
        return made
    }

    private func delete(_ definition: ResourceDefinition, _ schema: String, _ scope: String) -> Operation {
        let isReturned = definition.custom == nil && APIServerCore.returnsDeletedObject(definition)
        return operation(
            "delete", definition, "delete \(Self.article(definition.kind)) \(definition.kind)",
            "delete\(identity)\(scope)\(definition.kind)", "delete", Self.deleteParameters, body: Self.meta + "DeleteOptions",
            requiresBody: false, responses: ["200", "202"], isReturned ? schema : Self.meta + "Status")
    }

    private func operation(
        _ method: String, _ definition: ResourceDefinition, _ description: String, _ identifier: String, _ action: String,
        _ parameters: [String], body: String? = nil, requiresBody: Bool = true, responses codes: [String], _ answer: String,
        types: [String]? = nil
    ) -> Operation {
        let isCustom = definition.custom != nil
        var value: JSONValue = [
            "tags": [.string(tag(isCustom: isCustom))], "description": .string(description), "operationId": .string(identifier),
            "responses": responses(codes, answer, types ?? (isCustom ? Self.customTypes : Self.types)),
            "x-kubernetes-action": .string(action),
            "x-kubernetes-group-version-kind": [
                "group": .string(definition.group), "version": .string(definition.version), "kind": .string(definition.kind),
            ],
        ]
        if let body {
            value["requestBody"] = ["content": Self.content(body, isCustom ? Self.customTypes : ["*/*"])]
            if requiresBody { value[path: ["requestBody", "required"]] = true }
        }
        let all = parameters + ["pretty"]
        return Operation(
            method: method, value: value,
            parameters: Dictionary(all.map { ($0, OpenAPITypes.parameter($0)) }, uniquingKeysWith: { $1 }))
    }

    // MARK: Parts

    private static let customTypes = ["application/json", "application/yaml"]
    private static let types = ["application/json", "application/vnd.kubernetes.protobuf", "application/yaml"]
    private static let streamTypes = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"]

    private static func content(_ schema: String, _ types: [String]) -> JSONValue {
        let reference: JSONValue = ["schema": ["$ref": .string(OpenAPITypes.referencePrefix + schema)]]
        return .object(Dictionary(types.map { ($0, reference) }, uniquingKeysWith: { $1 }))
    }

    private func responses(_ codes: [String], _ schema: String, _ types: [String]) -> JSONValue {
        let texts = ["200": "OK", "201": "Created", "202": "Accepted"]
        var value: JSONValue = ["401": ["description": "Unauthorized"]]
        for code in codes {
            value[code] = ["description": .string(texts[code] ?? ""), "content": Self.content(schema, types)]
        }
        return value
    }

    private static func article(_ kind: String) -> String { "AEIOU".contains(kind.prefix(1)) ? "an" : "a" }

    private static func part(_ subresource: String?) -> String { subresource.map { "\($0) of " } ?? "" }

    private static func suffix(_ subresource: String?) -> String {
        subresource.map { $0.prefix(1).uppercased() + $0.dropFirst() } ?? ""
    }

    /// The group's name in one word: `authorization.k8s.io` is `Authorization`, `example.dev` is `ExampleDev`.
    private var groupWord: String {
        if group.isEmpty { return "Core" }
        let name = group.hasSuffix(".k8s.io") ? String(group.dropLast(".k8s.io".count)) : group
        return name.split(whereSeparator: { $0 == "." || $0 == "-" }).map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    private var identity: String { groupWord + version.prefix(1).uppercased() + version.dropFirst() }

    private func tag(isCustom: Bool) -> String {
        "\(groupWord.prefix(1).lowercased() + groupWord.dropFirst())_\(version)"
    }
}
