import Foundation
import KubernetesTypes
import Logging
import Testing

@testable import Embedded

/// Plans on a cluster that is made in memory: the real admission and the real reconcilers.
@Suite struct LookAheadTests {
    private static let runtime = """
        apiVersion: apus.dev/v1alpha1
        kind: ClusterTrainingRuntime
        metadata: {name: small}
        spec:
          framework: huggingface
          template:
            spec:
              containers: [{name: trainer, image: localhost/host, command: [train]}]
        """

    /// The input is any file that hack/setup installs: the plan looks whether it is there, not into it.
    private static func job(_ change: String = "", uri: String = "file:///opt/apus/models/all-MiniLM-L6-v2/tokenizer.json")
        -> String
    {
        """
        apiVersion: apus.dev/v1alpha1
        kind: TrainingJob
        metadata: {name: tickets, namespace: team}
        spec:
          runtimeRef: {name: small}
          inputs: [{name: training, uri: "\(uri)"}]
          output: {model: tickets}
        \(change)
        """
    }

    private static func plan(_ manifests: String...) async throws -> [PlannedObject] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "apus-plan-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let ahead = try LookAhead(dataDirectory: folder, logger: logger)
        return try await ahead.planOnNothing(manifests.joined(separator: "\n---\n"), namespace: nil)
    }

    @Test func showsWhatWouldBeMade() async throws {
        let planned = try await Self.plan(Self.runtime, Self.job("  replicas: 2"))
        #expect(planned.count == 2)
        #expect(
            planned[0].lines == [
                "clustertrainingruntime.apus.dev/small would be created", "  next look  never: nothing reconciles this kind",
            ])
        #expect(planned[1].obstacle == nil)
        #expect(
            planned[1].madeNames == [
                "trainingjob.apus.dev/tickets", "serviceaccount/tickets-agent",
                "role.rbac.authorization.k8s.io/tickets-agent", "rolebinding.rbac.authorization.k8s.io/tickets-agent",
                "service/tickets", "pod/tickets-1-0", "pod/tickets-1-1",
            ])
        let text = planned[1].lines.joined(separator: "\n")
        #expect(text.contains("status     Starting: Attempt 1: 2 pods created."))
        #expect(text.contains("event      Normal AttemptStarted: "))
        let pod = try #require(planned[1].document["children"]?.array?.last?["object"])
        #expect(pod["spec"]?["containers"]?[0]?["command"] == ["train"])
    }

    @Test func tellsWhetherAnythingWouldChange() {
        let admitted = DynamicObject([
            "metadata": ["name": "a", "generation": 2, "resourceVersion": "9"], "spec": ["replicas": 2],
        ])
        #expect(PlannedObject.Fate(present: nil, admitted: admitted) == .create)
        #expect(PlannedObject.Fate(present: admitted, admitted: admitted) == .unchanged)
        var present = admitted
        present.value[path: ["metadata", "managedFields"]] = [["manager": "kubectl"]]
        present.value[path: ["metadata", "resourceVersion"]] = "7"
        #expect(PlannedObject.Fate(present: present, admitted: admitted) == .unchanged)
        present.value[path: ["spec", "replicas"]] = 1
        #expect(PlannedObject.Fate(present: present, admitted: admitted) == .update)
    }

    @Test func namesWhatStandsInTheWay() async throws {
        let missing = try await Self.plan(Self.job())
        #expect(missing[0].lines.contains { $0.contains("There is no ClusterTrainingRuntime named small") })
        let gone = try await Self.plan(Self.runtime, Self.job(uri: "file:///opt/apus/no-such-file.csv"))
        #expect(gone[1].obstacle?.hasPrefix("InputNotFound: ") == true)
        let outside = try await Self.plan(Self.runtime, Self.job(uri: "file:///etc/shadow"))
        #expect(outside[1].obstacle?.hasPrefix("FileNotAllowed: ") == true)
    }

    @Test(arguments: [
        (runtime.replacingOccurrences(of: "command: [train]", with: "comand: [train]"), "comand"),
        (runtime.replacingOccurrences(of: "image: localhost/host", with: "image: 7"), "image"),
        (runtime.replacingOccurrences(of: "name: trainer,", with: "name: main,"), "exactly one container must be named trainer"),
        (job("  replicaCount: 2"), "replicaCount"),
        ("apiVersion: apus.dev/v1alpha1\nkind: TrainigJob\nmetadata: {name: x}", "TrainigJob"),
    ])
    func refusesWhatTheServerWouldRefuse(_ manifest: String, _ word: String) async throws {
        let error = await #expect(throws: (any Error).self) { try await Self.plan(manifest) }
        #expect(error.map { "\($0)".contains(word) } == true, "\(error.map { "\($0)" } ?? "")")
    }
}

@Suite struct TrainingRequestTests {
    @Test func becomesAJob() throws {
        var request = TrainingRequest(model: "tickets")
        request.data = [("training", "train.csv"), ("test", "file:///data/test.csv")]
        request.baseModel = "tickets-1"
        request.hyperparameters = ["epochs=3", "learning_rate=5e-5", "labels=a=b"]
        (request.gpus, request.memory, request.replicas) = (2, "4Gi", 2)
        let job = try request.job(namespace: "team", suffix: "x7") { "file:///uploads/\($0)" }
        #expect(job.name == "tickets-x7")
        #expect(job.spec.inputs.map(\.uri) == ["file:///uploads/train.csv", "file:///data/test.csv"])
        #expect(job.spec.baseModel?.modelVersion == "tickets-1")
        #expect(job.spec.hyperparameters == ["epochs": .int(3), "learning_rate": .string("5e-5"), "labels": .string("a=b")])
        #expect(job.spec.resources?.gpus == 2)
        #expect(job.spec.resources?.requests?["memory"] == .bytes(4 << 30))
    }

    @Test(
        arguments: [
            ([], [], nil, "name a file"), ([("training", "a.csv")], ["epochs"], nil, "name=value"),
            ([("training", "a.csv")], [], "lots", "amount of memory"),
        ] as [([(String, String)], [String], String?, String)])
    func saysWhatIsWrong(_ data: [(String, String)], _ settings: [String], _ memory: String?, _ word: String) {
        var request = TrainingRequest(model: "m")
        (request.data, request.hyperparameters, request.memory) = (data, settings, memory)
        let error = #expect(throws: EmbeddedError.self) { try request.job(namespace: nil, suffix: "1") { $0 } }
        #expect(error?.message.contains(word) == true)
    }

    @Test func localFilesAreCopiedToWherePodsReadThem() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "apus-upload-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder.appending(path: "cluster"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "train.csv")
        try Data("text,label\n".utf8).write(to: file)
        let upload = DataUpload(dataDirectory: folder.appending(path: "cluster").path) { _ in }
        let address = try upload.address(of: file.path)
        #expect(address.hasPrefix("file://\(folder.path)/cluster/examples/uploads/") && address.hasSuffix("/train.csv"))
        let copy = try #require(URL(string: address))
        #expect(try String(contentsOf: copy, encoding: .utf8) == "text,label\n")
        // The same content has the same address, and what lies there already is not copied.
        #expect(try upload.address(of: file.path) == address)
        #expect(try upload.address(of: copy.path) == address)
        let error = #expect(throws: EmbeddedError.self) { try upload.address(of: folder.appending(path: "none.csv").path) }
        #expect(error?.message.contains("does not exist") == true)
    }
}
