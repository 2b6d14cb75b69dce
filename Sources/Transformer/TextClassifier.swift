/// A text classifier in the Hugging Face layout: tokenizer, encoder and labels.
public final class TextClassifier: Sendable {
    /// One text's result.
    public struct Classification: Sendable, Equatable {
        public var logits: [Float]
        /// Softmax of the logits.
        public var probabilities: [Float]
        /// Index of the most probable label.
        public var label: Int
        /// The mean over its tokens of the text's last hidden state; empty unless asked for.
        public var meanHiddenState: [Float]
    }

    public let configuration: EncoderConfiguration
    public let tokenizer: Tokenizer
    private let encoder: Encoder

    /// Class names in the order of the logits.
    public var labels: [String] { configuration.labels }

    /// Reads and checks the three files of a model.
    ///
    /// - Parameters:
    ///   - config: `config.json`.
    ///   - tokenizer: `tokenizer.json`.
    ///   - weights: A safetensors file, best memory-mapped: embeddings are used where they lie.
    ///   - owner: What keeps `weights` valid; it is held as long as the classifier.
    ///   - maximumLength: Cuts texts to this many tokens where the tokenizer and model allow more.
    ///   - threads: How many threads a batch is divided among.
    public init(
        config: UnsafeRawBufferPointer, tokenizer tokenizerJSON: UnsafeRawBufferPointer,
        weights: UnsafeRawBufferPointer, owner: AnyObject, maximumLength: Int? = nil, threads: Int
    ) throws(TransformerError) {
        configuration = try EncoderConfiguration(json: config)
        var tokenizer = try Tokenizer(json: tokenizerJSON)
        guard tokenizer.vocabularySize <= configuration.vocabularySize else {
            throw TransformerError(
                .invalidTokenizer,
                "tokenizer.json has \(tokenizer.vocabularySize) ids, the model's vocabulary only \(configuration.vocabularySize)")
        }
        try tokenizer.limit(to: min(configuration.maximumPositions, maximumLength ?? .max))
        self.tokenizer = tokenizer
        let file = WeightsFile(tensors: try SafeTensors(weights), buffer: weights, owner: owner)
        encoder = try Encoder(configuration, EncoderWeights(file, configuration), threads: threads)
    }

    /// Classifies encoded texts together. Calls from several threads wait for one another.
    ///
    /// - Throws: `invalidInput`, for encodings that another tokenizer made.
    public func classify(_ encodings: [Encoding], meanHiddenStates: Bool = false) throws(TransformerError)
        -> [Classification]
    {
        guard !encodings.isEmpty else { return [] }
        let output = try encoder.run(PackedBatch(encodings), means: meanHiddenStates)
        return output.logits.enumerated().map { index, logits in
            var probabilities = logits
            probabilities.withUnsafeMutableBufferPointer { values in
                if let base = values.baseAddress { softmax(base, count: values.count) }
            }
            let label = probabilities.indices.max { probabilities[$0] < probabilities[$1] } ?? 0
            return Classification(
                logits: logits, probabilities: probabilities, label: label,
                meanHiddenState: meanHiddenStates ? output.means[index] : [])
        }
    }
}
