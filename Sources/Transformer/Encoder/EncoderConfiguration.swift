/// What `config.json` says of a model, in one vocabulary for both families.
public struct EncoderConfiguration: Sendable, Equatable {
    /// The feed-forward activation.
    public enum HiddenActivation: String, Sendable {
        case gelu
        case geluNew = "gelu_new"
        case geluTanh = "gelu_pytorch_tanh"
        case relu
    }

    public var architecture: ServableArchitecture
    public var vocabularySize: Int
    public var hiddenSize: Int
    public var layers: Int
    public var heads: Int
    public var intermediateSize: Int
    /// Longest sequence in tokens, special tokens included.
    public var maximumPositions: Int
    /// 0 where the family has no segments.
    public var typeVocabularySize: Int
    public var layerNormEpsilon: Float
    public var hiddenActivation: HiddenActivation
    /// Class names in the order of the logits.
    public var labels: [String]

    /// Reads a `config.json`.
    ///
    /// - Throws: `invalidJSON`, `invalidConfiguration` or `unsupportedArchitecture`.
    public init(json: UnsafeRawBufferPointer) throws(TransformerError) {
        let root: JSONValue
        do { root = try JSONParser.parse(json) } catch {
            throw TransformerError(.invalidJSON, "config.json: \(error)")
        }
        architecture = try ServableArchitecture.check(
            architectures: root["architectures"]?.array?.compactMap(\.string) ?? [])
        let fields = Fields(root: root)
        switch architecture {
        case .bert:
            hiddenSize = try fields.size("hidden_size", atMost: 16384)
            layers = try fields.size("num_hidden_layers", atMost: 256)
            heads = try fields.size("num_attention_heads", atMost: 1024)
            intermediateSize = try fields.size("intermediate_size", atMost: 65536)
            typeVocabularySize = try fields.size("type_vocab_size", atMost: 4096, default: 2)
            layerNormEpsilon = try fields.positive("layer_norm_eps", default: 1e-12)
            hiddenActivation = try fields.activation("hidden_act")
            try fields.require("position_embedding_type", is: "absolute")
            try fields.require("is_decoder", is: false)
            try fields.require("add_cross_attention", is: false)
        case .distilBert:
            hiddenSize = try fields.size("dim", atMost: 16384)
            layers = try fields.size("n_layers", atMost: 256)
            heads = try fields.size("n_heads", atMost: 1024)
            intermediateSize = try fields.size("hidden_dim", atMost: 65536)
            typeVocabularySize = 0
            layerNormEpsilon = 1e-12
            hiddenActivation = try fields.activation("activation")
        }
        vocabularySize = try fields.size("vocab_size", atMost: 1 << 24)
        maximumPositions = try fields.size("max_position_embeddings", atMost: 1 << 16)
        labels = try fields.labels()
        guard hiddenSize % heads == 0 else {
            throw Fields.invalid("\(heads) attention heads do not divide a hidden size of \(hiddenSize)")
        }
        guard hiddenSize % 8 == 0 else {
            throw TransformerError(
                .unsupportedArchitecture, "config.json: a hidden size of \(hiddenSize) is not a multiple of 8")
        }
    }

    /// Numbers in one head.
    var headSize: Int { hiddenSize / heads }
}

/// Typed access to `config.json` with messages that name the field.
private struct Fields {
    let root: JSONValue

    static func invalid(_ message: String) -> TransformerError {
        TransformerError(.invalidConfiguration, "config.json: \(message)")
    }

    private func value(_ name: StaticString) -> JSONValue? {
        guard let value = root[name], !value.isNull else { return nil }
        return value
    }

    func size(_ name: StaticString, atMost limit: Int, default fallback: Int? = nil) throws(TransformerError) -> Int {
        guard let value = value(name) else {
            if let fallback { return fallback }
            throw Self.invalid("\(name) is missing")
        }
        guard let size = value.int, size >= 1, size <= limit else {
            throw Self.invalid("\(name) must be a whole number from 1 to \(limit)")
        }
        return size
    }

    func positive(_ name: StaticString, default fallback: Float) throws(TransformerError) -> Float {
        guard let value = value(name) else { return fallback }
        guard let number = value.double, number > 0, number < 1 else {
            throw Self.invalid("\(name) must be a number between 0 and 1")
        }
        return Float(number)
    }

    func activation(_ name: StaticString) throws(TransformerError) -> EncoderConfiguration.HiddenActivation {
        let text = value(name)?.string ?? "gelu"
        guard let activation = EncoderConfiguration.HiddenActivation(rawValue: text) else {
            throw TransformerError(.unsupportedArchitecture, "config.json: \(name) \"\(text)\" cannot be served")
        }
        return activation
    }

    func require(_ name: StaticString, is expected: String) throws(TransformerError) {
        guard let value = value(name), value.string != expected else { return }
        throw TransformerError(.unsupportedArchitecture, "config.json: \(name) must be \"\(expected)\" to be served")
    }

    func require(_ name: StaticString, is expected: Bool) throws(TransformerError) {
        guard let value = value(name), value.bool != expected else { return }
        throw TransformerError(.unsupportedArchitecture, "config.json: \(name) must be \(expected) to be served")
    }

    /// `id2label` by number, without holes; without it, as many `LABEL_n` as `num_labels` says, or two.
    func labels() throws(TransformerError) -> [String] {
        if let problem = value("problem_type")?.string, problem != "single_label_classification" {
            throw TransformerError(.unsupportedArchitecture, "config.json: problem_type \"\(problem)\" cannot be served")
        }
        guard let members = value("id2label")?.members else {
            return (0..<(try size("num_labels", atMost: 100_000, default: 2))).map { "LABEL_\($0)" }
        }
        var labels = [String?](repeating: nil, count: members.count)
        for member in members {
            guard let index = Int(member.key), labels.indices.contains(index), labels[index] == nil,
                let label = member.value.string
            else { throw Self.invalid("id2label must name the labels 0 to \(members.count - 1), once each") }
            labels[index] = label
        }
        guard labels.count >= 2 else {
            throw TransformerError(.unsupportedArchitecture, "config.json: a model of \(labels.count) label is not a classifier")
        }
        return labels.compactMap { $0 }
    }
}
