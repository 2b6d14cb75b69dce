import CEL
import KubernetesTypes

/// The names that expressions of admission policies may use.
enum AdmissionExpressions {
    private static let request = CELType.object(
        CELObjectType(
            name: "kubernetes.AdmissionRequest",
            fields: [
                "kind": groupVersion("kind"), "resource": groupVersion("resource"), "subResource": .string,
                "requestKind": groupVersion("kind"),
                "requestResource": groupVersion("resource"), "requestSubResource": .string, "name": .string, "namespace": .string,
                "operation": .string, "dryRun": .bool, "options": .any,
                "userInfo": .object(
                    CELObjectType(
                        name: "kubernetes.UserInfo",
                        fields: [
                            "username": .string, "uid": .string, "groups": .list(.string), "extra": .map(.string, .list(.string)),
                        ])),
            ]))

    private static func groupVersion(_ last: String) -> CELType {
        .object(
            CELObjectType(name: "kubernetes.GroupVersion\(last)", fields: ["group": .string, "version": .string, last: .string]))
    }

    static func variables(of spec: JSONValue) -> [String: CELType] {
        var variables: [String: CELType] = [
            "object": .any, "oldObject": .any, "request": request, "namespaceObject": .any, "variables": .any,
        ]
        if spec.isSet("paramKind") { variables["params"] = .any }
        return variables
    }
}

/// A request as policies judge it.
struct PolicyRequest: Sendable {
    var object: JSONValue?
    var oldObject: JSONValue?
    /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
    var operation: String
    var group: String
    var version: String
    var resource: String
    var subresource: String
    var kind: String
    var name: String
    var namespace: String
    var namespaceObject: JSONValue?
    var userName: String
    var groups: [String]
    var isDryRun: Bool
}

/// What a policy says to a request.
struct PolicyFinding: Sendable, Equatable {
    enum Action: Sendable { case deny, warn, audit }

    var action: Action
    /// `ValidatingAdmissionPolicy 'p' with binding 'b' denied request: …`
    var message: String
    /// `Invalid`, `Forbidden`, …
    var reason: String
    var code: Int
}

/// ValidatingAdmissionPolicies: which bindings match a request, and what their expressions find.
enum AdmissionPolicies {
    /// - Parameters:
    ///   - bindings: all ValidatingAdmissionPolicyBindings.
    ///   - policies: all ValidatingAdmissionPolicies, by name.
    ///   - parameters: looks up the object that a binding names, by kind, namespace and name.
    static func evaluate(
        _ request: PolicyRequest, bindings: [JSONValue], policies: [String: JSONValue],
        parameters: (GroupVersionKind, _ namespace: String, _ name: String) -> JSONValue? = { _, _, _ in nil }
    ) -> [PolicyFinding] {
        var findings: [PolicyFinding] = []
        for binding in bindings {
            guard let policy = policies[binding[path: ["spec", "policyName"]]?.string ?? ""] else { continue }
            let spec = policy["spec"] ?? [:]
            guard matches(request, spec["matchConstraints"] ?? [:], needsRule: true),
                matches(request, binding[path: ["spec", "matchResources"]] ?? [:], needsRule: false)
            else { continue }
            findings += evaluate(request, binding, policy, spec, parameters)
        }
        return findings
    }

    private static func matches(_ request: PolicyRequest, _ resources: JSONValue, needsRule: Bool) -> Bool {
        let rules = resources.elements("resourceRules")
        if rules.isEmpty ? needsRule : !rules.contains(where: { matches(request, rule: $0) }) { return false }
        if resources.elements("excludeResourceRules").contains(where: { matches(request, rule: $0) }) { return false }
        if request.resource != "namespaces" || !request.group.isEmpty {
            let labels = request.namespaceObject?[path: ["metadata", "labels"]]
            if !request.namespace.isEmpty, !selects(resources["namespaceSelector"], labels) { return false }
        } else if !selects(resources["namespaceSelector"], (request.object ?? request.oldObject)?[path: ["metadata", "labels"]]) {
            return false
        }
        guard let selector = resources["objectSelector"], selector.object?.isEmpty == false else { return true }
        return [request.object, request.oldObject].compactMap { $0 }.contains {
            selects(selector, $0[path: ["metadata", "labels"]])
        }
    }

    private static func selects(_ selector: JSONValue?, _ labels: JSONValue?) -> Bool {
        guard let selector, selector.object?.isEmpty == false else { return true }
        return WorkloadValidation.matches(selector, labels, isPlain: false)
    }

    private static func matches(_ request: PolicyRequest, rule: JSONValue) -> Bool {
        func allows(_ list: String, _ value: String) -> Bool {
            let values = rule.elements(list).compactMap(\.string)
            return values.contains("*") || values.contains(value)
        }
        let resource = request.subresource.isEmpty ? request.resource : "\(request.resource)/\(request.subresource)"
        let resources = rule.elements("resources").compactMap(\.string)
        var patterns: Set<String> = [resource, "*/*", "\(request.resource)/*"]
        patterns.insert(request.subresource.isEmpty ? "*" : "*/\(request.subresource)")
        let isNamed = resources.contains(where: patterns.contains)
        let names = rule.elements("resourceNames").compactMap(\.string)
        let scope = rule.text("scope")
        let inScope = scope.isEmpty || scope == "*" || (scope == "Namespaced") == !request.namespace.isEmpty
        guard isNamed, inScope, names.isEmpty || names.contains(request.name) else { return false }
        return allows("operations", request.operation) && allows("apiGroups", request.group)
            && allows("apiVersions", request.version)
    }

