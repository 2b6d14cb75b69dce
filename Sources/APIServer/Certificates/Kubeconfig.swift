import Foundation

/// A kubeconfig file for one cluster and one user.
public enum Kubeconfig {
    /// - Parameters:
    ///   - server: `https://host:port`.
    ///   - name: of cluster, user and context.
    public static func text(server: String, authority: String, client: ClusterCertificates.Identity, name: String = "apus")
        -> String
    {
        func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
        return """
            apiVersion: v1
            kind: Config
            current-context: \(name)
            clusters:
            - name: \(name)
              cluster:
                server: \(server)
                certificate-authority-data: \(base64(authority))
            users:
            - name: \(name)
              user:
                client-certificate-data: \(base64(client.certificate))
                client-key-data: \(base64(client.key))
            contexts:
            - name: \(name)
              context:
                cluster: \(name)
                user: \(name)

            """
    }
}
