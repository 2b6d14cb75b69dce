import KubernetesTypes

/// Validation of CustomResourceDefinitions: upstream's `apiextensions/validation/validation.go`.
enum DefinitionValidation {
    static func validate(_ object: JSONValue) -> [FieldError] {
        let spec = object["spec"] ?? [:]
        var errors = self.spec(spec)
        errors += storedVersions(object)
        let group = spec.text("group")
        let isProtected =
            group == "k8s.io" || group == "kubernetes.io" || group.hasSuffix(".k8s.io") || group.hasSuffix(".kubernetes.io")
        if isProtected, object[path: ["metadata", "annotations", "api-approved.kubernetes.io"]] == nil {
            errors.append(
                .required(
                    "metadata.annotations[api-approved.kubernetes.io]",
                    "protected groups must have approval annotation \"api-approved.kubernetes.io\", see "
                        + "https://github.com/kubernetes/enhancements/pull/1111"))
        }
        return errors
    }

    /// The name says what is defined. It cannot change, so only new definitions are asked.
    static func name(_ object: JSONValue) -> [FieldError] {
        let name = object[path: ["metadata", "name"]]?.string ?? ""
        let plural = object[path: ["spec", "names", "plural"]]?.string ?? ""
        let group = object[path: ["spec", "group"]]?.string ?? ""
        if name == "\(plural).\(group)" { return [] }
        return [.invalid("metadata.name", .string(name), "must be spec.names.plural+\".\"+spec.group")]
    }

    private static func spec(_ spec: JSONValue) -> [FieldError] {
        var errors: [FieldError] = []
        let group = spec.text("group")
        if group.isEmpty {
            errors.append(.required("spec.group"))
        } else {
            errors += MetadataNames.subdomainProblems(group).map { .invalid("spec.group", .string(group), $0) }
            if !group.contains(".") {
                errors.append(.invalid("spec.group", .string(group), "should be a domain with at least one dot"))
            }
        }
        errors += PodValidation.choice(spec.text("scope"), "spec.scope", ["Cluster", "Namespaced"])
        let versions = spec.elements("versions")
        let shown = Self.shown(versions, hoists: hoists(versions))
        let storage = versions.filter { $0["storage"]?.bool == true }
        if storage.count != 1 {
            errors.append(
                FieldError(
                    .invalid, "spec.versions",
                    message: "Invalid value: \(shown): must have exactly one version marked as storage version"))
        }
        if Set(versions.map { $0.text("name") }).count != versions.count {
            errors.append(
                FieldError(.invalid, "spec.versions", message: "Invalid value: \(shown): must contain unique version names"))
        }
        if let first = versions.first?.text("name") {
            errors += MetadataNames.label1035Problems(first).map { .invalid("spec.version", .string(first), $0) }
        }
        for (index, version) in versions.enumerated() {
            let text = version.text("name")
            errors += MetadataNames.label1035Problems(text).map { .invalid("spec.versions[\(index)].name", .string(text), $0) }
        }
        errors += perVersion(versions)
        errors += names(spec["names"] ?? [:])
        return errors + conversion(spec["conversion"] ?? [:])
    }

    /// What all versions share is checked, and named, once for the whole definition.
    private static func hoists(_ versions: [JSONValue]) -> Bool {
        guard let first = versions.first else { return false }
        return versions.allSatisfy { version in
            ["schema", "subresources", "additionalPrinterColumns", "selectableFields"].allSatisfy { version[$0] == first[$0] }
        }
    }

