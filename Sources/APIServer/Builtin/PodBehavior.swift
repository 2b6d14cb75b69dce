import KubernetesTypes

/// What happens to a pod when it is written: upstream's `pkg/registry/core/pod/strategy.go`.
enum PodBehavior {
    static let pod = KindBehavior(
        defaults: PodDefaults.pod, hasStatus: true, hasGeneration: true, prepareForCreate: prepareForCreate,
        prepareForStatus: { old, new in
            // The class follows from the spec; a client that leaves it out does not take it away.
            if new[path: ["status", "qosClass"]]?.string?.isEmpty ?? true {
                new[path: ["status", "qosClass"]] = old[path: ["status", "qosClass"]]
            }
        },
        parts: ["ephemeralcontainers": (["spec", "ephemeralContainers"], EphemeralContainers.validate)],
        validate: { pod in
            var errors = PodValidation.pod(pod)
            if !(pod["spec"]?.elements("ephemeralContainers").isEmpty ?? true) {
                errors.append(.forbidden("spec.ephemeralContainers", "cannot be set on create"))
            }
            return errors
        },
        validateUpdate: PodUpdateValidation.validate, validateStatus: PodUpdateValidation.status)

    static let podTemplate = KindBehavior(
        defaults: { object in object.modify("template", PodDefaults.template) }, hasGeneration: true,
        validate: { PodValidation.template($0["template"] ?? [:], "template") },
        changesGeneration: { $0["template"] != $1["template"] })

    private static func prepareForCreate(_ pod: inout JSONValue) {
        var status: JSONValue = ["phase": "Pending", "qosClass": .string(qualityOfService(pod["spec"] ?? [:]))]
        if !(pod["spec"]?.elements("schedulingGates").isEmpty ?? true) {
            status["conditions"] = [
                [
                    "type": "PodScheduled", "status": "False", "reason": "SchedulingGated",
                    "message": "Scheduling is blocked due to non-empty scheduling gates", "lastProbeTime": nil,
                    "lastTransitionTime": pod[path: ["metadata", "creationTimestamp"]] ?? .null,
                ]
            ]
        }
        pod["status"] = status
    }

    /// Guaranteed where every container's limits of CPU and memory are its requests, BestEffort where none has any.
    static func qualityOfService(_ spec: JSONValue) -> String {
        var requests: [String: Quantity] = [:]
        var limits: [String: Quantity] = [:]
        var isGuaranteed = true
        for container in spec.elements("containers") + spec.elements("initContainers") {
            var limited: Set<String> = []
            for name in ["cpu", "memory"] {
                if let amount = quantity(container, "requests", name) {
                    requests[name, default: 0] = requests[name, default: 0] + amount
                }
                if let amount = quantity(container, "limits", name) {
                    limits[name, default: 0] = limits[name, default: 0] + amount
                    limited.insert(name)
                }
            }
            if limited.count < 2 { isGuaranteed = false }
        }
        if requests.isEmpty, limits.isEmpty { return "BestEffort" }
        return isGuaranteed && requests == limits ? "Guaranteed" : "Burstable"
    }

    private static func quantity(_ container: JSONValue, _ kind: String, _ name: String) -> Quantity? {
        guard let quantity = container[path: ["resources", kind, name]]?.string.flatMap({ Quantity($0) }), !quantity.isZero else {
            return nil
        }
        return quantity
    }
}

/// What may change in a pod once it exists.
enum PodUpdateValidation {
    private static let mutable =
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
        + "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
        + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"

    static func validate(_ old: JSONValue, _ new: JSONValue) -> [FieldError] {
        let before = old["spec"] ?? [:]
        let after = new["spec"] ?? [:]
        var errors = PodValidation.pod(new)
        for (index, container) in after.elements("containers").enumerated() where container.text("image").isEmpty {
            errors.append(.required("spec.containers[\(index)].image"))
        }
        if !errors.isEmpty { return errors }
        errors += schedulingGates(before, after)
        let wasGated = !before.elements("schedulingGates").isEmpty
        if before.elements("containers").count != after.elements("containers").count
            || before.elements("initContainers").count != after.elements("initContainers").count
        {
            errors.append(.forbidden("spec.containers", "pod updates may not add or remove containers"))
            return errors
        }
        errors += tolerations(before, after)
        var masked = after
        masked["activeDeadlineSeconds"] = before["activeDeadlineSeconds"]
        masked["tolerations"] = before["tolerations"]
        masked["schedulingGates"] = before["schedulingGates"]
        maskImages(&masked, before, "containers")
        maskImages(&masked, before, "initContainers")
        if before["terminationGracePeriodSeconds"]?.integer ?? 0 < 0, after["terminationGracePeriodSeconds"] == 1 {
            masked["terminationGracePeriodSeconds"] = before["terminationGracePeriodSeconds"]
        }
        if wasGated {
            errors += gatedSelector(before, after)
            masked["nodeSelector"] = before["nodeSelector"]
            errors += GatedAffinity.validate(before, after)
            masked[path: ["affinity", "nodeAffinity"]] = before[path: ["affinity", "nodeAffinity"]]
            if masked["affinity"] == [:], !before.isSet("affinity") { masked["affinity"] = nil }
        }
        if masked != before, errors.isEmpty {
            let change = LineDiff.unified(
                GoStructText.lines(before, coreType: "PodSpec"), GoStructText.lines(masked, coreType: "PodSpec"))
            errors.append(.forbidden("spec", "\(mutable)\n\(change)"))
        }
        return errors
    }

