import FoundationEssentials
import KubernetesTypes

/// The resources that are questions: who am I, may I, may they, is this token good. Nothing of them is stored.
struct Reviews: Sendable {
    let core: APIServerCore

    /// nil when the resource is not a review.
    func respond(_ definition: ResourceDefinition, _ scope: RequestScope) async throws(APIError) -> APIResponse? {
        guard ["authentication.k8s.io", "authorization.k8s.io"].contains(definition.group) || definition.kind == "Binding" else {
            return nil
        }
        if definition.kind == "Binding" {
            return try await PodSubresources(core: core, definition: try pods()).bind(scope)
        }
        let form = try ContentNegotiation.form(scope.request)
        let options = try WriteOptions(scope.request, kind: "CreateOptions")
        var review = try core.decoded(definition, scope, options).object
        try core.checkNamespace(review, definition, scope)
        if definition.kind == "SelfSubjectReview" {
            review["metadata"]?["creationTimestamp"] = nil
            var metadata = review["metadata"]?.object ?? [:]
            metadata["creationTimestamp"] = .string(Timestamp(core.configuration.now()).description)
            review["metadata"] = .object(metadata)
            review["status"] = ["userInfo": scope.user.json]
            return try answer(review, definition, form, scope)
        }
        if definition.kind == "SelfSubjectRulesReview" {
            let namespace = review["spec"]?["namespace"]?.string ?? ""
            guard !namespace.isEmpty else { throw .badRequest("no namespace on request") }
            review["metadata"] = [:]
            review["spec"] = [:]
            review["status"] = rules(scope.user, namespace: namespace)
            if form.encoding == .json, !form.isPretty { return orderedRules(review, scope) }
            return try answer(review, definition, form, scope)
        }
        let writer = FieldWriter(manager: options.manager(scope.request), subresource: nil, time: core.configuration.now())
        review["status"] = nil
        if definition.isNamespaced {
            var metadata = review["metadata"]?.object ?? [:]
            metadata["namespace"] = .string(scope.info.namespace)
            review["metadata"] = .object(metadata)
        }
        review = core.merging.recorded(old: nil, new: review, definition, by: writer)
        review["status"] =
            definition.kind == "TokenReview" ? try tokenStatus(review) : try accessStatus(review, definition, scope)
        return try answer(review, definition, form, scope)
    }

    private func answer(
        _ review: JSONValue, _ definition: ResourceDefinition, _ form: ResponseForm, _ scope: RequestScope
    ) throws(APIError) -> APIResponse {
        var review = review
        if review["metadata"] == nil { review["metadata"] = [:] }
        return try core.encoder(definition).response(value: review, form: form, status: 201, scope: scope)
    }

    private func pods() throws(APIError) -> ResourceDefinition {
        guard let pods = core.registry.definition(group: "", version: "v1", plural: "pods") else { throw .unknownResource }
        return pods
    }

    // MARK: Tokens

    private func tokenStatus(_ review: JSONValue) throws(APIError) -> JSONValue {
        let token = review["spec"]?["token"]?.string ?? ""
        guard !token.isEmpty else { throw .badRequest("token is required for TokenReview in authentication") }
        let asked = review["spec"]?["audiences"]?.array?.compactMap(\.string) ?? []
        let audiences = asked.isEmpty ? [core.configuration.issuer] : asked
        if let user = core.authenticator.tokens.user(token) {
            let good = audiences.filter { $0 == core.configuration.issuer }
            return [
                "authenticated": true, "user": user.authenticated.json, "audiences": .array(good.map { .string($0) }),
            ]
        }
        switch core.authenticator.serviceAccount(token, audiences: audiences) {
        case .success(let verified):
            return [
                "authenticated": true, "user": verified.user.json, "audiences": .array(verified.audiences.map { .string($0) }),
            ]
        case .failure(let rejection): return ["user": [:], "error": .string(rejection.message)]
        }
    }

    // MARK: Access

