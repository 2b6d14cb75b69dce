import APIServer
import Foundation
import KubernetesClient
import Synchronization

/// Who a part is towards the API server.
struct PartIdentity: Sendable, Hashable {
    var user: String
    var groups: [String] = []

    /// A service account by a certificate: the same roles hold for it as on a cluster where it is a pod's.
    static func serviceAccount(_ name: String, namespace: String = RoleManifests.namespace) -> PartIdentity {
        PartIdentity(
            user: "system:serviceaccount:\(namespace):\(name)",
            groups: ["system:serviceaccounts", "system:serviceaccounts:\(namespace)"])
    }

    static func node(_ name: String) -> PartIdentity { PartIdentity(user: "system:node:\(name)", groups: ["system:nodes"]) }

    static let controllers = PartIdentity(user: "system:kube-controller-manager")
    static let administrator = PartIdentity(user: "kubernetes-admin", groups: ["system:masters"])
}

/// Gives every part its own credentials: a certificate of the cluster's authority, kept as a kubeconfig.
struct ClusterAccess: Sendable {
    let settings: ClusterSettings
    let certificates: ClusterCertificates
    private let clients = OpenClients()

    init(settings: ClusterSettings, certificates: ClusterCertificates) {
        self.settings = settings
        self.certificates = certificates
    }

    /// Closes the connections of all clients that were given out.
    func closeClients() async { await clients.close() }

    var authority: String { certificates.authority.certificate }

    /// A client of the API server, over its socket like any other.
    func client(_ name: String, _ identity: PartIdentity, logger userAgent: String? = nil) throws -> Client {
        let text = try kubeconfig(identity)
        try Files.makeFolder(settings.paths.credentials)
        try Files.write(text, to: "\(settings.paths.credentials)/\(name).kubeconfig")
        let configuration = try ConnectionConfiguration(kubeconfig: KubernetesClient.Kubeconfig(yaml: text))
        let client = try Client(configuration, options: .init(userAgent: userAgent ?? "apus-\(name)"))
        clients.add(client)
        return client
    }

    func kubeconfig(_ identity: PartIdentity) throws -> String {
        let certificate = try certificates.client(user: identity.user, groups: identity.groups)
        func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
        let name = KubeconfigFile.name
        return try KubernetesClient.Kubeconfig(
            clusters: [
                .init(
                    name: name, cluster: .init(server: settings.serverURL, certificateAuthorityData: base64(authority)))
            ],
            users: [
                .init(
                    name: name,
                    user: .init(
                        clientCertificateData: base64(certificate.certificate), clientKeyData: base64(certificate.key)))
            ],
            contexts: [.init(name: name, context: .init(cluster: name, user: name))], currentContext: name
        ).yaml()
    }

    /// Certificate and key of the node's own endpoints, in PEM.
    func kubeletCertificate(addresses: [String]) throws -> (certificate: String, key: String) {
        let identity = try certificates.server(names: [settings.nodeName, "localhost"], addresses: addresses)
        return (identity.certificate, identity.key)
    }
}

/// Clients that must be shut down before they go away.
private final class OpenClients: Sendable {
    private let clients = Mutex<[Client]>([])

    func add(_ client: Client) { clients.withLock { $0.append(client) } }

    func close() async {
        let all = clients.withLock { clients in
            defer { clients = [] }
            return clients
        }
        for client in all { try? await client.shutdown() }
    }
}