    private static func maskImages(_ spec: inout JSONValue, _ before: JSONValue, _ list: String) {
        let old = before.elements(list)
        guard case .array(var containers)? = spec[list] else { return }
        for index in containers.indices where old.indices.contains(index) { containers[index]["image"] = old[index]["image"] }
        spec[list] = .array(containers)
    }

    private static func schedulingGates(_ before: JSONValue, _ after: JSONValue) -> [FieldError] {
        let old = Set(before.elements("schedulingGates").map { $0.text("name") })
        return after.elements("schedulingGates").enumerated().compactMap { index, gate in
            let name = gate.text("name")
            if old.contains(name) { return nil }
            return .forbidden(
                "spec.schedulingGates[\(index)].name", "only deletion is allowed, but found new scheduling gate '\(name)'")
        }
    }

    private static func gatedSelector(_ before: JSONValue, _ after: JSONValue) -> [FieldError] {
        let new = after["nodeSelector"]?.object ?? [:]
        let isKept = (before["nodeSelector"]?.object ?? [:]).allSatisfy { new[$0.key] == $0.value }
        if isKept { return [] }
        return [
            .invalid(
                "spec.nodeSelector", after["nodeSelector"] ?? .null,
                "only additions to spec.nodeSelector are allowed (no mutations or deletions)")
        ]
    }

    private static func tolerations(_ before: JSONValue, _ after: JSONValue) -> [FieldError] {
        func masked(_ toleration: JSONValue) -> JSONValue {
            var toleration = toleration
            toleration["tolerationSeconds"] = nil
            return toleration
        }
        let new = Set(after.elements("tolerations").map(masked))
        let isKept = before.elements("tolerations").allSatisfy { new.contains(masked($0)) }
        return isKept
            ? [] : [.forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")]
    }

    static func status(_ old: JSONValue, _ new: JSONValue) -> [FieldError] {
        var errors: [FieldError] = []
        let before = old["status"] ?? [:]
        let after = new["status"] ?? [:]
        let nominated = after.text("nominatedNodeName")
        if !nominated.isEmpty {
            errors += MetadataNames.subdomainProblems(nominated).map {
                .invalid("status.nominatedNodeName", .string(nominated), $0)
            }
        }
        if before.isSet("qosClass"), after["qosClass"] != before["qosClass"] {
            errors.append(.invalid("status.qosClass", after["qosClass"] ?? "", "field is immutable"))
        }
        let claims = Set((new["spec"]?.elements("resourceClaims") ?? []).map { $0.text("name") })
        for (index, claim) in after.elements("resourceClaimStatuses").enumerated() where !claims.contains(claim.text("name")) {
            errors.append(
                .invalid(
                    "status.resourceClaimStatuses[\(index)].name", claim["name"] ?? "",
                    "must match the name of an entry in `spec.resourceClaims`"))
        }
        return errors
    }
}

/// How the node affinity of a gated pod may be narrowed.
enum GatedAffinity {
    private static let required = "requiredDuringSchedulingIgnoredDuringExecution"
    private static let additions = "only additions are allowed (no mutations or deletions)"

    static func validate(_ before: JSONValue, _ after: JSONValue) -> [FieldError] {
        let old = before[path: ["affinity", "nodeAffinity"]] ?? .null
        let new = after[path: ["affinity", "nodeAffinity"]] ?? .null
        if old == new || old.isNull { return [] }
        let field = "spec.affinity.nodeAffinity.\(required)"
        guard let oldTerms = old[required]?.array(at: "nodeSelectorTerms") else { return [] }
        guard let newTerms = new[required]?.array(at: "nodeSelectorTerms") else {
            return [.invalid(field, .null, "this field is immutable")]
        }
        guard oldTerms.count == newTerms.count else {
            return [
                .invalid(
                    "\(field).nodeSelectorTerms", .array(newTerms),
                    "no additions/deletions to non-empty NodeSelectorTerms list are allowed")
            ]
        }
        return zip(oldTerms, newTerms).enumerated().compactMap { index, terms in
            let isKept = ["matchExpressions", "matchFields"].allSatisfy { list in
                let new = terms.1.elements(list)
                return new.starts(with: terms.0.elements(list))
            }
            return isKept ? nil : .invalid("\(field).nodeSelectorTerms[\(index)]", shown(terms.1), additions)
        }
    }

    /// The term as Go shows its internal type.
    private static func shown(_ term: JSONValue) -> JSONValue {
        func list(_ name: String) -> JSONValue {
            guard let expressions = term[name]?.array else { return .null }
            return .array(
                expressions.map {
                    ["Key": $0["key"] ?? "", "Operator": $0["operator"] ?? "", "Values": $0["values"] ?? .null]
                })
        }
        return ["MatchExpressions": list("matchExpressions"), "MatchFields": list("matchFields")]
    }
}

extension JSONValue {
    fileprivate func array(at key: String) -> [JSONValue]? { self[key]?.array }
}
