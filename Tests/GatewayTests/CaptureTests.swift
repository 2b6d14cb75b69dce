import ApusTesting
import ArtifactStore
import Drift
import Exposition
import Foundation
import Logging
import NIOCore
import Testing

@testable import Gateway

@Suite struct CaptureTests {
    @Test(
        arguments: [
            (
                "/v1/models/m:predict", #"{"instances":["abc",{"text":"é👍"},5]}"#,
                #"{"predictions":[{"label":"a","score":0.9},"b",{"label":"c"}],"model_version":"m-1"}"#,
                [(3, "a", 0.9), (2, "b", nil), (nil, "c", nil)]
            ),
            (
                "/v2/models/m/infer?x=1", #"{"inputs":[{"name":"text","shape":[2],"datatype":"BYTES","data":["abc","de"]}]}"#,
                #"{"outputs":[{"name":"label","datatype":"BYTES","shape":[2],"data":["a","b"]},{"name":"scores","shape":[2,3],"datatype":"FP32","data":[0.1,0.7,0.2,0.5,0.3,0.2]}]}"#,
                [(3, "a", 0.7), (2, "b", 0.5)]
            ),
            (
                "/v2/models/m/versions/1/infer", #"{"inputs":[{"name":"text","data":["abc"]}]}"#,
                #"{"outputs":[{"name":"logits","data":[1,2]}]}"#, [(3, nil, nil)]
            ),
        ] as [(String, String, String, [(Int?, String?, Double?)])])
    func readsBothProtocols(path: String, request: String, response: String, expected: [(Int?, String?, Double?)]) throws {
        let seen = try #require(PredictionExchange(path: path, request: Array(request.utf8), response: Array(response.utf8)))
        #expect(seen.predictions == expected.map { .init(textLength: $0.0, label: $0.1, confidence: $0.2) })
    }

