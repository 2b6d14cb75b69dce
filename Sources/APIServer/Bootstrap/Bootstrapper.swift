import FoundationEssentials
import KubernetesTypes

/// Makes the objects that every cluster starts with, where they are not there yet, and brings the bootstrapped roles up to date.
struct Bootstrapper: Sendable {
    let core: APIServerCore

    func run() async throws(APIError) {
        try await ensureNamespaces()
        for role in BootstrapObjects.clusterRoles {
            try await ensure(role, group: "rbac.authorization.k8s.io", plural: "clusterroles", name: name(role))
        }
        for binding in BootstrapObjects.clusterRoleBindings {
            try await ensure(binding, group: "rbac.authorization.k8s.io", plural: "clusterrolebindings", name: name(binding))
        }
        for priority in BootstrapObjects.priorityClasses {
            try await ensure(priority, group: "scheduling.k8s.io", plural: "priorityclasses", name: name(priority))
        }
        core.authorizer.invalidate()
    }

    func ensureNamespaces() async throws(APIError) {
        for name in BootstrapObjects.namespaces {
            try await ensure(
                ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]], group: "", plural: "namespaces",
                name: name)
        }
    }

    private func name(_ object: JSONValue) -> String { object["metadata"]?["name"]?.string ?? "" }

    private func scope(_ definition: ResourceDefinition, _ verb: String, namespace: String, name: String) -> RequestScope {
        let request = APIRequest(method: "POST", target: "/", headers: [("User-Agent", "kube-apiserver/1.36")])
        let info = RequestInfo(
            verb: verb, group: definition.group, resource: definition.plural, namespace: namespace, name: name,
            version: definition.version)
        return RequestScope(request: request, info: info, user: .server)
    }

    private func ensure(
        _ object: JSONValue, group: String, plural: String, name: String, namespace: String = ""
    ) async throws(APIError) {
        guard let definition = core.registry.definition(group: group, plural: plural) else { return }
        let key = StoredKey.key(namespace: namespace, name: name)
        guard core.store.object(definition.storageName, key: key) == nil else { return }
        let scope = scope(definition, "create", namespace: namespace, name: name)
        let options = try WriteOptions(scope.request, kind: "CreateOptions")
        let decoded = try definition.rules.decode(object)
        _ = try await core.create(decoded.object, definition, scope, options)
    }

    /// The Service by which pods find the API server, and where it leads.
    /// - Parameter address: where the server can be reached from pods.
    func ensureKubernetesService(address: String, port: Int) async throws(APIError) {
        let service: JSONValue = [
            "apiVersion": "v1", "kind": "Service",
            "metadata": [
                "name": "kubernetes", "namespace": "default", "labels": ["component": "apiserver", "provider": "kubernetes"],
            ],
            "spec": [
                "type": "ClusterIP", "clusterIP": .string(core.allocator.apiServerAddress),
                "clusterIPs": [.string(core.allocator.apiServerAddress)], "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
                "ports": [["name": "https", "protocol": "TCP", "port": 443, "targetPort": .integer(Int64(port))]],
                "sessionAffinity": "None",
            ],
        ]
        try await ensure(service, group: "", plural: "services", name: "kubernetes", namespace: "default")
        let slice: JSONValue = [
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": [
                "name": "kubernetes", "namespace": "default", "labels": ["kubernetes.io/service-name": "kubernetes"],
            ],
            "addressType": "IPv4",
            "endpoints": [["addresses": [.string(address)], "conditions": ["ready": true]]],
            "ports": [["name": "https", "port": .integer(Int64(port)), "protocol": "TCP"]],
        ]
        try await replace(slice, group: "discovery.k8s.io", plural: "endpointslices", name: "kubernetes", namespace: "default")
    }

    private func replace(
        _ object: JSONValue, group: String, plural: String, name: String, namespace: String
    ) async throws(APIError) {
        guard let definition = core.registry.definition(group: group, plural: plural) else { return }
        let key = StoredKey.key(namespace: namespace, name: name)
        guard core.store.object(definition.storageName, key: key) != nil else {
            try await ensure(object, group: group, plural: plural, name: name, namespace: namespace)
            return
        }
        let scope = scope(definition, "update", namespace: namespace, name: name)
        let options = try WriteOptions(scope.request, kind: "UpdateOptions")
        let decoded = try definition.rules.decode(object)
        _ = try await core.modify(definition, subresource: nil, scope, options) { _ throws(APIError) in
            APIServerCore.Change(object: decoded.object, recordsFields: true)
        }
    }
}
