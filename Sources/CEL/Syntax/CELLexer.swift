/// The tokens of an expression.
struct CELToken {
    enum Kind: Equatable {
        case identifier(String)
        case int(String)
        case uint(String)
        case double(String)
        case string(String)
        case bytes([UInt8])
        case symbol(String)
        case end
    }

    var kind: Kind
    var offset: Int
    /// As it stands in the source, for messages.
    var text: String
}

struct CELLexer {
    private let text: [Unicode.Scalar]
    private var index = 0

    init(_ source: String) { text = Array(source.unicodeScalars) }

    static func tokens(_ source: String) throws(CELIssue) -> [CELToken] {
        var lexer = CELLexer(source)
        var tokens: [CELToken] = []
        while true {
            let token = try lexer.token()
            tokens.append(token)
            if token.kind == .end { return tokens }
        }
    }

    private func peek(_ distance: Int = 0) -> Unicode.Scalar? { index + distance < text.count ? text[index + distance] : nil }

    private func slice(_ start: Int) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: text[start..<index])
        return String(view)
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
    }

    private static func isDigit(_ scalar: Unicode.Scalar?) -> Bool { scalar.map { ("0"..."9").contains($0) } ?? false }

    private mutating func token() throws(CELIssue) -> CELToken {
        while let scalar = peek() {
            if scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r" || scalar == "\u{0C}" {
                index += 1
            } else if scalar == "/", peek(1) == "/" {
                while let next = peek(), next != "\n" { index += 1 }
            } else {
                break
            }
        }
        let start = index
        guard let scalar = peek() else { return CELToken(kind: .end, offset: start, text: "<EOF>") }
        if let literal = try stringLiteral() { return CELToken(kind: literal, offset: start, text: slice(start)) }
        if Self.isLetter(scalar) {
            while let next = peek(), Self.isLetter(next) || Self.isDigit(next) { index += 1 }
            return CELToken(kind: .identifier(slice(start)), offset: start, text: slice(start))
        }
        if Self.isDigit(scalar) || (scalar == "." && Self.isDigit(peek(1))) { return number(start) }
        for symbol in ["&&", "||", "==", "!=", "<=", ">=", ".?", "[?"] {
            let scalars = Array(symbol.unicodeScalars)
            if scalar == scalars[0], peek(1) == scalars[1] {
                index += 2
                return CELToken(kind: .symbol(symbol), offset: start, text: symbol)
            }
        }
        guard "+-*/%!<>?:.,()[]{}=".unicodeScalars.contains(scalar), scalar != "=" else {
            throw CELIssue(offset: start, message: "Syntax error: token recognition error at: '\(scalar)'")
        }
        index += 1
        return CELToken(kind: .symbol(String(Character(scalar))), offset: start, text: String(Character(scalar)))
    }

    private mutating func number(_ start: Int) -> CELToken {
        if peek() == "0", peek(1) == "x" || peek(1) == "X" {
            index += 2
            while let next = peek(), next.properties.isASCIIHexDigit { index += 1 }
        } else {
            while Self.isDigit(peek()) { index += 1 }
            var isDouble = false
            if peek() == ".", Self.isDigit(peek(1)) {
                isDouble = true
                index += 1
                while Self.isDigit(peek()) { index += 1 }
            }
            if peek() == "e" || peek() == "E" {
                let signed = peek(1) == "+" || peek(1) == "-"
                if Self.isDigit(peek(signed ? 2 : 1)) {
                    isDouble = true
                    index += signed ? 2 : 1
                    while Self.isDigit(peek()) { index += 1 }
                }
            }
            if isDouble { return CELToken(kind: .double(slice(start)), offset: start, text: slice(start)) }
        }
        let digits = slice(start)
        if peek() == "u" || peek() == "U" {
            index += 1
            return CELToken(kind: .uint(digits), offset: start, text: slice(start))
        }
        return CELToken(kind: .int(digits), offset: start, text: digits)
    }

    private mutating func stringLiteral() throws(CELIssue) -> CELToken.Kind? {
        let start = index
        var isRaw = false
        var isBytes = false
        var probe = index
        while probe < text.count, probe - index < 2 {
            switch text[probe] {
            case "r", "R": isRaw = true
            case "b", "B": isBytes = true
            default: break
            }
            guard "rRbB".unicodeScalars.contains(text[probe]) else { break }
            probe += 1
        }
        guard probe < text.count, text[probe] == "\"" || text[probe] == "'" else { return nil }
        let quote = text[probe]
        let isTriple = probe + 2 < text.count && text[probe + 1] == quote && text[probe + 2] == quote
        index = probe + (isTriple ? 3 : 1)
        var view = String.UnicodeScalarView()
        var bytes: [UInt8] = []
        func unterminated() -> CELIssue {
            CELIssue(
                offset: start,
                message: "Syntax error: token recognition error at: '\(String(String.UnicodeScalarView(text[start...])))'")
        }
        while true {
            guard let scalar = peek() else { throw unterminated() }
            if scalar == quote, !isTriple || (peek(1) == quote && peek(2) == quote) {
                index += isTriple ? 3 : 1
                break
            }
            if scalar == "\n", !isTriple { throw unterminated() }
            index += 1
            if scalar == "\\", !isRaw {
                let value = try escape(start)
                if isBytes, value < 256 {
                    bytes.append(UInt8(value))
                } else if let decoded = Unicode.Scalar(value) {
                    view.append(decoded)
                }
            } else {
                view.append(scalar)
                if isBytes { bytes += Array(String(Character(scalar)).utf8) }
            }
        }
        return isBytes ? .bytes(bytes) : .string(String(view))
    }

    private mutating func escape(_ start: Int) throws(CELIssue) -> UInt32 {
        guard let scalar = peek() else { throw CELIssue(offset: start, message: "Syntax error: unterminated string") }
        index += 1
        func digits(_ count: Int, radix: Int) throws(CELIssue) -> UInt32 {
            var view = String.UnicodeScalarView()
            for _ in 0..<count {
                guard let digit = peek() else { break }
                view.append(digit)
                index += 1
            }
            guard let value = UInt32(String(view), radix: radix) else {
                throw CELIssue(offset: start, message: "Syntax error: invalid escape sequence")
            }
            return value
        }
        switch scalar {
        case "n": return 10
        case "t": return 9
        case "r": return 13
        case "a": return 7
        case "b": return 8
        case "f": return 12
        case "v": return 11
        case "x", "X": return try digits(2, radix: 16)
        case "u": return try digits(4, radix: 16)
        case "U": return try digits(8, radix: 16)
        case "0"..."3":
            index -= 1
            return try digits(3, radix: 8)
        case "\\", "'", "\"", "`", "?": return scalar.value
        default: throw CELIssue(offset: start, message: "Syntax error: invalid escape sequence")
        }
    }
}
