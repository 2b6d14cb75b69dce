import ApusTesting
import ArtifactStore
import Foundation
import KubernetesClient
import Logging
import Reconcilers
import Testing

@testable import Operator

/// Facts that lie outside Kubernetes, read from real files.
struct FactsTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "apus-facts-\(UUID().uuidString)")

    private func path(_ name: String) -> String { folder.appending(path: name).path }

    private func write(_ files: [String: String]) throws {
        for (name, text) in files {
            let url = folder.appending(path: name)
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
    }

    @Test func filesAreSeenAsTheyAre() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write(["open/train.csv": "text,label\n", "open/empty.csv": "", "closed/secret.csv": "x"])
        try FileManager.default.createDirectory(atPath: path("open/nothing"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: path("open/link.csv"), withDestinationPath: path("closed/secret.csv"))
        let names = ["train.csv", "empty.csv", "nothing", "gone.csv", "link.csv", "../closed/secret.csv"]
        let readings = NodeFilesReader.read(
            names.map { path("open") + "/" + $0 } + [path("closed/secret.csv")], allowedRoots: [path("open")])
        let real = URL(filePath: path("closed/secret.csv")).resolvingSymlinksInPath().path
        #expect(readings[path("open") + "/train.csv"] == .present)
        #expect(readings[path("open") + "/empty.csv"] == .empty)
        #expect(readings[path("open") + "/nothing"] == .empty)
        #expect(readings[path("open") + "/gone.csv"] == .missing)
        #expect(readings[path("open") + "/link.csv"] == .outside(real))
        #expect(readings[path("closed/secret.csv")] == nil, "nothing outside is looked at")
    }

    @Test func bundlesSayWhatTheyAre() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write([
            "good/config.json":
                #"{"architectures": ["BertForSequenceClassification"], "id2label": {"10": "c", "9": "b", "0": "a"}}"#,
            "good/metrics.json": #"{"validation": {"macro_f1": 0.8}}"#, "bare/weights.bin": "x", "bad/config.json": "{",
        ])
        let store = FileBundleStore(root: path("store"))
        func reading(_ name: String) async throws -> BundleReading {
            let digest = try await store.publish(path(name)).digest
            return await BundleFactsReader.read(digest: "sha256:\(digest.hexadecimal)", from: store)
        }
        guard case .read(let facts) = try await reading("good") else { throw Unexpected() }
        #expect(facts.architecture == "BertForSequenceClassification")
        #expect(facts.labels == ["a", "b", "c"], "in the order of their numbers")
        guard case .read(let bare) = try await reading("bare") else { throw Unexpected() }
        #expect(bare.architecture == nil)
        guard case .invalid(let message) = try await reading("bad") else { throw Unexpected() }
        #expect(message.contains("config.json"))
        guard case .missing = await BundleFactsReader.read(digest: "sha256:" + String(repeating: "0", count: 64), from: store)
        else { throw Unexpected() }
        guard case .invalid = await BundleFactsReader.read(digest: "md5:1", from: store) else { throw Unexpected() }
    }

    private struct Unexpected: Error {}

    /// Content that no bundle lists goes with the first sweep, another hour brings the next.
    @Test func theStoreIsSweptByTheHour() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write(["one/a": "first", "two/a": "second"])
        let store = FileBundleStore(root: path("store"))
        let (first, second) = (try await store.publish(path("one")).digest, try await store.publish(path("two")).digest)
        let time = VirtualTime()
        let sweep = StoreSweep(store: store, time: time, logger: Logger(label: "test"))
        let running = Task { try await sweep.run() }
        for digest in [first, second] {
            try await store.removeBundle(digest)
            try await eventually("the sweep has been here") { time.sleeperCount == 1 }
            time.advance(by: .seconds(3_600))
            try await eventually("its content is gone") {
                try await store.inventory().blobs.allSatisfy(\.isReferenced)
            }
        }
        running.cancel()
        await #expect(throws: CancellationError.self) { try await running.value }
        #expect(try await store.inventory().blobs.isEmpty)
    }
}
