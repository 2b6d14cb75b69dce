import KubernetesTypes

/// Validates `metadata` as upstream's generic registry does for every kind.
enum MetadataValidation {
    static let maximumAnnotationBytes = 262_144

    static func create(_ object: JSONValue, _ definition: ResourceDefinition) -> [FieldError] {
        let metadata = object["metadata"] ?? [:]
        let style = MetadataNames.style(definition)
        var errors: [FieldError] = []
        if let prefix = metadata["generateName"]?.string, !prefix.isEmpty {
            errors += MetadataNames.prefixProblems(prefix, style: style).map {
                .invalid("metadata.generateName", .string(prefix), $0)
            }
        }
        let name = metadata["name"]?.string ?? ""
        if name.isEmpty {
            errors.append(.required("metadata.name", "name or generateName is required"))
        } else {
            errors += MetadataNames.problems(name, style: style).map { .invalid("metadata.name", .string(name), $0) }
        }
        if let generation = metadata["generation"]?.integer, generation < 0 {
            errors.append(.invalid("metadata.generation", .integer(generation), "must be greater than or equal to 0"))
        }
        return errors + common(metadata) + finalizers(metadata)
    }

    /// What may not change between two states of one object.
    static func update(old: JSONValue, new: JSONValue, _ definition: ResourceDefinition) -> [FieldError] {
        let before = old["metadata"] ?? [:]
        let after = new["metadata"] ?? [:]
        var errors: [FieldError] = []
        if before["deletionTimestamp"]?.string != nil {
            let known = Set(before["finalizers"]?.array?.compactMap(\.string) ?? [])
            let added = (after["finalizers"]?.array?.compactMap(\.string) ?? []).filter { !known.contains($0) }
            if !added.isEmpty {
                let list = added.map { "\"\($0)\"" }.joined(separator: ", ")
                errors.append(
                    .forbidden(
                        "metadata.finalizers",
                        "no new finalizers can be added if the object is being deleted, found new finalizers []string{\(list)}"))
            }
        }
        for field in ["name", "namespace", "uid", "creationTimestamp"] where (before[field] ?? .null) != (after[field] ?? .null) {
            errors.append(.invalid("metadata.\(field)", after[field] ?? .null, "field is immutable"))
        }
        errors += common(after)
        // Upstream's generic layer and the kind's own validation both check the metadata and its change, and all is reported.
        if definition.custom != nil { return errors + errors + common(after) + finalizers(after) }
        let whole = common(after) + finalizers(after)
        return whole + errors + errors + (checksWholeOnUpdate.contains(definition.kind) ? whole : [])
    }

    /// Kinds whose own validation of an update looks at all metadata, and not only at its change.
    private static let checksWholeOnUpdate: Set<String> = [
        "ConfigMap", "Secret", "Pod", "Job", "ServiceAccount", "PersistentVolumeClaim", "PersistentVolume", "Node", "ReplicaSet",
        "ReplicationController", "DaemonSet", "StatefulSet", "Ingress", "Role", "ClusterRole", "RoleBinding",
        "ClusterRoleBinding", "PriorityClass", "ResourceQuota",
    ]

    private static func common(_ metadata: JSONValue) -> [FieldError] {
        labels(metadata) + annotations(metadata) + owners(metadata)
    }

    private static func labels(_ metadata: JSONValue) -> [FieldError] {
        let labels = metadata["labels"]?.object ?? [:]
        return labels.keys.sorted().flatMap { key -> [FieldError] in
            MetadataNames.qualifiedNameProblems(key).map { .invalid("metadata.labels", .string(key), $0) }
                + MetadataNames.labelValueProblems(labels[key]?.string ?? "").map {
                    .invalid("metadata.labels", labels[key] ?? .null, $0)
                }
        }
    }

    private static func annotations(_ metadata: JSONValue) -> [FieldError] {
        let annotations = metadata["annotations"]?.object ?? [:]
        var errors = annotations.keys.sorted().flatMap { key in
            MetadataNames.qualifiedNameProblems(key.lowercased()).map {
                FieldError.invalid("metadata.annotations", .string(key), $0)
            }
        }
        let size = annotations.reduce(0) { $0 + $1.key.utf8.count + ($1.value.string?.utf8.count ?? 0) }
        if size > maximumAnnotationBytes { errors.append(.tooLong("metadata.annotations", maximum: maximumAnnotationBytes)) }
        return errors
    }

    private static func owners(_ metadata: JSONValue) -> [FieldError] {
        let references = metadata["ownerReferences"]?.array ?? []
        let path = "metadata.ownerReferences"
        var errors: [FieldError] = []
        var controller: String?
        for reference in references {
            let version = reference["apiVersion"]?.string ?? ""
            if version.split(separator: "/", omittingEmptySubsequences: false).last?.isEmpty ?? true {
                errors.append(.invalid("\(path).apiVersion", .string(version), "version must not be empty"))
            }
            for field in ["kind", "name", "uid"] where (reference[field]?.string ?? "").isEmpty {
                errors.append(.invalid("\(path).\(field)", "", "must not be empty"))
            }
            guard reference["controller"]?.bool == true else { continue }
            let name = "\(reference["kind"]?.string ?? "")/\(reference["name"]?.string ?? "")"
            if let controller {
                errors.append(
                    FieldError(
                        .invalid, path,
                        message: "Invalid value: \(shownOwners(references)): Only one reference can have Controller set to true. "
                            + "Found \"true\" in references for \(controller) and \(name)"))
            } else {
                controller = name
            }
        }
        return errors
    }

    /// In the order of the Go structure's fields.
    private static func shownOwners(_ references: [JSONValue]) -> String {
        let fields = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"]
        let texts = references.map { reference in
            let members = fields.compactMap { field in
                reference[field].map { "\"\(field)\":\(JSONSerializer.string($0))" }
            }
            return "{\(members.joined(separator: ","))}"
        }
        return "[\(texts.joined(separator: ","))]"
    }

    private static let standardFinalizers: Set<String> = ["orphan", "foregroundDeletion", "kubernetes"]

    private static func finalizers(_ metadata: JSONValue) -> [FieldError] {
        let names = metadata["finalizers"]?.array?.compactMap(\.string) ?? []
        var errors: [FieldError] = []
        for name in names {
            errors += MetadataNames.qualifiedNameProblems(name).map { .invalid("metadata.finalizers", .string(name), $0) }
        }
        for (index, name) in names.enumerated()
        where !name.contains("/") && !standardFinalizers.contains(name) {
            errors.append(
                .invalid(
                    "metadata.finalizers[\(index)]", .string(name),
                    "name is neither a standard finalizer name nor is it fully qualified"))
        }
        if names.contains("orphan"), names.contains("foregroundDeletion") {
            errors.append(
                .invalid(
                    "metadata.finalizers", .array(names.map { .string($0) }),
                    "finalizers orphan and foregroundDeletion cannot be both set"))
        }
        return errors
    }
}
