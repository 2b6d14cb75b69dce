import Foundation
import Testing

@testable import Drift

@Suite struct ReferenceProfileTests {
    static let text = """
        {"schemaVersion":1,"samples":374,"labels":["a","b"],
         "features":{
          "prediction":{"kind":"categorical","categories":["a","b"],"counts":[200,174]},
          "text_length":{"kind":"numeric","unit":"characters","edges":[10,20,30],"counts":[100,100,100,74]}},
         "sketch":{"embedding":"mean_pooled_last_hidden_state","dimensions":2,"matrix":[[1,0,0],[0,0.5,0.5]]}}
        """

    func profile() throws -> ReferenceProfile {
        try ReferenceProfile(json: Data(Self.text.utf8))
    }

    @Test func readsWhatTrainingWrites() throws {
        let profile = try profile()
        #expect(profile.labels == ["a", "b"])
        #expect(profile.features["text_length"]?.counts == [100, 100, 100, 74])
        #expect(try profile.sketch?.project([2, 4, 6] as [Float]) == [2, 5])
        #expect(throws: DriftError.self) { try profile.sketch?.project([1, 2] as [Float]) }
    }

    @Test func bucketsAreNamedAsTheyAreCounted() throws {
        let profile = try profile()
        #expect(profile.bucketNames(of: "prediction") == ["a", "b", "other"])
        #expect(profile.bucketNames(of: "text_length") == ["0", "1", "2", "3"])
        #expect(profile.bucketNames(of: "nothing") == [])
        #expect(profile.bucketName(of: "text_length", value: 20) == "1")
        #expect(profile.bucketName(of: "text_length", value: 1e9) == "3")
        #expect(profile.bucketName(of: "prediction", category: "b") == "b")
        #expect(profile.bucketName(of: "prediction", category: "new") == "other")
        #expect(profile.bucketName(of: "prediction", value: 1) == nil)
        #expect(profile.bucketName(of: "text_length", category: "x") == nil)
    }

    @Test func measuresServedCounters() throws {
        let profile = try profile()
        let same = try profile.served("prediction", countsByBucket: ["a": 200, "b": 174, "other": 0])
        #expect(try profile.measure(.psi, feature: "prediction", served: same, minimumSamples: 100) == .value(0, samples: 374))
        let moved = try profile.served("prediction", countsByBucket: ["a": 10, "b": 190])
        guard
            case .value(let psi, let samples) = try profile.measure(
                .psi, feature: "prediction", served: moved, minimumSamples: 100)
        else {
            Issue.record("not measured")
            return
        }
        #expect(psi > 0.25)
        #expect(samples == 200)
        let lengths = try profile.served("text_length", countsByBucket: ["0": 5, "3": 195])
        for method in DriftMethod.allCases {
            guard
                case .value(let value, _) = try profile.measure(
                    method, feature: "text_length", served: lengths, minimumSamples: 1)
            else { continue }
            #expect(value > 0.25, "\(method)")
        }
    }

    @Test func tooFewSamplesSaySo() throws {
        let profile = try profile()
        let few = try profile.served("prediction", countsByBucket: ["a": 99])
        #expect(
            try profile.measure(.psi, feature: "prediction", served: few, minimumSamples: 100)
                == .insufficientSamples(found: 99, needed: 100))
        let none = try profile.served("prediction", countsByBucket: [:])
        #expect(
            try profile.measure(.wasserstein, feature: "prediction", served: none, minimumSamples: 0)
                == .insufficientSamples(found: 0, needed: 1))
    }

    @Test func whatCannotBeMeasuredNamesTheFeature() throws {
        let profile = try profile()
        let served = try profile.served("prediction", countsByBucket: ["a": 200])
        #expect(throws: DriftError.self) { try profile.measure(.psi, feature: "confidnce", served: served, minimumSamples: 1) }
        #expect(throws: DriftError.self) {
            try profile.measure(.kolmogorovSmirnov, feature: "prediction", served: served, minimumSamples: 1)
        }
        #expect(throws: DriftError.self) { try profile.measure(.psi, feature: "text_length", served: served, minimumSamples: 1) }
        #expect(throws: DriftError.self) { try profile.served("text_length", countsByBucket: ["9": 1]) }
        #expect(throws: DriftError.self) { try profile.served("nothing", countsByBucket: [:]) }
        #expect(throws: DriftError.self) { try profile.served("prediction", countsByBucket: ["a": -1]) }
        #expect(throws: DriftError.self) { try profile.served("prediction", countsByBucket: ["a": .nan]) }
    }

    @Test(arguments: [
        (#""schemaVersion":1"#, #""schemaVersion":9"#, "schemaVersion"),
        (#""samples":374"#, #""samples":-1"#, "samples"),
        (#""samples":374,"#, "", "samples"),
        (#""samples":374"#, #""samples":"many""#, "samples"),
        (#"["a","b"],"counts""#, #"["a","a"],"counts""#, "features.prediction.categories"),
        (#""categories":["a","b"],"#, "", "features.prediction.categories"),
        (#""counts":[200,174]"#, #""counts":[200]"#, "features.prediction.counts"),
        (#""counts":[200,174]"#, #""counts":[200,-1]"#, "features.prediction.counts[1]"),
        (#""counts":[200,174]"#, #""counts":[200,"x"]"#, "features.prediction.counts[1]"),
        (#""counts":[200,174]"#, #""counts":[200,1e999]"#, nil),
        (#""kind":"categorical""#, #""kind":"text""#, "features.prediction.kind"),
        (#""edges":[10,20,30],"#, "", "features.text_length.edges"),
        (#""edges":[10,20,30]"#, #""edges":[10,30,20]"#, "features.text_length.edges[2]"),
        (#""edges":[10,20,30]"#, #""edges":[]"#, "features.text_length.edges"),
        (#""labels":["a","b"]"#, #""labels":["a","a"]"#, "labels"),
        ("[[1,0,0],[0,0.5,0.5]]", "[[1,0,0],[0,0.5]]", "sketch.matrix[1]"),
        ("[[1,0,0],[0,0.5,0.5]]", "[[1,0,0]]", "sketch.matrix"),
        ("[[1,0,0],[0,0.5,0.5]]", "[[],[]]", "sketch.matrix[0]"),
        ("{\"schemaVersion\"", "[{\"schemaVersion\"", nil),
    ])
    func hostileProfilesNameTheField(what: String, with: String, field: String?) throws {
        let range = try #require(Self.text.range(of: what))
        let text = Self.text.replacingCharacters(in: range, with: with)
        do {
            _ = try ReferenceProfile(json: Data(text.utf8))
            Issue.record("accepted")
        } catch let error as DriftError {
            #expect(error.code == .invalidReference || error.code == .invalidCounts)
            if let field { #expect(error.field == field) }
        }
    }
}
