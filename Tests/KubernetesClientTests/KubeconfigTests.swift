import ApusTesting
import Foundation
import KubernetesClient
import KubernetesTypes
import Testing

@Suite struct KubeconfigTests {
    static let text = """
        apiVersion: v1
        kind: Config
        current-context: here
        clusters:
        - name: local
          cluster:
            server: https://127.0.0.1:6443/
            certificate-authority-data: UEVN
        - name: open
          cluster: {server: "https://10.0.0.1", insecure-skip-tls-verify: true, tls-server-name: api}
        users:
        - name: admin
          user: {token: secret}
        - name: certified
          user: {client-certificate: chain.pem, client-key: key.pem}
        contexts:
        - name: here
          context: {cluster: local, user: admin, namespace: team}
        - name: there
          context: {cluster: open, user: certified}
        """

    @Test func contexts() throws {
        let config = try Kubeconfig(yaml: Self.text)
        let here = try ConnectionConfiguration(kubeconfig: config)
        #expect(here.server == "https://127.0.0.1:6443")
        #expect(here.trust == .authorities(pem: "PEM"))
        #expect(here.credential == .token("secret"))
        #expect(here.namespace == "team")
        #expect(throws: ConfigurationError.self) { try ConnectionConfiguration(kubeconfig: config, context: "nowhere") }
    }

    @Test func filesAreRelativeToTheKubeconfig() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kubeconfig-\(SystemChance().suffix(10))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Self.text.write(to: folder.appendingPathComponent("config"), atomically: true, encoding: .utf8)
        try "CHAIN".write(to: folder.appendingPathComponent("chain.pem"), atomically: true, encoding: .utf8)
        try "KEY".write(to: folder.appendingPathComponent("key.pem"), atomically: true, encoding: .utf8)
        let there = try ConnectionConfiguration.kubeconfig(path: folder.appendingPathComponent("config").path, context: "there")
        #expect(there.clientCertificate == .init(chainPEM: "CHAIN", keyPEM: "KEY"))
        #expect(there.trust == .anyone)
        #expect(there.serverName == "api")
    }

    @Test func mergingReplacesByName() throws {
        var config = try Kubeconfig(yaml: Self.text)
        config.merge(
            Kubeconfig(
                clusters: [.init(name: "local", cluster: .init(server: "https://other"))], users: [],
                contexts: [.init(name: "new", context: .init(cluster: "local", user: "admin"))], currentContext: "new"))
        let again = try Kubeconfig(yaml: config.yaml())
        #expect(try ConnectionConfiguration(kubeconfig: again).server == "https://other")
        #expect(again.contexts?.count == 3)
    }

    @Test func podsUseTheirServiceAccount() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("account-\(SystemChance().suffix(10))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let environment = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"]
        #expect(try ConnectionConfiguration.inCluster(environment: environment, folder: folder.path) == nil)
        try "t".write(to: folder.appendingPathComponent("token"), atomically: true, encoding: .utf8)
        try "team\n".write(to: folder.appendingPathComponent("namespace"), atomically: true, encoding: .utf8)
        let found = try ConnectionConfiguration.inCluster(environment: environment, folder: folder.path)
        #expect(found?.server == "https://[fd00::1]:443")
        #expect(found?.namespace == "team")
        #expect(found?.credential == .tokenFile(folder.path + "/token"))
    }
}
