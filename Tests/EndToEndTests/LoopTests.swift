import Foundation
import Testing

/// The whole loop with the program, kubectl, runc and Prometheus as they are: a job trains on real messages, its version is
/// registered, promoted, served and answers; a job that cannot go well says why; a version that serves is not deleted.
@Suite(.serialized) struct LoopTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardizedFileURL
        .path

    @Test(.timeLimit(.minutes(30)))
    func trainRegisterServeAnswer() throws {
        let cluster = try TestCluster(root: Self.root)
        defer { cluster.stop() }
        try cluster.kubectl("apply", "-f", "\(Self.root)/manifests/runtimes/huggingface.yaml")
        try cluster.apply(
            job("first", training: "season1/train.csv", hyperparameters: "{epochs: 2, learning_rate: \"1e-4\", max_length: 48}"))
        try cluster.apply(
            """
            apiVersion: apus.dev/v1alpha1
            kind: InferenceService
            metadata: {name: tickets}
            spec: {model: {name: tickets}}
            """)
        // A job that can never go well, beside the one that does.
        try cluster.apply(job("unknown-column", training: "season1/train.csv", hyperparameters: "{label_column: no_such_column}"))

        try cluster.wait("tjob/unknown-column", for: "jsonpath={.status.phase}=Failed", minutes: 6)
        let why = try cluster.get("tjob/unknown-column", "{.status.conditions[?(@.type==\"Stalled\")].message}")
        #expect(why.contains("no_such_column") && why.contains("text"), "the message names the column and those found: \(why)")

        try cluster.wait("tjob/first", for: "jsonpath={.status.phase}=Succeeded", minutes: 15)
        #expect(try cluster.get("tjob/first", "{.status.modelVersion}") == "tickets-1")
        let digest = try cluster.get("mver/tickets-1", "{.spec.artifact.digest}")
        #expect(digest.hasPrefix("sha256:"))
        #expect(Double(try cluster.get("mver/tickets-1", "{.spec.metrics.test\\.macro_f1}")) ?? 0 > 0.4)

        try cluster.wait("infer/tickets", for: "jsonpath={.status.phase}=Stable", minutes: 4)
        #expect(try cluster.get("mdl/tickets", "{.status.aliases[0].version}") == "tickets-1")
        let url = try cluster.get("infer/tickets", "{.status.url}")
        let answer = try cluster.run(
            "curl", "-sS", "--fail-with-body", "\(url)/v1/models/tickets:predict", "-d",
            #"{"instances":["Where is my parcel? It is three weeks late and nobody answers."]}"#)
        #expect(answer.contains("\"label\"") && answer.contains("tickets-1"), "\(answer)")

        // What serves cannot be deleted, and says who uses it.
        try cluster.kubectl("delete", "mver/tickets-1", "--wait=false")
        try cluster.wait("mver/tickets-1", for: "condition=DeletionBlocked", minutes: 1)
        #expect(try cluster.get("infer/tickets", "{.status.servedVersion}") == "tickets-1")
    }

    private func job(_ name: String, training: String, hyperparameters: String) -> String {
        """
        apiVersion: apus.dev/v1alpha1
        kind: TrainingJob
        metadata: {name: \(name)}
        spec:
          runtimeRef: {name: huggingface}
          baseModel: {uri: "file:///opt/apus/models/all-MiniLM-L6-v2"}
          inputs:
            - {name: training, uri: "file://DATA/\(training)"}
            - {name: validation, uri: "file://DATA/season1/validation.csv"}
            - {name: test, uri: "file://DATA/season1/test.csv"}
          hyperparameters: \(hyperparameters)
          output: {model: tickets}
        """
    }
}

/// A cluster of `apus up` with its own folder, ports and bridge.
private final class TestCluster {
    private let root: String
    private let program: String
    private let data: String

    init(root: String) throws {
        self.root = root
        program = "\(root)/.build/debug/apus"
        data = "/var/lib/apus-test-\(ProcessInfo.processInfo.processIdentifier)"
        let offset = Int(ProcessInfo.processInfo.processIdentifier) % 100
        try FileManager.default.createDirectory(atPath: "\(data)/examples", withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: "\(root)/manifests/examples/tickets/data", toPath: "\(data)/examples/data")
        try run(
            program, "up", "--detach", "--data", data, "--port", "\(28000 + offset)", "--gateway-port", "\(28200 + offset)",
            "--prometheus-port", "\(28400 + offset)", "--kubelet-port", "\(28600 + offset)", "--bridge", "apt\(offset)",
            "--pod-cidr",
            "10.\(130 + offset).0.0/16")
    }

    func stop() {
        _ = try? run(program, "down", "--data", data, "--purge")
        try? FileManager.default.removeItem(atPath: data)
    }

    @discardableResult
    func kubectl(_ arguments: String...) throws -> String {
        try run(["kubectl", "--kubeconfig", "\(data)/kubeconfig"] + arguments)
    }

    func get(_ object: String, _ path: String) throws -> String { try kubectl("get", object, "-o", "jsonpath=\(path)") }

    func apply(_ manifest: String) throws {
        let file = "\(data)/examples/manifest.yaml"
        try manifest.replacingOccurrences(of: "DATA", with: "\(data)/examples/data").write(
            toFile: file, atomically: true, encoding: .utf8)
        try kubectl("apply", "-f", file)
    }

    /// Waits as a person would: `condition=Ready`, or `jsonpath={.status.phase}=Stable`.
    func wait(_ object: String, for what: String, minutes: Int) throws {
        do {
            try kubectl("wait", object, "--for=\(what)", "--timeout=\(minutes)m")
        } catch {
            let state = (try? kubectl("describe", object)) ?? ""
            let pods = (try? kubectl("get", "pods", "-o", "wide")) ?? ""
            throw CommandFailure(description: "\(error)\n\(state)\n\(pods)")
        }
    }

    @discardableResult
    func run(_ arguments: String...) throws -> String { try run(arguments) }

    private func run(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw CommandFailure(
                description: "\(arguments.joined(separator: " ")) ended with \(process.terminationStatus): \(text)\(complaint)")
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

private struct CommandFailure: Error, CustomStringConvertible { var description: String }
