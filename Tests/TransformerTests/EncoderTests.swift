import Foundation
import Testing

@testable import Transformer

@Suite struct EncoderTests {
    struct Expected: Decodable {
        var text: String
        var logits, probabilities, mean: [Float]
    }

    static let families = ["bert", "distilbert", "bert-gelu-new", "distilbert-relu"]

    static func distance(_ a: [Float], _ b: [Float]) -> Float {
        a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? 0 : .infinity
    }

    @Test(arguments: families) func agreesWithPyTorchTextByText(_ family: String) throws {
        let classifier = try Fixtures.classifier(Fixtures.folder.appending(path: family))
        for expected in try Fixtures.decode("\(family)/expected.json") as [Expected] {
            let found = try classifier.classify([classifier.tokenizer.encode(expected.text)], meanHiddenStates: true)[0]
            let text = expected.text.debugDescription
            #expect(Self.distance(found.logits, expected.logits) < 1e-4, "\(text)")
            #expect(Self.distance(found.probabilities, expected.probabilities) < 1e-5, "\(text)")
            #expect(Self.distance(found.meanHiddenState, expected.mean) < 1e-4, "\(text)")
        }
    }

    /// Texts of very different length in one packed batch, divided among several numbers of threads.
    @Test(arguments: families, [1, 2, 3]) func agreesWithPyTorchInBatches(_ family: String, _ threads: Int) throws {
        let classifier = try Fixtures.classifier(Fixtures.folder.appending(path: family), threads: threads)
        let expected = try Fixtures.decode("\(family)/expected.json") as [Expected]
        for batch in [expected, Array(expected.reversed()), Array(expected.prefix(5))] {
            let found = try classifier.classify(batch.map { classifier.tokenizer.encode($0.text) }, meanHiddenStates: true)
            #expect(found.count == batch.count)
            for (found, expected) in zip(found, batch) {
                #expect(Self.distance(found.logits, expected.logits) < 1e-4, "\(expected.text.debugDescription)")
                #expect(Self.distance(found.meanHiddenState, expected.mean) < 1e-4)
            }
        }
    }

    @Test func callsFromSeveralThreadsDoNotMix() async throws {
        let classifier = try Fixtures.classifier(Fixtures.folder.appending(path: "distilbert"))
        let expected = try Fixtures.decode("distilbert/expected.json") as [Expected]
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for item in expected {
                group.addTask {
                    let found = try classifier.classify([classifier.tokenizer.encode(item.text)])[0]
                    return Self.distance(found.logits, item.logits) < 1e-4
                }
            }
            for try await agrees in group { #expect(agrees) }
        }
    }

    @Test func refusesWhatTheModelHasNoRoomFor() throws {
        let classifier = try Fixtures.classifier(Fixtures.folder.appending(path: "bert"))
        func encoding(_ ids: [Int32], type: Int32 = 0) -> Encoding {
            Encoding(
                ids: ids, typeIDs: ids.map { _ in type }, attentionMask: ids.map { _ in 1 })
        }
        for bad in [
            encoding([]), encoding([1_000_000]), encoding([-1]), encoding([1], type: 2),
            encoding(Array(repeating: 1, count: 129)),
        ] {
            let error = #expect(throws: TransformerError.self) { try classifier.classify([encoding([1]), bad]) }
            #expect(error?.code == .invalidInput)
        }
    }

    @Test(arguments: [
        (#"{"architectures":["LstmForSequenceClassification"]}"#, "LstmForSequenceClassification"),
        (#"{"architectures":["BertModel"]}"#, "BertModel"),
        (#"{"architectures":[]}"#, "without architectures"),
        (#"{}"#, "DistilBertForSequenceClassification"),
        (config(#""position_embedding_type":"relative_key""#), "position_embedding_type"),
        (config(#""hidden_act":"silu""#), "silu"),
        (config(#""is_decoder":true"#), "is_decoder"),
        (config(#""problem_type":"multi_label_classification""#), "multi_label"),
        (config(#""id2label":{"0":"a"}"#), "not a classifier"),
    ])
    func namesTheArchitectureItCannotServe(_ json: String, _ named: String) throws {
        let error = #expect(throws: TransformerError.self) {
            try Data(json.utf8).withUnsafeBytes { _ = try ServableArchitecture.check(config: $0) }
        }
        #expect(error?.code == .unsupportedArchitecture)
        #expect(error?.message.contains(named) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: [
        (config(#""hidden_size":0"#), "hidden_size"), (config(#""hidden_size":"x""#), "hidden_size"),
        (config(#""num_attention_heads":7"#), "7 attention heads"), (config(#""vocab_size":1e30"#), "vocab_size"),
        (config(#""layer_norm_eps":-1"#), "layer_norm_eps"), (config(#""id2label":{"0":"a","2":"b"}"#), "id2label"),
        (config(#""id2label":{"0":"a","0":"b"}"#), "id2label"),
    ])
    func namesTheFieldThatIsWrong(_ json: String, _ named: String) throws {
        let error = #expect(throws: TransformerError.self) {
            try Data(json.utf8).withUnsafeBytes { _ = try ServableArchitecture.check(config: $0) }
        }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(named) == true, "\(error?.message ?? "")")
    }

    static func config(_ override: String) -> String {
        // The last member of a name counts.
        #"{"architectures":["BertForSequenceClassification"],"hidden_size":32,"num_hidden_layers":2,"#
            + #""num_attention_heads":4,"intermediate_size":64,"vocab_size":10,"max_position_embeddings":16,\#(override)}"#
    }
}
