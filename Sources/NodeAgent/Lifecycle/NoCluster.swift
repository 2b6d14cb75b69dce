import KubernetesTypes

/// Stands where there is no API server to talk to.
struct NoCluster: Cluster {
    func configMap(namespace: String, name: String) async throws -> ConfigMap? { nil }
    func secret(namespace: String, name: String) async throws -> Secret? { nil }
    func token(for pod: Pod, audience: String?, expirationSeconds: Int) async throws -> IssuedToken {
        throw NodeAgentError(.notFound, "there is no API server")
    }
    func services() async -> [Service] { [] }
    func report(_ status: PodStatus, of pod: Pod) async throws {}
    func confirmDeletion(of pod: Pod) async throws {}
    func record(_ event: PodEvent, on pod: Pod) async {}
}
