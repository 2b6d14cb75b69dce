import KubernetesTypes

/// The whole of discovery in two documents, as clients since 1.27 ask for it.
struct AggregatedDiscovery: Sendable {
    let registry: ResourceRegistry

    /// Whether the Accept header prefers the aggregated form; 406 when it asks for a version of it that does not exist and nothing else.
    static func isWanted(_ request: APIRequest) throws(APIError) -> Bool {
        let accept = request.header("accept") ?? ""
        guard accept.contains("as=") else { return false }
        for media in ContentNegotiation.mediaTypes(accept) {
            guard media.type == "application/json" || media.type == "application/yaml" else { continue }
            guard media.parameters["as"] == "APIGroupDiscoveryList", media.parameters["g"] == "apidiscovery.k8s.io" else {
                if media.parameters["as"] == nil { return false }
                continue
            }
            if media.parameters["v"] == "v2" { return true }
        }
        throw ContentNegotiation.notAcceptable
    }

    func document(isLegacy: Bool) -> JSONValue {
        let groups = registry.groups.filter { $0.name.isEmpty == isLegacy }
        return [
            "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": [:],
            "items": .array(groups.map { item($0.name, $0.versions) }),
        ]
    }

    private func item(_ group: String, _ versions: [String]) -> JSONValue {
        [
            "metadata": group.isEmpty ? [:] : ["name": .string(group)],
            "versions": .array(
                versions.map { version in
                    [
                        "version": .string(version),
                        "resources": .array(registry.definitions(group: group, version: version).map(resource)),
                        "freshness": "Current",
                    ]
                }),
        ]
    }

    private func resource(_ definition: ResourceDefinition) -> JSONValue {
        var value: JSONValue = [
            "resource": .string(definition.plural), "responseKind": kind(definition, nil),
            "scope": definition.isNamespaced ? "Namespaced" : "Cluster", "singularResource": .string(definition.singular),
            "verbs": .array(
                (definition.custom == nil
                    ? definition.verbs : ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"])
                    .map { .string($0) }),
        ]
        if !definition.shortNames.isEmpty { value["shortNames"] = .array(definition.shortNames.map { .string($0) }) }
        if !definition.categories.isEmpty { value["categories"] = .array(definition.categories.map { .string($0) }) }
        if !definition.subresources.isEmpty {
            value["subresources"] = .array(
                definition.subresources.map { subresource in
                    [
                        "subresource": .string(subresource.name), "responseKind": kind(definition, subresource),
                        "verbs": .array(subresource.verbs.map { .string($0) }),
                    ]
                })
        }
        return value
    }

    /// Built-in kinds leave group and version to be inferred from where they stand.
    private func kind(_ definition: ResourceDefinition, _ subresource: Subresource?) -> JSONValue {
        let isCustom = definition.custom != nil
        let group = subresource?.group ?? (isCustom ? definition.group : "")
        let version = subresource?.version ?? (isCustom ? definition.version : "")
        return ["group": .string(group), "version": .string(version), "kind": .string(subresource?.kind ?? definition.kind)]
    }
}