    private static func perVersion(_ versions: [JSONValue]) -> [FieldError] {
        var errors: [FieldError] = []
        func path(_ member: String, _ index: Int) -> (path: String, isChecked: Bool) {
            let isShared = versions.allSatisfy { $0[member] == versions[0][member] }
            return (isShared ? "spec" : "spec.versions[\(index)]", !isShared || index == 0)
        }
        for (index, version) in versions.enumerated() {
            let columns = path("additionalPrinterColumns", index)
            if columns.isChecked {
                errors += printerColumns(version.elements("additionalPrinterColumns"), "\(columns.path).additionalPrinterColumns")
            }
            let schema = path("schema", index)
            if let source = version[path: ["schema", "openAPIV3Schema"]], !source.isNull {
                let field = schema.path == "spec" ? "spec.validation.openAPIV3Schema" : "\(schema.path).schema.openAPIV3Schema"
                if schema.isChecked { errors += SchemaValidation.validate(source, field) }
            } else {
                errors.append(.required("spec.versions[\(index)].schema.openAPIV3Schema"))
            }
            let subresources = path("subresources", index)
            if subresources.isChecked {
                errors += scale(version[path: ["subresources", "scale"]] ?? .null, "\(subresources.path).subresources.scale")
            }
        }
        return errors
    }

    /// The list of versions as Go shows its internal form, in the order of the type's fields.
    private static func shown(_ versions: [JSONValue], hoists: Bool) -> String {
        let entries = versions.map { version -> String in
            func text(_ name: String) -> String { version[name].map(JSONSerializer.string) ?? "null" }
            let flags = "\"Served\":\(version["served"]?.bool == true),\"Storage\":\(version["storage"]?.bool == true)"
            return "{\"Name\":\(text("name")),\(flags),\"Deprecated\":\(version["deprecated"]?.bool == true),"
                + "\"DeprecationWarning\":\(text("deprecationWarning")),\"Schema\":\(hoists ? "null" : text("schema")),"
                + "\"Subresources\":\(hoists ? "null" : text("subresources")),"
                + "\"AdditionalPrinterColumns\":\(hoists ? "null" : text("additionalPrinterColumns")),\"SelectableFields\":null}"
        }
        return "[\(entries.joined(separator: ","))]"
    }

    private static func names(_ names: JSONValue) -> [FieldError] {
        var errors: [FieldError] = []
        func label(_ key: String, _ value: String) {
            if value.isEmpty { return errors.append(.required("spec.names.\(key)")) }
            errors += MetadataNames.label1035Problems(value).map { .invalid("spec.names.\(key)", .string(value), $0) }
        }
        func kind(_ key: String, _ value: String) {
            if value.isEmpty { return errors.append(.required("spec.names.\(key)")) }
            errors += MetadataNames.label1035Problems(value.lowercased()).map {
                .invalid("spec.names.\(key)", .string(value), "may have mixed case, but should otherwise match: \($0)")
            }
        }
        label("plural", names.text("plural"))
        label("singular", names.text("singular"))
        kind("kind", names.text("kind"))
        // A list kind that was not given is made of a bad kind; that is named once.
        if names.text("listKind") != "\(names.text("kind"))List" { kind("listKind", names.text("listKind")) }
        for list in ["shortNames", "categories"] {
            for (index, value) in names.elements(list).compactMap(\.string).enumerated() {
                errors += MetadataNames.label1035Problems(value).map {
                    .invalid("spec.names.\(list)[\(index)]", .string(value), $0)
                }
            }
        }
        if !names.text("kind").isEmpty, names.text("kind") == names.text("listKind") {
            errors.append(
                .invalid("spec.names.listKind", .string(names.text("listKind")), "kind and listKind may not be the same"))
        }
        return errors
    }

    private static func printerColumns(_ columns: [JSONValue], _ field: String) -> [FieldError] {
        let types = ["boolean", "date", "integer", "number", "string"]
        let formats = ["int32", "int64", "float", "double", "byte", "date", "date-time", "password"]
        var errors: [FieldError] = []
        for (index, column) in columns.enumerated() {
            let path = "\(field)[\(index)]"
            let jsonPath = column.text("jsonPath")
            if jsonPath.isEmpty {
                errors.append(.required("\(path).JSONPath"))
            } else if !jsonPath.hasPrefix(".") {
                errors.append(.invalid("\(path).JSONPath", .string(jsonPath), "must be a simple json path starting with ."))
            }
            if column.text("name").isEmpty { errors.append(.required("\(path).name")) }
            let type = column.text("type")
            if type.isEmpty {
                errors.append(.required("\(path).type", "must be one of \(types.joined(separator: ","))"))
            } else if !types.contains(type) {
                errors.append(.invalid("\(path).type", .string(type), "must be one of \(types.joined(separator: ","))"))
            }
            let format = column.text("format")
            if !format.isEmpty, !formats.contains(format) {
                errors.append(
                    .invalid("\(path).format", .string(format), "must be one of \(formats.sorted().joined(separator: ","))"))
            }
        }
        return errors
    }

