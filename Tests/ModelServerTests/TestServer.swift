import ApusTesting
import Exposition
import Foundation
import Logging
import ServiceLifecycle
import Testing
import Transformer

@testable import ModelServer

/// A server over a bundle in a folder of its own, on a free port.
struct TestServer: Sendable {
    let port: Int
    let group: ServiceGroup

    static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "TransformerTests/Fixtures")

    /// A text and what PyTorch makes of it.
    struct Expected: Decodable, Sendable {
        var text: String
        var logits, probabilities, mean: [Double]
    }

    static func expected(_ family: String) throws -> [Expected] {
        try JSONDecoder().decode(
            [Expected].self, from: Data(contentsOf: fixtures.appending(path: "\(family)/expected.json")))
    }

    /// Copies a fixture where it may be damaged.
    static func bundle(_ family: String, reference: String? = nil) throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(path: "apus-model-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for name in ["config.json", "tokenizer.json", "model.safetensors"] {
            try FileManager.default.copyItem(
                at: fixtures.appending(path: "\(family)/\(name)"), to: folder.appending(path: name))
        }
        if let reference { try Data(reference.utf8).write(to: folder.appending(path: "reference.json")) }
        return folder
    }

    static func configuration(_ bundle: URL) -> ModelServer.Configuration {
        var configuration = ModelServer.Configuration(
            source: .directory(bundle.path), modelName: "tickets", modelVersion: "tickets-7")
        configuration.host = "127.0.0.1"
        configuration.port = 0
        configuration.drainDelay = .zero
        configuration.terminationMessagePath = nil
        return configuration
    }

    /// Runs a server until `body` returns, then shuts it down gracefully and waits for that.
    static func with(
        _ family: String = "distilbert", reference: String? = nil,
        configure: (inout ModelServer.Configuration) -> Void = { _ in },
        onBatch: @escaping @Sendable (Int) -> Void = { _ in },
        _ body: @Sendable (TestServer) async throws -> Void
    ) async throws {
        let bundle = try bundle(family, reference: reference)
        defer { try? FileManager.default.removeItem(at: bundle) }
        var configuration = configuration(bundle)
        configure(&configuration)
        let (ports, announce) = AsyncStream<Int>.makeStream()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = try ModelServer(
            configuration, registry: MetricsRegistry(), logger: logger,
            onListening: { announce.yield($0) }, onBatch: onBatch)
        let group = ServiceGroup(configuration: .init(services: [.init(service: server)], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            let test = TestServer(port: try #require(await iterator.next()), group: group)
            try await eventually("ready") { try await test.get("/ready").status == 200 }
            do {
                try await body(test)
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    func get(_ path: String) async throws -> HTTPAnswer { try await request("GET", path) }

    func post(_ path: String, _ body: String, headers: [String: String] = [:]) async throws -> HTTPAnswer {
        try await request("POST", path, Array(body.utf8), headers: headers)
    }

    func request(
        _ method: String, _ path: String, _ body: [UInt8]? = nil, headers: [String: String] = [:]
    ) async throws -> HTTPAnswer {
        try await onOwnThread("client") { [port] in
            let connection = try HTTPConnection(port: port)
            try connection.send(method, path, body, headers: headers)
            return try connection.receive()
        }
    }

    func predict(_ texts: [String], id: String? = nil) async throws -> HTTPAnswer {
        try await request("POST", "/v1/models/tickets:predict", Self.instances(texts, id: id))
    }

    static func instances(_ texts: [String], id: String? = nil) -> [UInt8] {
        var members = [JSONValue.Member(key: "instances", value: .array(texts.map(JSONValue.string)))]
        if let id { members.append(.init(key: "id", value: .string(id))) }
        return JSONValue.object(members).utf8
    }

    /// Texts that wait for the computing thread.
    func queuedTexts() async throws -> Double? {
        try await metrics()["apus_model_server_queued_texts{\(MetricsTests.model)}"]
    }

    /// Samples of `/metrics` by name and labels, as written.
    func metrics() async throws -> [String: Double] {
        var samples: [String: Double] = [:]
        for line in try await get("/metrics").text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " ") else { continue }
            samples[String(line[..<space])] = Double(line[line.index(after: space)...])
        }
        return samples
    }
}
