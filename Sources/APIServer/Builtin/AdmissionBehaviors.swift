import CEL
import KubernetesTypes

/// Admission policies, their bindings, and webhook configurations.
enum AdmissionBehaviors {
    static let policy = KindBehavior(
        defaults: { object in
            object.modify("spec") { spec in
                spec.setDefault("failurePolicy", "Fail")
                spec.modify("matchConstraints", matchResources)
            }
        },
        hasStatus: true, hasGeneration: true, validate: policyErrors, validateUpdate: { _, new in policyErrors(new) })

    static let binding = KindBehavior(
        defaults: { object in object.modify("spec") { spec in spec.modify("matchResources", matchResources) } },
        hasGeneration: true, validate: bindingErrors, validateUpdate: { _, new in bindingErrors(new) })

    static let mutatingWebhooks = webhooks(isMutating: true)
    static let validatingWebhooks = webhooks(isMutating: false)

    private static func matchResources(_ resources: inout JSONValue) {
        resources.setDefault("matchPolicy", "Equivalent")
        resources.setDefault("namespaceSelector", [:])
        resources.setDefault("objectSelector", [:])
        for list in ["resourceRules", "excludeResourceRules"] {
            resources.modifyEach(list) { rule in rule.setDefault("scope", "*") }
        }
    }

    private static func policyErrors(_ object: JSONValue) -> [FieldError] {
        let spec = object["spec"] ?? [:]
        var errors: [FieldError] = []
        if let constraints = spec["matchConstraints"], !constraints.isNull {
            if constraints.elements("resourceRules").isEmpty { errors.append(.required("spec.matchConstraints.resourceRules")) }
        } else {
            errors.append(.required("spec.matchConstraints"))
        }
        let validations = spec.elements("validations")
        if validations.isEmpty, spec.elements("auditAnnotations").isEmpty {
            for name in ["validations", "auditAnnotations"] {
                errors.append(.required("spec.\(name)", "validations or auditAnnotations must contain at least one item"))
            }
        }
        let variables = AdmissionExpressions.variables(of: spec)
        for (index, variable) in spec.elements("variables").enumerated() {
            let field = "spec.variables[\(index)]"
            if variable.text("name").isEmpty { errors.append(.required("\(field).name")) }
            errors += compile(variable.text("expression"), "\(field).expression", variables, nil)
        }
        for (index, condition) in spec.elements("matchConditions").enumerated() {
            let field = "spec.matchConditions[\(index)]"
            if condition.text("name").isEmpty { errors.append(.required("\(field).name")) }
            errors += compile(condition.text("expression"), "\(field).expression", variables, .bool)
        }
        for (index, validation) in validations.enumerated() {
            let field = "spec.validations[\(index)]"
            errors += compile(validation.text("expression"), "\(field).expression", variables, .bool)
            if !validation.text("messageExpression").isEmpty {
                errors += compile(validation.text("messageExpression"), "\(field).messageExpression", variables, .string)
            }
            let reasons = ["Unauthorized", "Forbidden", "Invalid", "RequestEntityTooLarge"]
            if validation.isSet("reason"), !reasons.contains(validation.text("reason")) {
                errors.append(.notSupported("\(field).reason", .string(validation.text("reason")), supported: reasons))
            }
        }
        return errors
    }

    private static func compile(
        _ expression: String, _ field: String, _ variables: [String: CELType], _ wanted: CELType?
    ) -> [FieldError] {
        if expression.filter({ !$0.isWhitespace }).isEmpty { return [.required(field, "expression is not specified")] }
        do throws(CELError) {
            let program = try CELProgram(expression, variables: variables)
            if let wanted, program.type != wanted, program.type != .any {
                return [.invalid(field, .string(expression), "must evaluate to \(wanted) but got \(program.type)")]
            }
            return []
        } catch {
            return [.invalid(field, .string(expression), "compilation failed: \(error.message)")]
        }
    }

