import ApusTesting
import Foundation
import KubernetesTypes
import Testing

@testable import Embedded

@Suite struct KubeconfigFileTests {
    private static let ours = """
        apiVersion: v1
        kind: Config
        current-context: apus
        clusters: [{name: apus, cluster: {server: "https://127.0.0.1:6443"}}]
        users: [{name: apus, user: {client-key-data: bmV3}}]
        contexts: [{name: apus, context: {cluster: apus, user: apus}}]
        """

    @Test func whatOthersWroteStays() throws {
        let theirs = try YAML.parse(
            """
            apiVersion: v1
            kind: Config
            current-context: work
            preferences: {colors: true}
            clusters: [{name: work, cluster: {server: "https://work", proxy-url: "http://proxy"}}, {name: apus, cluster: {server: "https://old"}}]
            users: [{name: work, user: {exec: {command: login}, auth-provider: {name: oidc}}}]
            contexts: [{name: work, context: {cluster: work, user: work, extensions: [{name: x}]}}]
            """)[0]
        let merged = KubeconfigFile.merged(theirs, with: try YAML.parse(Self.ours)[0])
        #expect(merged["current-context"] == "work")
        #expect(merged["preferences"] == ["colors": true])
        #expect(merged["clusters"]?.array?.count == 2)
        #expect(merged["clusters"]?[0]?["cluster"]?["proxy-url"] == "http://proxy")
        #expect(merged["clusters"]?[1]?["cluster"]?["server"] == "https://127.0.0.1:6443")
        #expect(merged["users"]?[0]?["user"]?["auth-provider"]?["name"] == "oidc")
        #expect(merged["contexts"]?.array?.map { $0["name"]?.string } == ["work", "apus"])
    }

    @Test func whatWasMergedIsTakenOutAgain() throws {
        let theirs = try YAML.parse(
            """
            apiVersion: v1
            kind: Config
            current-context: work
            clusters: [{name: work, cluster: {server: "https://work"}}]
            users: [{name: work, user: {token: x}}]
            contexts: [{name: work, context: {cluster: work, user: work}}]
            """)[0]
        let merged = KubeconfigFile.merged(theirs, with: try YAML.parse(Self.ours)[0])
        #expect(KubeconfigFile.without("https://127.0.0.1:6443", in: merged) == theirs)
        // Another cluster of the same name stays.
        #expect(KubeconfigFile.without("https://127.0.0.1:7443", in: merged) == merged)
        let alone = KubeconfigFile.without("https://127.0.0.1:6443", in: try YAML.parse(Self.ours)[0])
        #expect(alone["current-context"] == "")
        #expect(alone["contexts"]?.array?.isEmpty == true)
    }

    @Test func anEmptyFileBecomesOurs() throws {
        let ours = try YAML.parse(Self.ours)[0]
        #expect(KubeconfigFile.merged([:], with: ours) == ours)
    }

    @Test func theFileIsPrivateAndOddOnesAreLeftAlone() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "kubeconfig-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let settings = ClusterSettings(dataDirectory: folder.path)
        try Data(Self.ours.utf8).write(to: URL(filePath: settings.paths.kubeconfig))
        let file = folder.appending(path: "home/.kube/config").path
        try KubeconfigFile.mergeIntoDefault(settings, file: file)
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? NSNumber
        #expect(mode?.intValue == 0o600)

        let odd = "- not: a kubeconfig\n"
        try Data(odd.utf8).write(to: URL(filePath: file))
        #expect(throws: EmbeddedError.self) { try KubeconfigFile.mergeIntoDefault(settings, file: file) }
        #expect(try String(contentsOfFile: file, encoding: .utf8) == odd)
    }
}