    private static func scale(_ scale: JSONValue, _ field: String) -> [FieldError] {
        guard !scale.isNull else { return [] }
        var errors: [FieldError] = []
        for (name, parent) in [("specReplicasPath", ".spec"), ("statusReplicasPath", ".status")] {
            let path = scale.text(name)
            if path.isEmpty {
                errors.append(.required("\(field).\(name)"))
            } else if !path.hasPrefix("\(parent).") {
                errors.append(.invalid("\(field).\(name)", .string(path), "should be a json path under \(parent)"))
            }
        }
        let selector = scale.text("labelSelectorPath")
        if !selector.isEmpty, !selector.hasPrefix(".spec."), !selector.hasPrefix(".status.") {
            errors.append(
                .invalid("\(field).labelSelectorPath", .string(selector), "should be a json path under either .spec or .status"))
        }
        return errors
    }

    private static func conversion(_ conversion: JSONValue) -> [FieldError] {
        let strategy = conversion.text("strategy")
        var errors = PodValidation.choice(strategy, "spec.conversion.strategy", ["None", "Webhook"])
        if strategy == "Webhook" {
            let webhook = conversion["webhook"] ?? [:]
            if webhook.elements("conversionReviewVersions").isEmpty {
                errors.append(.required("spec.conversion.conversionReviewVersions"))
            }
            if !webhook.isSet("clientConfig") {
                errors.append(.required("spec.conversion.webhookClientConfig", "required when strategy is set to Webhook"))
            }
        }
        return errors
    }

    private static func storedVersions(_ object: JSONValue) -> [FieldError] {
        let stored = object["status"]?.elements("storedVersions") ?? []
        let versions = object["spec"]?.elements("versions") ?? []
        let names = Set(versions.map { $0.text("name") })
        var errors: [FieldError] = []
        if stored.isEmpty {
            errors.append(.invalid("status.storedVersions", .null, "must have at least one stored version"))
        }
        for (index, version) in stored.compactMap(\.string).enumerated() where !names.contains(version) {
            errors.append(
                .invalid(
                    "status.storedVersions[\(index)]", .string(version),
                    "missing from spec.versions; \(version) was previously a storage version, and must remain in spec.versions until a "
                        + "storage migration ensures no data remains persisted in \(version) and removes \(version) from status.storedVersions"
                ))
        }
        for storage in versions.filter({ $0["storage"]?.bool == true }).map({ $0.text("name") })
        where !stored.isEmpty && !stored.contains(.string(storage)) {
            errors.append(.invalid("status.storedVersions", .array(stored), "must have the storage version \(storage)"))
        }
        return errors
    }

    static func changes(_ old: JSONValue, _ new: JSONValue) -> [FieldError] {
        let isEstablished = (old["status"]?.elements("conditions") ?? []).contains {
            $0["type"] == "Established" && $0["status"] == "True"
        }
        var paths = [["group"], ["names", "plural"]]
        if isEstablished { paths = [["group"], ["scope"], ["names", "kind"], ["names", "plural"]] }
        return paths.compactMap { path in
            let before = old[path: ["spec"] + path] ?? .null
            let after = new[path: ["spec"] + path] ?? .null
            return before == after ? nil : .invalid("spec.\(path.joined(separator: "."))", after, "field is immutable")
        }
    }
}