    private static func bindingErrors(_ object: JSONValue) -> [FieldError] {
        let spec = object["spec"] ?? [:]
        var errors: [FieldError] = []
        if spec.text("policyName").isEmpty { errors.append(.required("spec.policyName")) }
        let actions = spec.elements("validationActions").compactMap(\.string)
        if actions.isEmpty { errors.append(.required("spec.validationActions", "at least one validation action is required")) }
        for (index, action) in actions.enumerated() where !["Audit", "Deny", "Warn"].contains(action) {
            errors.append(
                .notSupported("spec.validationActions[\(index)]", .string(action), supported: ["Audit", "Deny", "Warn"]))
        }
        if actions.contains("Deny"), actions.contains("Warn") {
            errors.append(
                .invalid(
                    "spec.validationActions", .array(actions.map(JSONValue.string)),
                    "must not contain both Deny and Warn (repeating the same validation failure information in the API response and "
                        + "headers serves no purpose)"))
        }
        return errors
    }

    private static func webhooks(isMutating: Bool) -> KindBehavior {
        KindBehavior(
            defaults: { object in
                object.modifyEach("webhooks") { hook in
                    hook.setDefault("failurePolicy", "Fail")
                    hook.setDefault("matchPolicy", "Equivalent")
                    hook.setDefault("namespaceSelector", [:])
                    hook.setDefault("objectSelector", [:])
                    hook.setDefault("timeoutSeconds", 10)
                    if isMutating { hook.setDefault("reinvocationPolicy", "Never") }
                    hook.modifyEach("rules") { rule in rule.setDefault("scope", "*") }
                    hook.modify("clientConfig") { client in
                        client.modify("service") { service in service.setDefault("port", 443) }
                    }
                }
            },
            hasGeneration: true, validate: webhookErrors, validateUpdate: { _, new in webhookErrors(new) },
            changesGeneration: { $0["webhooks"] != $1["webhooks"] })
    }

    private static func webhookErrors(_ object: JSONValue) -> [FieldError] {
        var errors: [FieldError] = []
        for (index, hook) in object.elements("webhooks").enumerated() {
            let field = "webhooks[\(index)]"
            let name = hook.text("name")
            errors += MetadataNames.subdomainProblems(name).map { .invalid("\(field).name", .string(name), $0) }
            if name.split(separator: ".").count < 3 {
                errors.append(
                    .invalid("\(field).name", .string(name), "should be a domain with at least three segments separated by dots"))
            }
            let effects = hook.text("sideEffects")
            if !hook.isSet("sideEffects") {
                errors.append(.required("\(field).sideEffects", "must specify one of None, NoneOnDryRun"))
            } else if !["None", "NoneOnDryRun"].contains(effects) {
                errors.append(.notSupported("\(field).sideEffects", .string(effects), supported: ["None", "NoneOnDryRun"]))
            }
            if hook.elements("admissionReviewVersions").isEmpty {
                errors.append(.required("\(field).admissionReviewVersions", "must specify one of v1, v1beta1"))
            }
            errors += clientErrors(hook["clientConfig"] ?? [:], "\(field).clientConfig")
        }
        return errors
    }

    private static func clientErrors(_ client: JSONValue, _ field: String) -> [FieldError] {
        guard client.isSet("url") != client.isSet("service") else {
            return [.required(field, "exactly one of url or service is required")]
        }
        guard client.isSet("url") else { return [] }
        let form = "; desired format: https://host[/path]"
        guard let url = CELURL(client.text("url")) else {
            return [.required("\(field).url", "url must be a valid URL: parse \"\(client.text("url"))\"\(form)")]
        }
        var errors: [FieldError] = []
        let scheme = String(client.text("url").prefix { $0 != ":" })
        if scheme != "https" {
            errors.append(.invalid("\(field).url", .string(scheme), "'https' is the only allowed URL scheme\(form)"))
        }
        _ = url
        return errors
    }
}
