import FoundationEssentials
import KubernetesTypes

/// `serviceaccounts/NAME/token`: makes a token for an account, bound to it and to a pod, secret or node.
struct TokenSubresource: Sendable {
    let core: APIServerCore
    let definition: ResourceDefinition

    func respond(_ scope: RequestScope) async throws(APIError) -> APIResponse {
        let form = try ContentNegotiation.form(scope.request)
        let options = try WriteOptions(scope.request, kind: "CreateOptions")
        var review = try RequestBody.decode(scope.request, kind: "TokenRequest").value
        if review["kind"] == nil { review["kind"] = "TokenRequest" }
        if review["apiVersion"] == nil { review["apiVersion"] = "authentication.k8s.io/v1" }
        guard review["kind"]?.string == "TokenRequest" else {
            throw .badRequest("the object provided is unrecognized (must be of type TokenRequest)")
        }
        let account = try core.stored(definition, namespace: scope.info.namespace, name: scope.info.name)
        var spec = review["spec"] ?? [:]
        let seconds = spec["expirationSeconds"]?.integer ?? 3600
        spec["expirationSeconds"] = .integer(seconds)
        review["spec"] = spec
        try validate(seconds)
        try NodeRestriction(store: core.store).checkToken(review, scope, definition)
        let reviewDefinition = tokenDefinition
        let writer = FieldWriter(manager: options.manager(scope.request), subresource: "token", time: core.configuration.now())
        review["metadata"] = [:]
        review = core.merging.recorded(old: nil, new: review, reviewDefinition, by: writer)
        var metadata = review["metadata"]?.object ?? [:]
        metadata["name"] = .string(account.name)
        metadata["namespace"] = .string(account.namespace)
        metadata["uid"] = .string(account.uid)
        metadata["creationTimestamp"] = .string(Timestamp(core.configuration.now()).description)
        review["metadata"] = .object(metadata)
        var audiences = spec["audiences"]?.array?.compactMap(\.string) ?? []
        if audiences.isEmpty { audiences = [core.configuration.issuer] }
        spec["audiences"] = .array(audiences.map { .string($0) })
        if spec["boundObjectRef"] == nil { spec["boundObjectRef"] = .null }
        review["spec"] = spec
        let now = core.configuration.now()
        let expiry = now.addingTimeInterval(Double(seconds))
        let token = try core.authenticator.signer.sign(try claims(account, spec, audiences, now: now, expiry: expiry))
        review["status"] = ["token": .string(token), "expirationTimestamp": .string(Timestamp(expiry).description)]
        return ResponseEncoder.response(review, form: form, status: 201, warnings: scope.warningHeaders)
    }

    /// The kind as far as recording its fields is concerned.
    private var tokenDefinition: ResourceDefinition {
        ResourceDefinition(
            group: "authentication.k8s.io", version: "v1", kind: "TokenRequest", plural: "tokenrequests",
            singular: "tokenrequest",
            isNamespaced: true, verbs: ["create"], storageGroup: "authentication.k8s.io", storageVersion: "v1",
            rules: core.rules.rules(group: "authentication.k8s.io", version: "v1", kind: "TokenRequest"))
    }

    private func validate(_ seconds: Int64) throws(APIError) {
        var errors: [FieldError] = []
        let field = "spec.expirationSeconds"
        if seconds < 600 {
            errors.append(.invalid(field, .integer(seconds), "may not specify a duration less than 10 minutes"))
        }
        if seconds > 1 << 32 {
            errors.append(.invalid(field, .integer(seconds), "may not specify a duration larger than 2^32 seconds"))
        }
        if !errors.isEmpty { throw .invalid(group: "authentication.k8s.io", kind: "TokenRequest", name: "", errors) }
    }

    private func claims(
        _ account: StoredObject, _ spec: JSONValue, _ audiences: [String], now: Date, expiry: Date
    ) throws(APIError) -> JSONValue {
        var kubernetes: JSONValue = [
            "namespace": .string(account.namespace),
            "serviceaccount": ["name": .string(account.name), "uid": .string(account.uid)],
        ]
        if let reference = spec["boundObjectRef"], !reference.isNull {
            try bind(reference, account, &kubernetes)
        }
        return [
            "aud": .array(audiences.map { .string($0) }), "exp": .integer(Int64(expiry.timeIntervalSince1970)),
            "iat": .integer(Int64(now.timeIntervalSince1970)), "nbf": .integer(Int64(now.timeIntervalSince1970)),
            "iss": .string(core.configuration.issuer), "jti": .string(core.configuration.makeUID()),
            "sub": .string("system:serviceaccount:\(account.namespace):\(account.name)"), "kubernetes.io": kubernetes,
        ]
    }

    private func bind(_ reference: JSONValue, _ account: StoredObject, _ claims: inout JSONValue) throws(APIError) {
        let kind = reference["kind"]?.string ?? ""
        let name = reference["name"]?.string ?? ""
        let resources = ["Pod": "pods", "Secret": "secrets", "Node": "nodes"]
        guard let plural = resources[kind] else { throw .badRequest("cannot bind token for object of type \(kind)") }
        let resource = ResourceName(group: "", resource: plural)
        let key = StoredKey.key(namespace: kind == "Node" ? "" : account.namespace, name: name)
        guard let bound = core.store.object(resource, key: key) else { throw .notFound(resource, name: name) }
        if let uid = reference["uid"]?.string, !uid.isEmpty, uid != bound.uid {
            throw .conflict(
                resource, name: name,
                "the UID in the bound object reference (\(uid)) does not match the UID in record. "
                    + "The object might have been deleted and then recreated")
        }
        claims[kind.lowercased()] = ["name": .string(name), "uid": .string(bound.uid)]
        guard kind == "Pod" else { return }
        let pod = bound.value
        if pod["spec"]?["serviceAccountName"]?.string != account.name {
            throw .badRequest(
                "cannot bind token for serviceaccount \"\(account.name)\" to pod running with different serviceaccount name.")
        }
        if let node = pod["spec"]?["nodeName"]?.string, !node.isEmpty {
            let uid = core.store.object(ResourceName(group: "", resource: "nodes"), key: node)?.uid
            claims["node"] = uid.map { ["name": .string(node), "uid": .string($0)] } ?? ["name": .string(node)]
        }
    }
}
