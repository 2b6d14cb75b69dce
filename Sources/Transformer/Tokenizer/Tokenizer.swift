/// A Hugging Face `tokenizer.json`, giving the ids that the `tokenizers` library gives.
///
/// The stages are the library's: added tokens are cut out of the raw text, what is left is normalised, added tokens of
/// the normalised kind are cut out of that, the rest is split into words, each word into subwords, and a template puts
/// special tokens around. Text is an array of Unicode scalars throughout: never `Character`s, whose boundaries follow
/// another Unicode version than the library's.
public struct Tokenizer: Sendable {
    let addedTokens: AddedTokens
    let normalizer: TextNormalizer
    let preTokenizer: PreTokenizer
    let model: any SubwordModel
    let template: Template
    /// Applied by ``encode(_:)``; nil leaves long texts whole. Never shorter than the template.
    public private(set) var truncation: Truncation?
    /// What the file says about padding. ``encode(_:)`` does not pad; see ``encodeBatch(_:)``.
    public let padding: Padding?

    /// Reads a `tokenizer.json`.
    ///
    /// - Throws: `TransformerError` with code `invalidTokenizer` or `unsupportedTokenizer`, naming the component.
    public init(json: UnsafeRawBufferPointer) throws(TransformerError) {
        self = try TokenizerFile(json: json).tokenizer()
    }

    init(
        addedTokens: AddedTokens, normalizer: TextNormalizer, preTokenizer: PreTokenizer, model: any SubwordModel,
        template: Template, truncation: Truncation?, padding: Padding?
    ) {
        self.addedTokens = addedTokens
        self.normalizer = normalizer
        self.preTokenizer = preTokenizer
        self.model = model
        self.template = template
        self.truncation = truncation
        self.padding = padding
    }

    /// Number of ids that can come out: one more than the largest of the vocabulary and the added tokens.
    public var vocabularySize: Int { max(model.largestID, addedTokens.largestID) + 1 }

    /// The id that stands for a word the model does not know, where it has one.
    public var unknownID: Int32? { model.unknownID }

    /// Number of special tokens that the template puts around every text.
    public var specialCount: Int { template.specialCount }

    /// Cuts encodings to `maxLength` tokens, when that is less than what the file says.
    ///
    /// - Throws: `invalidInput` when the template alone is longer.
    public mutating func limit(to maxLength: Int) throws(TransformerError) {
        guard maxLength > template.specialCount else {
            throw TransformerError(
                .invalidInput,
                "a maximum length of \(maxLength) leaves no room beside \(template.specialCount) special tokens")
        }
        let current = truncation ?? Truncation(maxLength: maxLength)
        truncation = Truncation(maxLength: min(current.maxLength, maxLength), direction: current.direction)
    }

    /// Leaves long texts whole, whatever the file says.
    public mutating func removeTruncation() { truncation = nil }

    /// Tokenizes one text, cut as `truncation` says, with special tokens, without padding.
    public func encode(_ text: String) -> Encoding {
        var state = SubwordState()
        let room = truncation.map { $0.maxLength - template.specialCount }
        // Cut on the right, what comes after the last token that fits needs no work.
        state.limit = truncation?.direction == .right ? room ?? .max : .max
        text.withScalars { scalars in
            addedTokens.raw.split(scalars) { piece in
                switch piece {
                case .token(let id): state.ids.append(id)
                case .text(let range): encodeText(scalars[range], &state)
                }
                return state.ids.count < state.limit
            }
        }
        var ids = state.ids
        if let room, ids.count > room {
            if truncation?.direction == .left { ids.removeFirst(ids.count - room) } else { ids.removeLast(ids.count - room) }
        }
        return template.apply(to: ids)
    }

    /// Tokenizes texts and pads them as the file says.
    public func encodeBatch(_ texts: [String]) -> [Encoding] {
        var encodings = texts.map(encode)
        padding?.apply(to: &encodings)
        return encodings
    }

    private func encodeText(_ text: Slice<UnsafeBufferPointer<UInt32>>, _ state: inout SubwordState) {
        let normalized = normalizer.normalize(UnsafeBufferPointer(rebasing: text))
        normalized.withUnsafeBufferPointer { normalized in
            addedTokens.normalized.split(normalized) { piece in
                switch piece {
                case .token(let id): state.ids.append(id)
                case .text(let range):
                    preTokenizer.words(of: UnsafeBufferPointer(rebasing: normalized[range])) { word in
                        model.tokenize(word, &state)
                        return state.ids.count < state.limit
                    }
                }
                return state.ids.count < state.limit
            }
        }
    }
}

/// Turns one word into subwords: WordPiece now; BPE and Unigram fit the same place.
protocol SubwordModel: Sendable {
    /// Number of different tokens.
    var vocabularySize: Int { get }
    var largestID: Int { get }
    var unknownID: Int32? { get }
    func id(of token: String) -> Int32?
    func tokenize(_ word: UnsafeBufferPointer<UInt32>, _ state: inout SubwordState)
}

/// What one encoding carries along: the ids so far and memory to work in.
struct SubwordState {
    var ids: [Int32] = []
    var limit = Int.max
    var prefixHashes: [UInt64] = []
}

extension String {
    /// Lends the text as Unicode scalar values.
    func withScalars<Output>(_ body: (UnsafeBufferPointer<UInt32>) -> Output) -> Output {
        var scalars: [UInt32] = []
        scalars.reserveCapacity(utf8.count)
        for scalar in unicodeScalars { scalars.append(scalar.value) }
        return scalars.withUnsafeBufferPointer(body)
    }
}
