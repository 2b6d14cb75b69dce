/// Transformer: from text to logits, without I/O.
///
/// `Tokenizer` turns text into the ids that the `tokenizers` library would give; `SafeTensors` reads weights out of a
/// buffer that the caller mapped; `TextClassifier` puts an encoder of the BERT family between the two. Nothing here
/// opens a file, reads a clock or draws a random number. Whatever a file asks for and this module cannot do exactly is
/// a ``TransformerError`` that names it: a model that is served wrongly is worse than one that is not served.
public struct TransformerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of thing went wrong; stable, for programs.
    public enum Code: String, Sendable {
        /// A file is not the JSON that it should be.
        case invalidJSON
        /// `tokenizer.json` contradicts itself.
        case invalidTokenizer
        /// `tokenizer.json` is valid and asks for a component that is not implemented.
        case unsupportedTokenizer
        /// `config.json` lacks a field or has an impossible value.
        case invalidConfiguration
        /// `config.json` describes a model that this module cannot run.
        case unsupportedArchitecture
        /// The weights file is damaged or hostile.
        case invalidTensors
        /// The weights file lacks a tensor that the architecture needs, or has it in another shape.
        case tensorMismatch
        /// The input cannot be run through the model.
        case invalidInput
        /// The compute library refused.
        case kernel
    }

    public var code: Code
    /// One sentence for a person, naming the component, field or tensor.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.rawValue): \(message)" }
}
