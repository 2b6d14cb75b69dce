import KubernetesTypes

/// Validation that the kinds with a pod template share: upstream's `pkg/apis/apps/validation`.
enum WorkloadValidation {
    /// - Parameter selectorIsPlain: replication controllers select by a map of labels.
    static func validate(_ spec: JSONValue, selectorIsPlain: Bool) -> [FieldError] {
        var errors: [FieldError] = []
        if let replicas = spec["replicas"]?.integer { errors += nonNegative("spec.replicas", replicas) }
        if let seconds = spec["minReadySeconds"]?.integer { errors += nonNegative("spec.minReadySeconds", seconds) }
        let selector = spec["selector"] ?? .null
        let isEmpty: Bool
        if selectorIsPlain {
            isEmpty = selector.object?.isEmpty ?? true
        } else {
            isEmpty =
                selector.isNull
                || (selector.elements("matchExpressions").isEmpty && (selector["matchLabels"]?.object?.isEmpty ?? true))
        }
        if selector.isNull || (selectorIsPlain && isEmpty) {
            errors.append(.required("spec.selector"))
        } else if isEmpty {
            errors += LabelValidation.selector(selector, "spec.selector")
            errors.append(.invalid("spec.selector", selector, "empty selector is invalid for deployment"))
        } else if !selectorIsPlain {
            errors += LabelValidation.selector(selector, "spec.selector")
        }
        guard let template = spec["template"], !template.isNull else { return errors + [.required("spec.template")] }
        if !isEmpty, !matches(selector, template[path: ["metadata", "labels"]], isPlain: selectorIsPlain) {
            errors.append(
                .invalid(
                    "spec.template.metadata.labels", template[path: ["metadata", "labels"]] ?? .null,
                    "`selector` does not match template `labels`"))
        }
        errors += PodValidation.template(template, "spec.template")
        let policy = template[path: ["spec", "restartPolicy"]]?.string ?? ""
        if policy != "Always", ["OnFailure", "Never"].contains(policy) {
            errors.append(.notSupported("spec.template.spec.restartPolicy", .string(policy), supported: ["Always"]))
        }
        if template[path: ["spec", "activeDeadlineSeconds"]] != nil {
            errors.append(
                .forbidden("spec.template.spec.activeDeadlineSeconds", "activeDeadlineSeconds in ReplicaSet is not Supported"))
        }
        return errors
    }