    @Test(arguments: [
        ("/v1/models/m:predict", "{", "{}"), ("/v1/models/m:predict", "[]", "[]"),
        ("/v1/models/m:predict", #"{"instances":["a","b"]}"#, #"{"predictions":["x"]}"#),
        ("/v1/models/m:feedback", #"{"instances":["a"]}"#, #"{"predictions":["x"]}"#),
        ("/v2/models/m/infer", #"{"inputs":"x"}"#, #"{"outputs":{}}"#),
        (
            "/v2/models/m/infer", #"{"inputs":[{"name":"text","data":["a","b"]}]}"#,
            #"{"outputs":[{"name":"label","data":["x"]}]}"#
        ),
        ("/", "", ""),
    ])
    func whatIsNotAPredictionIsLeftAlone(path: String, request: String, response: String) {
        #expect(PredictionExchange(path: path, request: Array(request.utf8), response: Array(response.utf8)) == nil)
    }

    static let profile = """
        {"schemaVersion":1,"samples":4,"labels":["a","b"],"features":{
         "prediction":{"kind":"categorical","categories":["a","b"],"counts":[2,2]},
         "confidence":{"kind":"numeric","edges":[0.5,0.8],"counts":[1,1,2]},
         "text_length":{"kind":"numeric","edges":[3],"counts":[2,2]}}}
        """

    /// From the store to the page, through real requests.
    @Test func predictionsAreCountedByTheBucketsOfTheVersion() async throws {
        let folder = NSTemporaryDirectory() + "/apus-capture-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder + "/model", withIntermediateDirectories: true)
        try Data(Self.profile.utf8).write(to: URL(fileURLWithPath: folder + "/model/reference.json"))
        let digest = try await FileBundleStore(root: folder + "/store").publish(folder + "/model").digest
        let backend = try await TestBackend { request in
            let text = String(buffer: request.body).contains("new") ? "zebra" : "a"
            return .response(200, #"{"predictions":[{"label":"\#(text)","score":0.8}]}"#)
        }
        var table = TestGateway.routes([("tickets-1", 100, [backend.port])])
        table.services[TestGateway.key]?.versions[0].artifact = ArtifactLocation(
            uri: "file://\(folder)/store", digest: digest.description)
        let gateway = try await TestGateway(table)
        func line(_ feature: String, _ bucket: String, _ value: Int) -> String {
            #"apus_gateway_feature_bucket_total{inference_namespace="default",inference_service="tickets",model_name="tickets",model_version="tickets-1",feature="\#(feature)",bucket="\#(bucket)"} \#(value)"#
        }
        try await eventually("series exist at 0 before any request") {
            let page = try await gateway.metrics()
            return page.contains(line("prediction", "other", 0)) && page.contains(line("confidence", "2", 0))
        }
        for text in ["abc", "abcd", "new one"] {
            #expect(
                try await gateway.request(.POST, "/default/tickets/v1/models/m:predict", body: #"{"instances":["\#(text)"]}"#)
                    .status == 200)
        }
        try await eventually("requests are counted") {
            let page = try await gateway.metrics()
            return page.contains(line("prediction", "a", 2)) && page.contains(line("prediction", "other", 1))
                && page.contains(line("confidence", "1", 3)) && page.contains(line("text_length", "0", 1))
                && page.contains(line("text_length", "1", 2))
        }
        _ = try await gateway.request(.POST, "/default/tickets/v1/models/m:predict", body: "not json")
        try await eventually("what cannot be read is said") {
            try await gateway.metrics().contains(#"apus_gateway_capture_missed_total{reason="unreadable"} 1"#)
        }
        await gateway.stop()
        try await backend.stop()
    }

    /// A store that does not answer once is no reason to stop counting.
    @Test func aProfileIsReadAgainAfterPauses() throws {
        func kind(_ answer: ProfileCache.Answer) -> String {
            switch answer {
            case .profile: "profile"
            case .none: "none"
            case .unread: "unread"
            }
        }
        var cache = ProfileCache()
        let artifact = ArtifactLocation(uri: "file:///store", digest: "sha256:0")
        var now = ContinuousClock.now
        #expect(kind(cache.answer(artifact, now: now)) == "unread")
        for pause in [1, 2, 4, 8, 16, 32, 64, 64] {
            cache.record(.failed, of: artifact, now: now)
            #expect(kind(cache.answer(artifact, now: now.advanced(by: .milliseconds(pause * 1000 - 1)))) == "none", "\(pause)")
            now = now.advanced(by: .seconds(pause))
            #expect(kind(cache.answer(artifact, now: now)) == "unread", "\(pause)")
        }
        cache.record(.profile(try ReferenceProfile(json: Data(Self.profile.utf8))), of: artifact, now: now)
        #expect(kind(cache.answer(artifact, now: now)) == "profile")
        cache.keepOnly([])
        cache.record(.absent, of: artifact, now: now)
        #expect(kind(cache.answer(artifact, now: now.advanced(by: .seconds(3600)))) == "none")
    }

    /// Nobody takes requests out of the queue here: what does not fit in its bytes is counted as missed.
    @Test func theQueueIsBoundedByBytes() throws {
        let registry = MetricsRegistry()
        let capture = DriftCapture(registry: registry, logger: Logger(label: "test"))
        let table = TestGateway.routes([("tickets-1", 100, [1])])
        var version = try #require(table.services[TestGateway.key]?.versions.first)
        version.artifact = ArtifactLocation(uri: "file:///store", digest: "sha256:0")
        let body = ByteBuffer(repeating: UInt8(ascii: "x"), count: 1 << 20)
        for _ in 0..<20 {
            capture.record(
                CapturedExchange(key: TestGateway.key, version: version, path: "/", request: [body], response: ByteBuffer()))
        }
        #expect(registry.page(accept: nil).body.contains(#"apus_gateway_capture_missed_total{reason="overload"} 5"#))
        let budget = ByteBudget(10)
        #expect(budget.take(7) && !budget.take(4))
        budget.giveBack(7)
        #expect(budget.take(10))
    }

    @Test func aVersionWithoutAProfileIsServedAllTheSame() async throws {
        let backend = try await TestBackend { _ in .response(200, #"{"predictions":["a"]}"#) }
        var table = TestGateway.routes([("tickets-1", 100, [backend.port])])
        table.services[TestGateway.key]?.versions[0].artifact = ArtifactLocation(uri: "s3://elsewhere", digest: "sha256:no")
        let gateway = try await TestGateway(table)
        #expect(
            try await gateway.request(.POST, "/default/tickets/v1/models/m:predict", body: #"{"instances":["x"]}"#).status == 200)
        try await eventually("it is said") {
            try await gateway.metrics().contains(#"apus_gateway_capture_missed_total{reason="no_profile"} 1"#)
        }
        await gateway.stop()
        try await backend.stop()
    }
}
