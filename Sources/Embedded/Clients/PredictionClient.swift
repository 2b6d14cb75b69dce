import AsyncHTTPClient
import KubernetesTypes
import NIOCore

/// Asks an inference service, as any program would: over HTTP through the gateway.
public struct PredictionClient: Sendable {
    public struct Answer: Sendable, Hashable {
        public var label: String
        public var score: Double
        public var modelVersion: String
        public var took: Duration
    }

    private let url: String

    /// - Parameters:
    ///   - service: the service's stable address, as in its status.
    ///   - model: the model's name.
    public init(service: String, model: String) { url = "\(service)/v1/models/\(model):predict" }

    /// - Throws: ``EmbeddedError`` with what the service answered.
    public func predict(_ text: String) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: JSONSerializer.bytes(["instances": .array([.string(text)])])))
        let start = ContinuousClock.now
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let bytes = Array(try await response.body.collect(upTo: 1 << 20).readableBytesView)
        guard response.status == .ok, let answer = try? JSONParser.parse(bytes), let first = answer["predictions"]?[0],
            let label = first["label"]?.string
        else {
            throw EmbeddedError(
                .partFailed, "\(url) answered \(response.status.code): \(String(decoding: bytes.prefix(300), as: UTF8.self))")
        }
        return Answer(
            label: label, score: first["score"]?.number ?? 0, modelVersion: answer["model_version"]?.string ?? "",
            took: ContinuousClock.now - start)
    }
}
