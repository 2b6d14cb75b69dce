/// Special and other added tokens, which are found in the text before anything else splits it.
struct AddedTokens: Sendable {
    struct Token: Sendable {
        var content: String
        var id: Int32
        /// Only where no word character is beside it.
        var singleWord: Bool
        /// Takes the white space before it along.
        var stripsLeft: Bool
        /// Takes the white space after it along.
        var stripsRight: Bool
        /// Looked for in normalised text, in its own normalised form.
        var isNormalized: Bool
        var isSpecial: Bool
    }

    let raw: Matcher
    let normalized: Matcher
    let largestID: Int

    init(_ tokens: [Token], normalizer: TextNormalizer) throws(TransformerError) {
        raw = Matcher(tokens.filter { !$0.isNormalized }.map { ($0, $0.content.unicodeScalars.map(\.value)) })
        let normalizing = tokens.filter(\.isNormalized).map { token in
            (token, token.content.withScalars(normalizer.normalize))
        }
        if let (token, _) = normalizing.first(where: { $0.1.isEmpty }) {
            throw TransformerError(
                .unsupportedTokenizer, "added_tokens: the normalizer leaves nothing of \"\(token.content)\"")
        }
        normalized = Matcher(normalizing)
        largestID = Int(tokens.map(\.id).max() ?? -1)
    }
}

/// Finds the leftmost, longest of several patterns, again and again.
struct Matcher: Sendable {
    enum Piece {
        case text(Range<Int>)
        case token(Int32)
    }

    private struct Node {
        var children: [UInt32: Int] = [:]
        var token: Int?
    }

    private var tokens: [AddedTokens.Token] = []
    private var nodes = [Node()]

    init(_ patterns: [(AddedTokens.Token, [UInt32])]) {
        for (token, pattern) in patterns {
            var node = 0
            for scalar in pattern {
                if let child = nodes[node].children[scalar] {
                    node = child
                } else {
                    nodes.append(Node())
                    nodes[node].children[scalar] = nodes.count - 1
                    node = nodes.count - 1
                }
            }
            // Of two patterns that are alike the first counts.
            if nodes[node].token == nil { nodes[node].token = tokens.count }
            tokens.append(token)
        }
    }

    /// Cuts the text into tokens and the text between them, until `body` returns false.
    func split(_ text: UnsafeBufferPointer<UInt32>, _ body: (Piece) -> Bool) {
        if tokens.isEmpty {
            if !text.isEmpty { _ = body(.text(0..<text.count)) }
            return
        }
        let tables = UnicodeTables.shared
        var done = 0
        var position = 0
        while position < text.count {
            guard let (tokenIndex, matchEnd) = longestMatch(in: text, at: position) else {
                position += 1
                continue
            }
            let token = tokens[tokenIndex]
            var start = position
            var end = matchEnd
            // The search goes on behind the match whether or not it is taken, and whatever it takes along.
            position = matchEnd
            if token.singleWord {
                let joinsLeft = start > 0 && tables.properties(text[start - 1]).contains(.wordCharacter)
                let joinsRight = end < text.count && tables.properties(text[end]).contains(.wordCharacter)
                if joinsLeft || joinsRight { continue }
            }
            if token.stripsLeft {
                while start > 0, tables.properties(text[start - 1]).contains(.whitespace) { start -= 1 }
                start = max(start, done)
            }
            if token.stripsRight {
                while end < text.count, tables.properties(text[end]).contains(.whitespace) { end += 1 }
            }
            if done < start, !body(.text(done..<start)) { return }
            if !body(.token(token.id)) { return }
            done = end
        }
        if done < text.count { _ = body(.text(done..<text.count)) }
    }

    private func longestMatch(in text: UnsafeBufferPointer<UInt32>, at start: Int) -> (token: Int, end: Int)? {
        var best: (Int, Int)?
        var node = 0
        var position = start
        while position < text.count, let child = nodes[node].children[text[position]] {
            node = child
            position += 1
            if let token = nodes[node].token { best = (token, position) }
        }
        return best
    }
}
