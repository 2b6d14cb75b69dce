import ApusAPI
import Foundation
import KubernetesTypes
import Testing

@testable import Embedded

@Suite struct ManifestTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardizedFileURL

    /// `manifests/install/` is for clusters without `apus up`, and must not say anything else than the program.
    @Test(arguments: [("rbac", RoleManifests.installed), ("policies", PolicyManifests.installed)])
    func theInstalledManifestsAreThoseOfTheProgram(name: String, installed: String) throws {
        let file = Self.root.appending(path: "manifests/install/\(name).yaml")
        if ProcessInfo.processInfo.environment["APUS_REWRITE_GOLDEN"] == "1" { try Data(installed.utf8).write(to: file) }
        let text = try String(contentsOf: file, encoding: .utf8)
        #expect(try YAML.parse(text) == YAML.parse(installed), "APUS_REWRITE_GOLDEN=1 writes it")
    }

    @Test func nobodyButTheControllersMayDoEverything() throws {
        for role in try YAML.parse(RoleManifests.installed) where ["ClusterRole", "Role"].contains(role["kind"]?.string) {
            for rule in role["rules"]?.array ?? [] {
                let groups = rule["apiGroups"]?.array?.compactMap(\.string) ?? []
                let verbs = rule["verbs"]?.array?.compactMap(\.string) ?? []
                #expect(!groups.contains("*") && !verbs.contains("*"), "\(role["metadata"]?["name"]?.string ?? "")")
            }
        }
    }

    @Test(arguments: [
        "runtimes/huggingface.yaml", "examples/tickets/training-job.yaml", "examples/tickets/inference-service.yaml",
        "examples/tickets/drift-monitor.yaml",
    ])
    func examplesAreWhatTheKindsMean(path: String) throws {
        let text = try String(contentsOf: Self.root.appending(path: "manifests/\(path)"), encoding: .utf8)
        for document in try YAML.parse(text) {
            switch document["kind"]?.string {
            case "ClusterTrainingRuntime": _ = try ClusterTrainingRuntime(document)
            case "TrainingJob": _ = try TrainingJob(document)
            case "InferenceService": _ = try InferenceService(document)
            case "DriftMonitor":
                let monitor = try DriftMonitor(document)
                #expect(monitor.spec.action?.retrain?.template.spec.inputs.contains { $0.name == "fresh" } == true)
            default: Issue.record("unknown kind in \(path)")
            }
        }
    }
}
