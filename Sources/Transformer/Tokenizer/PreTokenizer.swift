/// The `pre_tokenizer` of a tokenizer: where words end.
enum PreTokenizer: Sendable {
    /// The whole text is one word.
    case identity
    /// White space separates; a punctuation mark is a word of its own.
    case bert
    /// White space separates.
    case whitespaceSplit
    /// Runs of word characters, and runs of what is neither word character nor white space.
    case whitespace

    /// Hands over each word until told to stop by `false`.
    func words(of text: UnsafeBufferPointer<UInt32>, _ body: (UnsafeBufferPointer<UInt32>) -> Bool) {
        let tables = UnicodeTables.shared
        /// 0 separates, 1 stands alone, others run together with their like.
        func kind(_ scalar: UInt32) -> Int {
            let properties = tables.properties(scalar)
            switch self {
            case .identity: return 2
            case .bert: return properties.contains(.whitespace) ? 0 : properties.contains(.punctuation) ? 1 : 2
            case .whitespaceSplit: return properties.contains(.whitespace) ? 0 : 2
            case .whitespace: return properties.contains(.whitespace) ? 0 : properties.contains(.wordCharacter) ? 2 : 3
            }
        }
        var start = 0
        while start < text.count {
            let first = kind(text[start])
            var end = start + 1
            if first >= 2 {
                while end < text.count, kind(text[end]) == first { end += 1 }
            }
            if first != 0, !body(UnsafeBufferPointer(rebasing: text[start..<end])) { return }
            start = end
        }
    }
}
