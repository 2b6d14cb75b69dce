import KubernetesTypes

/// Turns an established CustomResourceDefinition into the definitions of what it serves.
enum CustomResourceServing {
    static func isTrue(_ condition: String, of definition: JSONValue) -> Bool {
        definition["status"]?["conditions"]?.array?.contains {
            $0["type"]?.string == condition && $0["status"]?.string == "True"
        } ?? false
    }

    static func definitions(_ object: JSONValue, rules: any ObjectRulesProvider) -> [ResourceDefinition] {
        guard isTrue("Established", of: object) else { return [] }
        let spec = object["spec"] ?? [:]
        let names = object["status"]?["acceptedNames"] ?? spec["names"] ?? [:]
        let group = spec["group"]?.string ?? ""
        let versions = spec["versions"]?.array ?? []
        let storage = versions.first { $0["storage"]?.bool == true }?["name"]?.string ?? ""
        var made = versions.filter { $0["served"]?.bool == true }.map { version in
            definition(object, version, names: names, group: group, storage: storage, rules: rules)
        }
        var structures: [String: any FieldStructure] = [:]
        for version in versions {
            guard let name = version["name"]?.string else { continue }
            structures["\(group)/\(name)"] = rules.rules(definition: object, version: name).fields
        }
        for index in made.indices { made[index].custom?.structures = structures }
        return made
    }

    private static func definition(
        _ object: JSONValue, _ version: JSONValue, names: JSONValue, group: String, storage: String,
        rules: any ObjectRulesProvider
    ) -> ResourceDefinition {
        let spec = object["spec"] ?? [:]
        let kind = names["kind"]?.string ?? ""
        let versionName = version["name"]?.string ?? ""
        let subresources = version["subresources"] ?? [:]
        var list: [Subresource] = []
        let verbs = ["get", "patch", "update"]
        if subresources["status"] != nil { list.append(Subresource(name: "status", kind: kind, verbs: verbs)) }
        var scale: ScalePaths?
        if let paths = subresources["scale"], paths.object != nil {
            func trimmed(_ field: String) -> String? {
                paths[field]?.string.map { $0.hasPrefix(".") ? String($0.dropFirst()) : $0 }
            }
            scale = ScalePaths(
                specReplicas: trimmed("specReplicasPath") ?? "", statusReplicas: trimmed("statusReplicasPath") ?? "",
                labelSelector: trimmed("labelSelectorPath"))
            list.append(Subresource(name: "scale", group: "autoscaling", version: "v1", kind: "Scale", verbs: verbs))
        }
        var warning: String?
        if version["deprecated"]?.bool == true {
            warning = version["deprecationWarning"]?.string ?? "\(group)/\(versionName) \(kind) is deprecated"
        }
        let selectable = (version["selectableFields"]?.array ?? []).compactMap { $0["jsonPath"]?.string }
            .map { $0.hasPrefix(".") ? String($0.dropFirst()) : $0 }
        func texts(_ field: String) -> [String] { names[field]?.array?.compactMap(\.string) ?? [] }
        return ResourceDefinition(
            group: group, version: versionName, kind: kind, plural: names["plural"]?.string ?? "",
            singular: names["singular"]?.string ?? kind.lowercased(), shortNames: texts("shortNames"),
            categories: texts("categories"),
            isNamespaced: spec["scope"]?.string == "Namespaced", verbs: BuiltinCatalog.allVerbs, subresources: list,
            storageVersionHash: BuiltinCatalog.storageVersionHash(group: group, version: storage, kind: kind),
            storageGroup: group,
            storageVersion: storage,
            custom: CustomResourceTraits(
                definitionName: object["metadata"]?["name"]?.string ?? "",
                definitionUID: object["metadata"]?["uid"]?.string ?? "",
                listKind: names["listKind"]?.string ?? "\(kind)List", hasStatus: subresources["status"] != nil, scale: scale,
                schema: version["schema"]?["openAPIV3Schema"] ?? [:]),
            rules: rules.rules(definition: object, version: versionName), columns: CustomColumns.columns(version),
            selectableFields: selectable, deprecationWarning: warning)
    }
}