    private func accessStatus(
        _ review: JSONValue, _ definition: ResourceDefinition, _ scope: RequestScope
    ) throws(APIError) -> JSONValue {
        let spec = review["spec"] ?? [:]
        var errors: [FieldError] = []
        let resource = spec["resourceAttributes"]
        let path = spec["nonResourceAttributes"]
        if resource != nil, let path {
            let shown = "{\"Path\":\(text(path["path"])),\"Verb\":\(text(path["verb"]))}"
            errors.append(
                FieldError(
                    .invalid, "spec.nonResourceAttributes",
                    message: "Invalid value: \(shown): cannot be specified in combination with resourceAttributes"))
        }
        if resource == nil, path == nil {
            errors.append(
                .invalid(
                    "spec.resourceAttributes", .null,
                    "exactly one of nonResourceAttributes or resourceAttributes must be specified"))
        }
        let isSelf = definition.kind.hasPrefix("Self")
        let user = spec["user"]?.string ?? ""
        let groups = spec["groups"]?.array?.compactMap(\.string) ?? []
        if !isSelf, user.isEmpty, groups.isEmpty {
            errors.append(.invalid("spec.user", "", "at least one of user or group must be specified"))
        }
        if definition.kind == "LocalSubjectAccessReview", let resource, resource["namespace"]?.string != scope.info.namespace {
            errors.append(
                .invalid("spec.resourceAttributes.namespace", resource["namespace"] ?? "", "must match metadata.namespace"))
        }
        if !errors.isEmpty { throw .invalid(group: definition.group, kind: "", name: "", errors) }
        let who = isSelf ? scope.user : UserInfo(name: user, uid: spec["uid"]?.string ?? "", groups: groups)
        let decision = core.authorizer.decide(who, question(resource, path))
        var status: JSONValue = ["allowed": .bool(decision.isAllowed)]
        if !decision.reason.isEmpty { status["reason"] = .string(decision.reason) }
        return status
    }

    private func text(_ value: JSONValue?) -> String { JSONSerializer.string(.string(value?.string ?? "")) }

    private func question(_ resource: JSONValue?, _ path: JSONValue?) -> RequestInfo {
        guard let resource else {
            return RequestInfo(verb: path?["verb"]?.string ?? "", path: path?["path"]?.string ?? "")
        }
        func field(_ name: String) -> String { resource[name]?.string ?? "" }
        return RequestInfo(
            verb: field("verb"), group: field("group"), resource: field("resource"), subresource: field("subresource"),
            namespace: field("namespace"), name: field("name"), version: field("version"))
    }

    /// With the members of rules in the order of upstream's structures: scripts compare these answers as text.
    private func orderedRules(_ review: JSONValue, _ scope: RequestScope) -> APIResponse {
        func text(_ rule: JSONValue) -> String {
            let fields = ["verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs"]
            let members = fields.compactMap { field in rule[field].map { "\"\(field)\":\(JSONSerializer.string($0))" } }
            return "{\(members.joined(separator: ","))}"
        }
        func list(_ field: String) -> String { (review["status"]?[field]?.array ?? []).map(text).joined(separator: ",") }
        let body =
            "{\"kind\":\"SelfSubjectRulesReview\",\"apiVersion\":\"authorization.k8s.io/v1\",\"metadata\":{},\"spec\":{},\"status\":"
            + "{\"resourceRules\":[\(list("resourceRules"))],\"nonResourceRules\":[\(list("nonResourceRules"))],\"incomplete\":false}}"
        return APIResponse(
            status: 201, headers: [("Content-Type", "application/json")] + scope.warningHeaders, body: .bytes(Array(body.utf8)))
    }

    private func rules(_ user: UserInfo, namespace: String) -> JSONValue {
        var resources: [JSONValue] = []
        var paths: [JSONValue] = []
        func list(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
        for rule in core.authorizer.rules(of: user, namespace: namespace) {
            if !rule.resourceList.isEmpty {
                var value: JSONValue = [
                    "verbs": list(rule.verbList), "apiGroups": list(rule.groupList), "resources": list(rule.resourceList),
                ]
                if !rule.nameList.isEmpty { value["resourceNames"] = list(rule.nameList) }
                resources.append(value)
            }
            if !rule.nonResourceURLs.isEmpty {
                paths.append(["verbs": list(rule.verbList), "nonResourceURLs": list(rule.nonResourceURLs)])
            }
        }
        return ["resourceRules": .array(resources), "nonResourceRules": .array(paths), "incomplete": false]
    }
}