    private static func evaluate(
        _ request: PolicyRequest, _ binding: JSONValue, _ policy: JSONValue, _ spec: JSONValue,
        _ parameters: (GroupVersionKind, String, String) -> JSONValue?
    ) -> [PolicyFinding] {
        var scope = values(of: request)
        let types = AdmissionExpressions.variables(of: spec)
        let actions = binding[path: ["spec", "validationActions"]]?.array ?? []
        let failsOpen = spec.text("failurePolicy") == "Ignore"
        let prefix =
            "ValidatingAdmissionPolicy '\(policy[path: ["metadata", "name"]]?.string ?? "")' with binding "
            + "'\(binding[path: ["metadata", "name"]]?.string ?? "")' denied request: "
        func findings(_ message: String, _ reason: String) -> [PolicyFinding] {
            let codes = ["Unauthorized": 401, "Forbidden": 403, "RequestEntityTooLarge": 413]
            return actions.compactMap { action in
                let kind: PolicyFinding.Action? =
                    switch action.string {
                    case "Deny": .deny
                    case "Warn": .warn
                    case "Audit": .audit
                    default: nil
                    }
                guard let kind else { return nil }
                let text = kind == .warn ? "Validation failed for \(prefix.replacingDenial)\(message)" : prefix + message
                return PolicyFinding(action: kind, message: text, reason: reason, code: codes[reason] ?? 422)
            }
        }
        var cost = CELProgram.totalCostLimit
        func run(_ expression: String) -> Result<CELValue, CELError> {
            do throws(CELError) {
                return .success(try CELProgram(expression, variables: types).evaluate(scope, cost: &cost))
            } catch {
                return .failure(error)
            }
        }
        if spec.isSet("paramKind") {
            let kind = GroupVersionKind(
                apiVersion: spec[path: ["paramKind", "apiVersion"]]?.string ?? "",
                kind: spec[path: ["paramKind", "kind"]]?.string ?? "")
            let reference = binding[path: ["spec", "paramRef"]] ?? [:]
            let namespace = reference.text("namespace").isEmpty ? request.namespace : reference.text("namespace")
            let found = parameters(kind, namespace, reference.text("name"))
            if found == nil, reference.text("parameterNotFoundAction") == "Allow" { return [] }
            if found == nil {
                return failsOpen
                    ? []
                    : findings(
                        "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction",
                        "Invalid")
            }
            scope["params"] = found.map { CELValue($0) } ?? .null
        }
        for condition in spec.elements("matchConditions") {
            switch run(condition.text("expression")) {
            case .success(let value): if value.bool != true { return [] }
            case .failure(let error):
                return failsOpen
                    ? [] : findings("failed to evaluate match condition '\(condition.text("name"))': \(error.message)", "Invalid")
            }
        }
        var computed: [String: CELValue] = [:]
        for variable in spec.elements("variables") {
            if case .success(let value) = run(variable.text("expression")) { computed[variable.text("name")] = value }
            scope["variables"] = .object(computed)
        }
        return spec.elements("validations").flatMap { validation -> [PolicyFinding] in
            let expression = validation.text("expression")
            switch run(expression) {
            case .failure(let error):
                return failsOpen ? [] : findings("expression '\(expression)' resulted in error: \(error.message)", "Invalid")
            case .success(let value):
                if value.bool == true { return [] }
                var message = validation.text("message")
                if !validation.text("messageExpression").isEmpty,
                    case .success(.string(let text)) = run(validation.text("messageExpression")), !text.isEmpty
                {
                    message = text
                }
                if message.isEmpty { message = "failed expression: \(expression)" }
                return findings(message, validation.text("reason").isEmpty ? "Invalid" : validation.text("reason"))
            }
        }
    }

    private static func values(of request: PolicyRequest) -> [String: CELValue] {
        func group(_ last: String, _ value: String) -> JSONValue {
            ["group": .string(request.group), "version": .string(request.version), last: .string(value)]
        }
        let summary: JSONValue = [
            "kind": group("kind", request.kind), "resource": group("resource", request.resource),
            "subResource": .string(request.subresource), "requestKind": group("kind", request.kind),
            "requestResource": group("resource", request.resource), "requestSubResource": .string(request.subresource),
            "name": .string(request.name), "namespace": .string(request.namespace), "operation": .string(request.operation),
            "dryRun": .bool(request.isDryRun),
            "userInfo": [
                "username": .string(request.userName), "uid": "", "groups": .array(request.groups.map(JSONValue.string)),
                "extra": [:],
            ],
        ]
        return [
            "object": request.object.map { CELValue($0) } ?? .null, "oldObject": request.oldObject.map { CELValue($0) } ?? .null,
            "request": CELValue(summary), "namespaceObject": request.namespaceObject.map { CELValue($0) } ?? .null,
            "variables": .object([:]), "params": .null,
        ]
    }
}

extension String {
    /// The text of a warning names the policy as a denial does, without the verdict.
    fileprivate var replacingDenial: String {
        hasSuffix(" denied request: ") ? dropLast(" denied request: ".count) + ": " : self
    }
}
