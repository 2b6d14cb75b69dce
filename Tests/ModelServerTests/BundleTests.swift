import ApusTesting
import ArtifactStore
import Exposition
import Foundation
import Logging
import Testing

@testable import ModelServer

@Suite struct BundleTests {
    /// Runs a server that should not start, and returns why it did not, with its termination message.
    static func failure(
        _ damage: (URL) throws -> Void, source: ((URL) -> ModelServer.Source)? = nil
    ) async throws -> (ModelServerError?, String) {
        let bundle = try TestServer.bundle("bert")
        defer { try? FileManager.default.removeItem(at: bundle) }
        try damage(bundle)
        var configuration = TestServer.configuration(bundle)
        if let source { configuration.source = source(bundle) }
        let message = bundle.appending(path: "termination-log")
        configuration.terminationMessagePath = message.path
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = try ModelServer(configuration, registry: MetricsRegistry(), logger: logger)
        let error = await #expect(throws: ModelServerError.self) { try await server.run() }
        return (error, (try? String(contentsOf: message, encoding: .utf8)) ?? "")
    }

    static func rewrite(_ name: String, _ change: @escaping (String) -> String) -> (URL) throws -> Void {
        { folder in
            let file = folder.appending(path: name)
            try Data(change(String(contentsOf: file, encoding: .utf8)).utf8).write(to: file)
        }
    }

    @Test func saysWhichFileIsMissing() async throws {
        for name in ["config.json", "tokenizer.json", "model.safetensors"] {
            let (error, message) = try await Self.failure { try FileManager.default.removeItem(at: $0.appending(path: name)) }
            #expect(error?.code == .bundleUnreadable)
            #expect(message.contains(name), "\(message)")
        }
        let (error, _) = try await Self.failure { try FileManager.default.removeItem(at: $0) }
        #expect(error?.code == .bundleUnreadable)
    }

    @Test func namesAnArchitectureItCannotServe() async throws {
        let (error, message) = try await Self.failure(
            Self.rewrite("config.json") {
                $0.replacingOccurrences(of: "BertForSequenceClassification", with: "LstmForSequenceClassification")
            })
        #expect(error?.code == .unsupportedArchitecture)
        #expect(message.contains("LstmForSequenceClassification"), "\(message)")
    }

    @Test func namesATokenizerItCannotServe() async throws {
        let (error, message) = try await Self.failure(
            Self.rewrite("tokenizer.json") { $0.replacingOccurrences(of: "\"WordPiece\"", with: "\"BPE\"") })
        #expect(error?.code == .unsupportedArchitecture)
        #expect(message.contains("BPE"), "\(message)")
    }

    @Test func refusesContradictions() async throws {
        let table: [(String, (URL) throws -> Void)] = [
            ("config.json", Self.rewrite("config.json") { $0 + "x" }),
            (
                "word_embeddings",
                Self.rewrite("config.json") { $0.replacingOccurrences(of: "\"vocab_size\": 3199", with: "\"vocab_size\": 3200") }
            ),
            (
                "safetensors",
                { folder in
                    let file = try FileHandle(forUpdating: folder.appending(path: "model.safetensors"))
                    try file.truncate(atOffset: 4000)
                }
            ),
            ("reference.json", { try Data("{}".utf8).write(to: $0.appending(path: "reference.json")) }),
            (
                "sketch.matrix has rows of 24",
                { try Data(MetricsTests.reference.utf8).write(to: $0.appending(path: "reference.json")) }
            ),
            (
                "tokenizer_config.json",
                { try Data("[".utf8).write(to: $0.appending(path: "tokenizer_config.json")) }
            ),
        ]
        for (part, damage) in table {
            let (error, message) = try await Self.failure(damage)
            #expect(error?.code == .bundleInvalid)
            #expect(message.contains(part), "\(message)")
        }
    }

    /// One bit of any file of a stored bundle, whether the server reads that file or not.
    @Test func refusesABundleWithAFlippedByte() async throws {
        for name in ["config.json", "tokenizer.json", "model.safetensors", "model_card.md"] {
            let store = FileManager.default.temporaryDirectory.appending(path: "apus-store-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: store) }
            let bundle = try TestServer.bundle("bert")
            defer { try? FileManager.default.removeItem(at: bundle) }
            try Data("# A card".utf8).write(to: bundle.appending(path: "model_card.md"))
            let uri = "file://\(store.path)"
            let published = try await StoreURI(uri).openStore().publish(bundle.path)
            let content = try Data(contentsOf: bundle.appending(path: name))
            var flipped = 0
            for case let file as URL in FileManager.default.enumerator(at: store, includingPropertiesForKeys: nil) ?? .init() {
                guard try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true,
                    var bytes = try? Data(contentsOf: file), bytes == content
                else { continue }
                bytes[bytes.count / 2] ^= 1
                try FileManager.default.removeItem(at: file)
                try bytes.write(to: file)
                flipped += 1
            }
            #expect(flipped == 1)
            let (error, message) = try await Self.failure({ _ in }) { _ in
                .artifact(store: uri, digest: published.digest.description)
            }
            #expect(error?.code == .bundleCorrupt)
            #expect(message.contains(name), "\(message)")
        }
    }

    @Test func servesFromAStoreAndChecksADirectory() async throws {
        let store = FileManager.default.temporaryDirectory.appending(path: "apus-store-\(UUID().uuidString)")
        let bundle = try TestServer.bundle("distilbert")
        defer {
            try? FileManager.default.removeItem(at: store)
            try? FileManager.default.removeItem(at: bundle)
        }
        let uri = "file://\(store.path)"
        let digest = try await StoreURI(uri).openStore().publish(bundle.path).digest.description
        for source: ModelServer.Source in [.artifact(store: uri, digest: digest), .directory(bundle.path, digest: digest)] {
            try await TestServer.with(configure: { $0.source = source }) { server in
                let answer = try await server.predict(["hello"])
                #expect(answer.status == 200)
            }
        }
        try Data("more".utf8).write(to: bundle.appending(path: "extra.txt"))
        for (source, part) in [
            (ModelServer.Source.directory(bundle.path, digest: digest), digest),
            (.artifact(store: uri, digest: "sha256:" + String(repeating: "0", count: 64)), "0000"),
            (.artifact(store: uri, digest: "latest"), "not a digest"),
            (.artifact(store: "ftp://x/y", digest: digest), "ftp"),
        ] {
            let (error, message) = try await Self.failure({ _ in }) { _ in source }
            #expect(error?.code == .bundleCorrupt || error?.code == .bundleUnreadable)
            #expect(message.contains(part), "\(message)")
        }
    }

    @Test func refusesImpossibleSettings() throws {
        let changes: [(inout ModelServer.Configuration) -> Void] = [
            { $0.modelName = "" }, { $0.modelVersion = "" }, { $0.port = 70000 }, { $0.threads = 0 }, { $0.queuedTexts = 3 },
            { $0.bodyBytes = 0 },
        ]
        for change in changes {
            var configuration = TestServer.configuration(URL(filePath: "/"))
            change(&configuration)
            let error = #expect(throws: ModelServerError.self) {
                try ModelServer(configuration, registry: MetricsRegistry(), logger: Logger(label: "test"))
            }
            #expect(error?.code == .invalidConfiguration)
        }
    }
}