    static func deployment(_ spec: JSONValue) -> [FieldError] {
        var errors: [FieldError] = []
        let strategy = spec["strategy"] ?? [:]
        switch strategy.text("type") {
        case "Recreate":
            if strategy.isSet("rollingUpdate") {
                errors.append(
                    .forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'"))
            }
        case "RollingUpdate":
            let update = strategy["rollingUpdate"] ?? [:]
            for name in ["maxUnavailable", "maxSurge"] {
                guard let value = update[name] else { continue }
                errors += intOrPercent("spec.strategy.rollingUpdate.\(name)", value)
            }
            if isZero(update["maxUnavailable"]), isZero(update["maxSurge"]) {
                errors.append(
                    .invalid(
                        "spec.strategy.rollingUpdate.maxUnavailable", update["maxUnavailable"] ?? .null,
                        "may not be 0 when `maxSurge` is 0"))
            }
        default:
            errors.append(
                .notSupported("spec.strategy.type", .string(strategy.text("type")), supported: ["Recreate", "RollingUpdate"]))
        }
        for name in ["revisionHistoryLimit", "progressDeadlineSeconds"] {
            if let value = spec[name]?.integer { errors += nonNegative("spec.\(name)", value) }
        }
        if let deadline = spec["progressDeadlineSeconds"]?.integer, deadline <= spec["minReadySeconds"]?.integer ?? 0 {
            errors.append(.invalid("spec.progressDeadlineSeconds", .integer(deadline), "must be greater than minReadySeconds"))
        }
        return errors
    }

    static func deploymentStatus(_ status: JSONValue) -> [FieldError] {
        counts(status, ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas"])
            + limits(
                status,
                [
                    ("updatedReplicas", "replicas"), ("readyReplicas", "replicas"), ("availableReplicas", "replicas"),
                    ("availableReplicas", "readyReplicas"),
                ])
    }

    static func replicaSetStatus(_ status: JSONValue) -> [FieldError] {
        counts(status, ["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas"])
            + limits(
                status,
                [
                    ("fullyLabeledReplicas", "replicas"), ("readyReplicas", "replicas"), ("availableReplicas", "replicas"),
                    ("availableReplicas", "readyReplicas"),
                ])
    }

    private static func counts(_ status: JSONValue, _ names: [String]) -> [FieldError] {
        names.flatMap { name in status[name]?.integer.map { nonNegative("status.\(name)", $0) } ?? [] }
    }

    private static func limits(_ status: JSONValue, _ pairs: [(String, String)]) -> [FieldError] {
        pairs.compactMap { name, bound in
            guard let value = status[name]?.integer, value > status[bound]?.integer ?? 0 else { return nil }
            let detail =
                bound == "readyReplicas" ? "cannot be greater than readyReplicas" : "cannot be greater than status.\(bound)"
            return .invalid("status.\(name)", .integer(value), detail)
        }
    }

    static func nonNegative(_ field: String, _ value: Int64) -> [FieldError] {
        value < 0 ? [.invalid(field, .integer(value), "must be greater than or equal to 0")] : []
    }

    static func intOrPercent(_ field: String, _ value: JSONValue) -> [FieldError] {
        if let number = value.integer { return nonNegative(field, number) }
        guard let text = value.string else { return [] }
        let digits = text.dropLast()
        guard text.hasSuffix("%"), !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return [
                .invalid(
                    field, value,
                    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
                )
            ]
        }
        return []
    }

    private static func isZero(_ value: JSONValue?) -> Bool {
        value?.integer == 0 || (value?.string.map { $0.hasSuffix("%") && Int($0.dropLast()) == 0 } ?? false)
    }

    static func matches(_ selector: JSONValue, _ labels: JSONValue?, isPlain: Bool) -> Bool {
        let labels = (labels?.object ?? [:]).compactMapValues(\.string)
        if isPlain { return (selector.object ?? [:]).allSatisfy { labels[$0.key] == $0.value.string } }
        guard let decoded = try? selector.decode(LabelSelector.self), let selection = LabelSelection(decoded) else { return true }
        return selection.matches(labels)
    }
}

/// Label selectors: upstream's `ValidateLabelSelector`.
enum LabelValidation {
    static func selector(_ selector: JSONValue, _ field: String) -> [FieldError] {
        var errors: [FieldError] = []
        for (key, value) in (selector["matchLabels"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            errors += MetadataNames.qualifiedNameProblems(key).map { .invalid("\(field).matchLabels", .string(key), $0) }
            errors += MetadataNames.labelValueProblems(value.string ?? "").map { .invalid("\(field).matchLabels", value, $0) }
        }
        for (index, expression) in selector.elements("matchExpressions").enumerated() {
            errors += requirement(expression, "\(field).matchExpressions[\(index)]")
        }
        return errors
    }

    private static func requirement(_ expression: JSONValue, _ field: String) -> [FieldError] {
        var errors: [FieldError] = []
        let values = expression.elements("values")
        switch expression.text("operator") {
        case "In", "NotIn":
            if values.isEmpty {
                errors.append(.required("\(field).values", "must be specified when `operator` is 'In' or 'NotIn'"))
            }
        case "Exists", "DoesNotExist":
            if !values.isEmpty {
                errors.append(.forbidden("\(field).values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
            }
        default:
            errors.append(.invalid("\(field).operator", .string(expression.text("operator")), "not a valid selector operator"))
        }
        let key = expression.text("key")
        errors += MetadataNames.qualifiedNameProblems(key).map { .invalid("\(field).key", .string(key), $0) }
        for (index, value) in values.enumerated() {
            errors += MetadataNames.labelValueProblems(value.string ?? "").map {
                .invalid("\(field).values[\(index)]", value, $0)
            }
        }
        return errors
    }
}
