import Drift
import Foundation
import Transformer

/// A bundle that was read, checked and warmed up.
struct LoadedModel: Sendable {
    let classifier: TextClassifier
    /// nil when the bundle was made without one: it is served, and no drift is counted.
    let reference: ReferenceProfile?

    var labels: [String] { classifier.labels }

    /// Makes a model of a bundle's files. Blocks for as long as that takes.
    init(_ files: BundleFiles, configuration: ModelServer.Configuration) throws {
        let weights = try files.require("model.safetensors")
        do {
            classifier = try TextClassifier(
                config: try files.require("config.json").bytes, tokenizer: try files.require("tokenizer.json").bytes,
                weights: weights.bytes, owner: weights.owner,
                maximumLength: try Self.maximumLength(files["tokenizer_config.json"], configuration.maximumTokens),
                threads: configuration.threads)
        } catch let error as TransformerError {
            let code: ModelServerError.Code =
                error.code == .unsupportedArchitecture || error.code == .unsupportedTokenizer
                ? .unsupportedArchitecture : .bundleInvalid
            throw ModelServerError(code, error.message, cause: error)
        }
        reference = try files[ReferenceProfile.fileName].map(Self.reference)
        if let sketch = reference?.sketch, sketch.embeddingSize != classifier.configuration.hiddenSize {
            throw ModelServerError(
                .bundleInvalid,
                "reference.json: sketch.matrix has rows of \(sketch.embeddingSize) numbers, the model's embedding has \(classifier.configuration.hiddenSize)."
            )
        }
    }

    private static func reference(_ file: BundleFile) throws -> ReferenceProfile {
        do { return try ReferenceProfile(json: Data(file.bytes)) } catch let error as DriftError {
            throw ModelServerError(.bundleInvalid, "reference.json: \(error.message)", cause: error)
        }
    }

    /// The shorter of what the tokenizer was saved with and what the server is told.
    private static func maximumLength(_ file: BundleFile?, _ configured: Int?) throws -> Int? {
        guard let file else { return configured }
        let root: JSONValue
        do { root = try JSONParser.parse(file.bytes) } catch {
            throw ModelServerError(.bundleInvalid, "tokenizer_config.json is not JSON: \(error).")
        }
        // Without a limit, transformers writes 10^30 here.
        guard let length = root["model_max_length"]?.double, length >= 1, length < 1e9 else { return configured }
        return min(Int(length), configured ?? .max)
    }

    /// One pass over texts of several lengths, so that the first request finds kernels generated and pages mapped.
    func warmUp() throws {
        for words in [1, 8, 32, 200] {
            let encoding = classifier.tokenizer.encode(Array(repeating: "warm", count: words).joined(separator: " "))
            _ = try classifier.classify([encoding], meanHiddenStates: reference?.sketch != nil)
        }
    }
}
