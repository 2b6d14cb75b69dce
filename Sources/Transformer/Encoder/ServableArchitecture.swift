/// The models that can be served: the one list of them.
///
/// What `config.json` calls `architectures[0]`. Everything else trains and is registered all the same; only serving
/// says no, and says which name it did not know.
public enum ServableArchitecture: String, CaseIterable, Sendable {
    case bert = "BertForSequenceClassification"
    case distilBert = "DistilBertForSequenceClassification"

    /// The names as in `config.json`, sorted.
    public static var names: [String] { allCases.map(\.rawValue).sorted() }

    /// The first of `architectures` that can be served.
    ///
    /// - Parameter architectures: `config.json`'s list.
    /// - Throws: `unsupportedArchitecture`, naming what was asked for and what there is.
    public static func check(architectures: [String]) throws(TransformerError) -> ServableArchitecture {
        if let first = architectures.first, let known = ServableArchitecture(rawValue: first) { return known }
        let asked = architectures.isEmpty ? "a model without architectures" : architectures.joined(separator: ", ")
        throw TransformerError(
            .unsupportedArchitecture, "\(asked) cannot be served; supported are \(names.joined(separator: ", "))")
    }

    /// Checks a whole `config.json`: the architecture and every setting that changes what the model computes.
    ///
    /// - Throws: `unsupportedArchitecture` or `invalidConfiguration`.
    @discardableResult
    public static func check(config: UnsafeRawBufferPointer) throws(TransformerError) -> ServableArchitecture {
        try EncoderConfiguration(json: config).architecture
    }
}
