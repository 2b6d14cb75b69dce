import KubernetesTypes

/// Kinds of the smaller groups: access, policies, priorities.
enum PolicyBehaviors {
    static let networkPolicy = KindBehavior(
        defaults: { object in
            object.modify("spec") { spec in
                if spec.elements("policyTypes").isEmpty {
                    spec["policyTypes"] = spec.elements("egress").isEmpty ? ["Ingress"] : ["Ingress", "Egress"]
                }
                for direction in ["ingress", "egress"] {
                    spec.modifyEach(direction) { rule in
                        rule.modifyEach("ports") { port in port.setDefault("protocol", "TCP") }
                    }
                }
            }
        }, hasGeneration: true, countsEmptyLists: true)

    private static let highestUserPriority: Int64 = 1_000_000_000

    static let priorityClass = KindBehavior(
        defaults: { object in object.setDefault("preemptionPolicy", "PreemptLowerPriority") },
        hasGeneration: true,
        validate: { object in
            let name = object[path: ["metadata", "name"]]?.string ?? ""
            let value = object["value"]?.integer ?? 0
            if name.hasPrefix("system-") {
                let known: [String: Int64] = ["system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000]
                if known[name] == value { return [] }
                let problem =
                    known[name].map { "value of \(name) PriorityClass must be \($0)" }
                    ?? "\(name) is not a known system priority class"
                return [
                    .forbidden(
                        "metadata.name",
                        "priority class names with 'system-' prefix are reserved for system use only. error: \(problem)")
                ]
            }
            if value > highestUserPriority {
                return [.forbidden("value", "maximum allowed value of a user defined priority is \(highestUserPriority)")]
            }
            return PodValidation.choice(object.text("preemptionPolicy"), "preemptionPolicy", ["Never", "PreemptLowerPriority"])
        },
        validateUpdate: { old, new in
            var errors: [FieldError] = []
            if old["value"] != new["value"] { errors.append(.forbidden("value", "may not be changed in an update.")) }
            if old["preemptionPolicy"] != new["preemptionPolicy"] {
                errors.append(.invalid("preemptionPolicy", new["preemptionPolicy"] ?? .null, "field is immutable"))
            }
            return errors
        },
        changesGeneration: { _, _ in false })

    static let roleBinding = KindBehavior(
        defaults: { object in
            object.modify("roleRef") { reference in reference.setDefaultText("apiGroup", "rbac.authorization.k8s.io") }
            object.modifyEach("subjects") { subject in
                if ["User", "Group"].contains(subject.text("kind")) {
                    subject.setDefaultText("apiGroup", "rbac.authorization.k8s.io")
                }
            }
        },
        validate: bindingErrors,
        validateUpdate: { old, new in
            var errors = bindingErrors(new)
            if old["roleRef"] != new["roleRef"] {
                let reference = new["roleRef"] ?? [:]
                let shown: JSONValue = [
                    "APIGroup": .string(reference.text("apiGroup")), "Kind": .string(reference.text("kind")),
                    "Name": .string(reference.text("name")),
                ]
                errors.append(.invalid("roleRef", shown, "cannot change roleRef"))
            }
            return errors
        })

    private static func bindingErrors(_ object: JSONValue) -> [FieldError] {
        let reference = object["roleRef"] ?? [:]
        var errors: [FieldError] = []
        if reference.text("apiGroup") != "rbac.authorization.k8s.io" {
            errors.append(
                .notSupported("roleRef.apiGroup", .string(reference.text("apiGroup")), supported: ["rbac.authorization.k8s.io"]))
        }
        let kinds = object.text("kind") == "ClusterRoleBinding" ? ["ClusterRole"] : ["ClusterRole", "Role"]
        if !kinds.contains(reference.text("kind")) {
            errors.append(.notSupported("roleRef.kind", .string(reference.text("kind")), supported: kinds))
        }
        if reference.text("name").isEmpty { errors.append(.required("roleRef.name")) }
        for (index, subject) in object.elements("subjects").enumerated() {
            let field = "subjects[\(index)]"
            if subject.text("name").isEmpty { errors.append(.required("\(field).name")) }
            switch subject.text("kind") {
            case "ServiceAccount":
                if object.text("kind") == "ClusterRoleBinding", subject.text("namespace").isEmpty {
                    errors.append(.required("\(field).namespace"))
                }
            case "User", "Group": break
            case let other:
                errors.append(.notSupported("\(field).kind", .string(other), supported: ["Group", "ServiceAccount", "User"]))
            }
        }
        return errors
    }

    static let runtimeClass = KindBehavior(validateUpdate: { old, new in
        old["handler"] == new["handler"] ? [] : [.invalid("handler", new["handler"] ?? "", "field is immutable")]
    })

    static let storageClass = KindBehavior(
        defaults: { object in
            object.setDefault("reclaimPolicy", "Delete")
            object.setDefault("volumeBindingMode", "Immediate")
        })
}
