import KubernetesTypes

/// ValidatingAdmissionPolicies: the cluster's own rules, as CEL expressions in objects.
struct PolicyAdmission: Sendable {
    private static let group = "admissionregistration.k8s.io"

    let store: ObjectStore
    let registry: ResourceRegistry

    func validate(_ object: JSONValue, old: JSONValue?, _ context: AdmissionContext) throws(APIError) {
        let definition = context.definition
        // Policies cannot lock out who repairs them.
        guard definition.group != Self.group else { return }
        let bindings = objects("validatingadmissionpolicybindings")
        guard !bindings.isEmpty else { return }
        let policies = Dictionary(
            objects("validatingadmissionpolicies").map { ($0["metadata"]?["name"]?.string ?? "", $0) }, uniquingKeysWith: { $1 })
        let info = context.scope.info
        let namespace = object["metadata"]?["namespace"]?.string ?? info.namespace
        let isDeletion = context.operation == .delete
        let request = PolicyRequest(
            object: isDeletion ? nil : object, oldObject: isDeletion ? object : old, operation: context.operation.rawValue,
            group: definition.group, version: definition.version, resource: definition.plural,
            subresource: context.subresource ?? "",
            kind: definition.kind, name: object["metadata"]?["name"]?.string ?? info.name, namespace: namespace,
            namespaceObject: namespace.isEmpty
                ? nil
                : store.object(ResourceName(group: "", resource: "namespaces"), key: namespace)?
                    .value(apiVersion: "v1", kind: "Namespace"), userName: context.scope.user.name,
            groups: context.scope.user.groups,
            isDryRun: context.isDryRun)
        let findings = AdmissionPolicies.evaluate(request, bindings: bindings, policies: policies) { kind, namespace, name in
            guard let found = registry.definition(apiVersion: kind.apiVersion, kind: kind.kind) else { return nil }
            let key = StoredKey.key(namespace: found.isNamespaced ? namespace : "", name: name)
            return store.object(found.storageName, key: key)?.value(apiVersion: kind.apiVersion, kind: kind.kind)
        }
        for finding in findings where finding.action == .warn { context.scope.warn(finding.message) }
        guard let denial = findings.first(where: { $0.action == .deny }) else { return }
        var error = APIError.forbidden(definition.name, name: request.name, denial.message)
        error.code = denial.code
        error.reason = denial.reason
        error.details?["causes"] = [["message": .string(denial.message)]]
        throw error
    }

    private func objects(_ plural: String) -> [JSONValue] {
        store.objects(ResourceName(group: Self.group, resource: plural)).objects.map(\.value)
    }
}
