import Exposition
import Foundation
import Testing
import Transformer

@testable import ModelServer

@Suite struct MetricsTests {
    static let model = #"model_name="tickets",model_version="tickets-7""#

    /// Two directions of the embedding, and edges that the fixture's texts fall on both sides of.
    static let reference = #"""
        {"schemaVersion":1,"samples":9,"labels":["complaint","request","comment"],"features":{
        "prediction":{"kind":"categorical","categories":["complaint","request"],"counts":[1,2]},
        "confidence":{"kind":"numeric","edges":[0.5,0.7,0.9],"counts":[0,0,0,0]},
        "text_length":{"kind":"numeric","unit":"characters","edges":[5,44],"counts":[0,0,0]},
        "token_length":{"kind":"numeric","unit":"tokens","edges":[96],"counts":[0,0]},
        "unknown_token_ratio":{"kind":"numeric","edges":[0.0,0.5],"counts":[0,0,0]},
        "embedding_0":{"kind":"numeric","edges":[-0.5,0,0.5],"counts":[0,0,0,0]},
        "embedding_1":{"kind":"numeric","edges":[0],"counts":[0,0]}},
        "sketch":{"embedding":"mean_pooled_last_hidden_state","dimensions":2,"matrix":[\#(row(0)),\#(row(5))]}}
        """#

    static func row(_ one: Int) -> String { "[" + (0..<24).map { $0 == one ? "1" : "0" }.joined(separator: ",") + "]" }

    static func bucket(_ edges: [Double], _ value: Double) -> String { String(edges.count { $0 < value }) }

    @Test func countsEveryTextIntoOneBucketOfEveryFeature() async throws {
        let texts = try TestServer.expected("distilbert")
        try await TestServer.with(reference: Self.reference) { server in
            func buckets(_ feature: String) async throws -> [String: Double] {
                let prefix = "feature_bucket_total{\(Self.model),feature=\"\(feature)\",bucket=\""
                var found: [String: Double] = [:]
                for (key, value) in try await server.metrics() where key.hasPrefix(prefix) {
                    found[String(key.dropFirst(prefix.count).dropLast(2))] = value
                }
                return found
            }
            // All are there at 0 before the first text.
            #expect(try await buckets("prediction") == ["complaint": 0, "request": 0, "other": 0])
            #expect(try await buckets("embedding_0") == ["0": 0, "1": 0, "2": 0, "3": 0])

            for start in stride(from: 0, to: texts.count, by: 7) {
                let part = texts[start..<min(texts.count, start + 7)].map(\.text)
                #expect(try await server.predict(part).status == 200)
            }
            var expected: [String: [String: Double]] = [:]
            for text in texts {
                let best = text.probabilities.indices.max { text.probabilities[$0] < text.probabilities[$1] } ?? 0
                expected["prediction", default: [:]][["complaint", "request", "other"][best], default: 0] += 1
                expected["confidence", default: [:]][Self.bucket([0.5, 0.7, 0.9], text.probabilities[best]), default: 0] += 1
                expected["text_length", default: [:]][
                    Self.bucket([5, 44], Double(text.text.unicodeScalars.count)), default: 0] += 1
                expected["embedding_0", default: [:]][Self.bucket([-0.5, 0, 0.5], text.mean[0]), default: 0] += 1
                expected["embedding_1", default: [:]][Self.bucket([0], text.mean[5]), default: 0] += 1
            }
            for (feature, counts) in expected {
                #expect(try await buckets(feature).filter { $0.value > 0 } == counts, "\(feature)")
            }
            for feature in ["token_length", "unknown_token_ratio"] {
                let found = try await buckets(feature)
                #expect(found.values.reduce(0, +) == Double(texts.count))
                #expect(found["0"] ?? 0 > 0)
            }
            let metrics = try await server.metrics()
            let results = ["complaint", "request", "comment"].map {
                metrics["predictions_total{\(Self.model),result=\"\($0)\"}"] ?? 0
            }
            #expect(results.reduce(0, +) == Double(texts.count))
            #expect(metrics["prediction_failures_total{\(Self.model)}"] == 0)
            let requests = Double((texts.count + 6) / 7)
            #expect(metrics["prediction_latency_seconds_count{\(Self.model)}"] == requests)
            #expect(metrics["apus_model_server_requests_total{\(Self.model),code=\"200\"}"] == requests)
        }
    }

    /// Any word can be a label.
    @Test func aLabelIsNeverAFailure() {
        let registry = MetricsRegistry()
        let metrics = ServingMetrics(registry, modelName: "tickets", modelVersion: "tickets-7")
        metrics.count(prediction: "error")
        metrics.countFailure(texts: 2)
        let lines = registry.page(accept: nil).body.split(separator: "\n").map(String.init)
        #expect(lines.contains("predictions_total{\(Self.model),result=\"error\"} 1"))
        #expect(lines.contains("prediction_failures_total{\(Self.model)} 2"))
    }

    @Test func judgesByPostedTruth() async throws {
        try await TestServer.with { server in
            let answer = try await server.predict(["one", "two"], id: "r1").json
            let predicted = try #require(answer["predictions"]?.array).compactMap { $0["label"]?.string }
            let wrong = predicted[1] == "request" ? "comment" : "request"
            let feedback = try await server.post(
                "/v1/models/tickets:feedback",
                """
                {"truths":[{"id":"r1","label":"\(predicted[0])"},{"id":"r1","index":1,"label":"\(wrong)"},
                {"id":"r1","index":2,"label":"request"},{"id":"gone","label":"request"},
                {"prediction":"comment","label":"comment"},{"prediction":"comment","label":"comment"}]}
                """)
            #expect(feedback.status == 200)
            #expect(feedback.json["accepted"]?.int == 4)
            #expect(feedback.json["unknown"]?.array?.compactMap(\.string) == ["r1", "gone"])
            let metrics = try await server.metrics()
            #expect(metrics["ground_truth_total{\(Self.model),correct=\"true\"}"] == 3)
            #expect(metrics["ground_truth_total{\(Self.model),correct=\"false\"}"] == 1)
            #expect(metrics["model_accuracy{\(Self.model)}"] == 0.75)
        }
    }

    @Test func forgetsOldPredictions() {
        let log = PredictionLog(capacity: 3, window: 2)
        for index in 0..<5 { log.record("r\(index)", labels: ["a"]) }
        #expect(log.prediction("r1", index: 0) == nil)
        #expect(log.prediction("r2", index: 0) == "a")
        #expect(log.prediction("r4", index: 1) == nil)
        #expect(log.judge(correct: false) == 0)
        #expect(log.judge(correct: true) == 0.5)
        #expect(log.judge(correct: true) == 1)
    }
}
