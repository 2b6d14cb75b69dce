/// A model's weights in the shape the forward pass wants, whatever the family calls them.
struct EncoderWeights: Sendable {
    struct Norm: Sendable {
        var scale: FloatTensor
        var shift: FloatTensor
    }

    struct Layer: Sendable {
        /// Query, key and value in one product; the query is scaled by 1/√(head size) already.
        var queryKeyValue: any Linear
        /// Adds to the residual.
        var attentionOutput: any Linear
        var attentionNorm: Norm
        /// Includes the activation.
        var expansion: any Linear
        /// Adds to the residual.
        var contraction: any Linear
        var outputNorm: Norm
    }

    var words: FloatTensor
    var positions: FloatTensor
    /// nil where the family has no segments.
    var types: FloatTensor?
    var embeddingNorm: Norm
    var layers: [Layer]
    /// From the first token's last hidden state to what the classifier reads.
    var pooler: any Linear
    var poolerActivation: Activation
    var classifier: any Linear

    init(_ file: WeightsFile, _ configuration: EncoderConfiguration) throws(TransformerError) {
        let hidden = configuration.hiddenSize
        let names = Names(configuration.architecture)
        words = try file.floats(
            "\(names.embeddings).word_embeddings.weight", shape: [configuration.vocabularySize, hidden])
        positions = try file.floats(
            "\(names.embeddings).position_embeddings.weight", shape: [configuration.maximumPositions, hidden])
        types =
            configuration.typeVocabularySize == 0
            ? nil
            : try file.floats(
                "\(names.embeddings).token_type_embeddings.weight", shape: [configuration.typeVocabularySize, hidden])
        embeddingNorm = try Self.norm(file, "\(names.embeddings).LayerNorm", hidden)
        layers = []
        for index in 0..<configuration.layers {
            layers.append(try Self.layer(file, configuration, names, index))
        }
        pooler = try Self.linear(file, names.pooler, hidden, hidden, .none)
        poolerActivation = configuration.architecture == .bert ? .tanh : .relu
        classifier = try Self.linear(file, "classifier", hidden, configuration.labels.count, .none)
    }

    private static func norm(_ file: WeightsFile, _ name: String, _ size: Int) throws(TransformerError) -> Norm {
        // Checkpoints converted from TensorFlow long ago say gamma and beta.
        Norm(
            scale: try file.floats("\(name).weight", "\(name).gamma", shape: [size]),
            shift: try file.floats("\(name).bias", "\(name).beta", shape: [size]))
    }

    private static func linear(
        _ file: WeightsFile, _ name: String, _ inputs: Int, _ outputs: Int, _ epilogue: Epilogue
    ) throws(TransformerError) -> any Linear {
        try PackedLinear(
            weights: try file.floats("\(name).weight", shape: [outputs, inputs]),
            bias: try file.floats("\(name).bias", shape: [outputs]),
            inputs: inputs, outputs: outputs, epilogue: epilogue)
    }

    private static func layer(
        _ file: WeightsFile, _ configuration: EncoderConfiguration, _ names: Names, _ index: Int
    ) throws(TransformerError) -> Layer {
        let hidden = configuration.hiddenSize
        let prefix = "\(names.layers).\(index)"
        let activation: Epilogue =
            switch configuration.hiddenActivation {
            case .gelu: .gelu
            case .geluNew, .geluTanh: .geluTanh
            case .relu: .relu
            }
        return Layer(
            queryKeyValue: try queryKeyValue(file, configuration, names.attention.map { "\(prefix).\($0)" }),
            attentionOutput: try linear(file, "\(prefix).\(names.attentionOutput)", hidden, hidden, .accumulate),
            attentionNorm: try norm(file, "\(prefix).\(names.attentionNorm)", hidden),
            expansion: try linear(
                file, "\(prefix).\(names.expansion)", hidden, configuration.intermediateSize, activation),
            contraction: try linear(
                file, "\(prefix).\(names.contraction)", configuration.intermediateSize, hidden, .accumulate),
            outputNorm: try norm(file, "\(prefix).\(names.outputNorm)", hidden))
    }

    private static func queryKeyValue(
        _ file: WeightsFile, _ configuration: EncoderConfiguration, _ names: [String]
    ) throws(TransformerError) -> any Linear {
        let hidden = configuration.hiddenSize
        let weights = FloatBuffer(count: 3 * hidden * hidden)
        let bias = FloatBuffer(count: 3 * hidden)
        for (part, name) in names.enumerated() {
            let scale = part == 0 ? 1 / Float(configuration.headSize).squareRoot() : 1
            let partWeights = try file.floats("\(name).weight", shape: [hidden, hidden])
            let partBias = try file.floats("\(name).bias", shape: [hidden])
            for index in 0..<hidden * hidden {
                weights.base[part * hidden * hidden + index] = partWeights.base[index] * scale
            }
            for index in 0..<hidden { bias.base[part * hidden + index] = partBias.base[index] * scale }
        }
        return try PackedLinear(
            weights: FloatTensor(weights), bias: FloatTensor(bias), inputs: hidden, outputs: 3 * hidden, epilogue: .none)
    }

    /// What each family calls its tensors.
    private struct Names {
        var embeddings, layers, attentionOutput, attentionNorm, expansion, contraction, outputNorm, pooler: String
        var attention: [String]

        init(_ architecture: ServableArchitecture) {
            switch architecture {
            case .bert:
                embeddings = "bert.embeddings"
                layers = "bert.encoder.layer"
                attention = ["attention.self.query", "attention.self.key", "attention.self.value"]
                attentionOutput = "attention.output.dense"
                attentionNorm = "attention.output.LayerNorm"
                expansion = "intermediate.dense"
                contraction = "output.dense"
                outputNorm = "output.LayerNorm"
                pooler = "bert.pooler.dense"
            case .distilBert:
                embeddings = "distilbert.embeddings"
                layers = "distilbert.transformer.layer"
                attention = ["attention.q_lin", "attention.k_lin", "attention.v_lin"]
                attentionOutput = "attention.out_lin"
                attentionNorm = "sa_layer_norm"
                expansion = "ffn.lin1"
                contraction = "ffn.lin2"
                outputNorm = "output_layer_norm"
                pooler = "pre_classifier"
            }
        }
    }
}
