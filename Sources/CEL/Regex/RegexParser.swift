/// The tree of a regular expression.
indirect enum RegexNode {
    case empty
    case set(ScalarSet)
    case assertion(RegexAssertion)
    case sequence([RegexNode])
    case alternatives([RegexNode])
    case repeated(RegexNode, minimum: Int, maximum: Int?, isGreedy: Bool)
    case capture(RegexNode, index: Int)
}

/// Reads RE2's syntax: no back references and no look-around.
struct RegexParser {
    private struct Flags {
        var ignoresCase = false
        var isMultiline = false
        var dotMatchesNewline = false
        var isUngreedy = false
    }

    private let text: [Unicode.Scalar]
    private let pattern: String
    private var index = 0
    private var flags = Flags()
    private(set) var captureCount = 0

    init(_ pattern: String) {
        self.pattern = pattern
        text = Array(pattern.unicodeScalars)
    }

    private var next: Unicode.Scalar? { index < text.count ? text[index] : nil }

    private func fail(_ message: String) -> RegularExpression.SyntaxError { RegularExpression.SyntaxError(message: message) }

    private func slice(_ range: Range<Int>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: text[range.clamped(to: 0..<text.count)])
        return String(view)
    }

    mutating func parse() throws(RegularExpression.SyntaxError) -> RegexNode {
        let node = try alternatives(depth: 0)
        if next == ")" { throw fail("unexpected ): `\(pattern)`") }
        return node
    }

    private mutating func alternatives(depth: Int) throws(RegularExpression.SyntaxError) -> RegexNode {
        guard depth < 250 else { throw fail("expression nests too deeply: `\(pattern)`") }
        var branches = [try sequence(depth: depth)]
        while next == "|" {
            index += 1
            branches.append(try sequence(depth: depth))
        }
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    private mutating func sequence(depth: Int) throws(RegularExpression.SyntaxError) -> RegexNode {
        var nodes: [RegexNode] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            let start = index
            guard let atom = try atom(depth: depth) else { continue }
            nodes.append(try repetition(of: atom, from: start))
        }
        return nodes.isEmpty ? .empty : nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func repetition(of atom: RegexNode, from start: Int) throws(RegularExpression.SyntaxError) -> RegexNode {
        var node = atom
        var repeats = 0
        while let scalar = next {
            var minimum = 0
            var maximum: Int?
            let operatorStart = index
            switch scalar {
            case "*": index += 1
            case "+":
                minimum = 1
                index += 1
            case "?":
                maximum = 1
                index += 1
            case "{":
                guard let (low, high) = try counts() else { return node }
                minimum = low
                maximum = high
            default: return node
            }
            repeats += 1
            if repeats > 1 { throw fail("invalid nested repetition operator: `\(slice(operatorStart - 1..<index))`") }
            var isGreedy = !flags.isUngreedy
            if next == "?" {
                isGreedy.toggle()
                index += 1
            }
            node = .repeated(node, minimum: minimum, maximum: maximum, isGreedy: isGreedy)
        }
        return node
    }

    /// `{n}`, `{n,}` or `{n,m}`; nil where the brace is a literal.
    private mutating func counts() throws(RegularExpression.SyntaxError) -> (Int, Int?)? {
        guard let end = text[index...].firstIndex(of: "}") else { return nil }
        let parts = slice(index + 1..<end).split(separator: ",", omittingEmptySubsequences: false)
        guard let low = Int(parts[0]), parts.count <= 2 else { return nil }
        let high: Int? = parts.count == 1 ? low : parts[1].isEmpty ? nil : Int(parts[1])
        if parts.count == 2, !parts[1].isEmpty, high == nil { return nil }
        if low > 1000 || (high ?? 0) > 1000 || (high.map { $0 < low } ?? false) {
            throw fail("invalid repeat count: `\(slice(index..<end + 1))`")
        }
        index = end + 1
        return (low, high)
    }

    private mutating func atom(depth: Int) throws(RegularExpression.SyntaxError) -> RegexNode? {
        guard let scalar = next else { return .empty }
        index += 1
        switch scalar {
        case "(": return try group(depth: depth)
        case "[": return .set(try bracket())
        case ".": return .set(flags.dotMatchesNewline ? .all : .notNewline)
        case "^": return .assertion(flags.isMultiline ? .lineStart : .textStart)
        case "$": return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
        case "*", "+", "?": throw fail("missing argument to repetition operator: `\(scalar)`")
        case "\\": return try escape()
        default: return .set(literal(scalar.value))
        }
    }

    private func literal(_ value: UInt32) -> ScalarSet {
        let set = ScalarSet(ranges: [value...value])
        return flags.ignoresCase ? set.foldingCase : set
    }

    private mutating func group(depth: Int) throws(RegularExpression.SyntaxError) -> RegexNode? {
        let outer = flags
        var captures = true
        if next == "?" {
            index += 1
            if next == "P" || next == "<" {
                if next == "P" { index += 1 }
                guard next == "<", let end = text[index...].firstIndex(of: ">") else {
                    throw fail("invalid named capture: `\(slice(0..<text.count))`")
                }
                index = end + 1
            } else {
                captures = false
                if try !setFlags() { return nil }
            }
        }
        var captureIndex = 0
        if captures {
            captureCount += 1
            captureIndex = captureCount
        }
        let node = try alternatives(depth: depth + 1)
        guard next == ")" else { throw fail("missing closing ): `\(pattern)`") }
        index += 1
        flags = outer
        return captures ? .capture(node, index: captureIndex) : node
    }

    /// The flags after `(?`; false where they hold for the rest of the surrounding group.
    private mutating func setFlags() throws(RegularExpression.SyntaxError) -> Bool {
        var value = true
        while let flag = next {
            index += 1
            switch flag {
            case "i": flags.ignoresCase = value
            case "m": flags.isMultiline = value
            case "s": flags.dotMatchesNewline = value
            case "U": flags.isUngreedy = value
            case "-": value = false
            case ":": return true
            case ")": return false
            default: throw fail("invalid or unsupported Perl syntax: `(?\(flag)`")
            }
        }
        throw fail("missing closing ): `\(pattern)`")
    }

    private mutating func escape() throws(RegularExpression.SyntaxError) -> RegexNode {
        guard let scalar = next else { throw fail("trailing backslash at end of expression: ``") }
        switch scalar {
        case "A":
            index += 1
            return .assertion(.textStart)
        case "z":
            index += 1
            return .assertion(.textEnd)
        case "b":
            index += 1
            return .assertion(.wordBoundary)
        case "B":
            index += 1
            return .assertion(.notWordBoundary)
        case "Q":
            index += 1
            return quoted()
        default:
            if let set = try perlClass() { return .set(set) }
            return .set(literal(try escapedScalar()))
        }
    }

    private mutating func quoted() -> RegexNode {
        var nodes: [RegexNode] = []
        while let scalar = next {
            if scalar == "\\", index + 1 < text.count, text[index + 1] == "E" {
                index += 2
                break
            }
            nodes.append(.set(literal(scalar.value)))
            index += 1
        }
        return .sequence(nodes)
    }

    /// `\d`, `\pL` and the like.
    private mutating func perlClass() throws(RegularExpression.SyntaxError) -> ScalarSet? {
        guard let scalar = next else { return nil }
        let set: ScalarSet
        switch scalar {
        case "d": set = .digits
        case "D": set = ScalarSet.digits.inverted
        case "w": set = .word
        case "W": set = ScalarSet.word.inverted
        case "s": set = .space
        case "S": set = ScalarSet.space.inverted
        case "p", "P":
            index += 1
            return try unicodeClass(isNegated: scalar == "P")
        default: return nil
        }
        index += 1
        return set
    }

    private mutating func unicodeClass(isNegated: Bool) throws(RegularExpression.SyntaxError) -> ScalarSet {
        var name = ""
        if next == "{", let end = text[index...].firstIndex(of: "}") {
            name = slice(index + 1..<end)
            index = end + 1
        } else if let scalar = next {
            name = String(Character(scalar))
            index += 1
        }
        let isInverted = name.hasPrefix("^") != isNegated
        if name.hasPrefix("^") { name.removeFirst() }
        guard let set = UnicodeClasses.set(name) else { throw fail("invalid character class range: `\\p{\(name)}`") }
        return isInverted ? set.inverted : set
    }

    private mutating func escapedScalar() throws(RegularExpression.SyntaxError) -> UInt32 {
        guard let scalar = next else { throw fail("trailing backslash at end of expression: ``") }
        index += 1
        switch scalar {
        case "a": return 7
        case "f": return 12
        case "t": return 9
        case "n": return 10
        case "r": return 13
        case "v": return 11
        case "x": return try hexadecimal()
        case "0"..."7":
            var value = scalar.value - 48
            while let digit = next, ("0"..."7").contains(digit), value < 64 {
                value = value * 8 + digit.value - 48
                index += 1
            }
            return value
        default:
            let isWord = ScalarSet.word.contains(scalar.value) && scalar != "_"
            if isWord { throw fail("invalid escape sequence: `\\\(scalar)`") }
            return scalar.value
        }
    }

    private mutating func hexadecimal() throws(RegularExpression.SyntaxError) -> UInt32 {
        var digits = ""
        if next == "{", let end = text[index...].firstIndex(of: "}") {
            digits = slice(index + 1..<end)
            index = end + 1
        } else {
            digits = slice(index..<index + 2)
            index += digits.unicodeScalars.count
        }
        guard let value = UInt32(digits, radix: 16), Unicode.Scalar(value) != nil else {
            throw fail("invalid escape sequence: `\\x\(digits)`")
        }
        return value
    }

    private mutating func bracket() throws(RegularExpression.SyntaxError) -> ScalarSet {
        let start = index - 1
        var isNegated = false
        if next == "^" {
            isNegated = true
            index += 1
        }
        var ranges: [ClosedRange<UInt32>] = []
        var isFirst = true
        while true {
            guard let scalar = next else { throw fail("missing closing ]: `\(slice(start..<text.count))`") }
            if scalar == "]", !isFirst { break }
            isFirst = false
            if scalar == "[", index + 1 < text.count, text[index + 1] == ":", let set = try posixClass() {
                ranges += set.ranges
                continue
            }
            if scalar == "\\" {
                index += 1
                if let set = try perlClass() {
                    ranges += set.ranges
                    continue
                }
                index -= 1
            }
            let low = try bracketScalar()
            var high = low
            if next == "-", index + 1 < text.count, text[index + 1] != "]" {
                let rangeStart = index - 1
                index += 1
                high = try bracketScalar()
                if high < low { throw fail("invalid character class range: `\(slice(rangeStart..<index))`") }
            }
            ranges.append(low...high)
        }
        index += 1
        var set = ScalarSet(ranges: ranges).normalized
        if flags.ignoresCase { set = set.foldingCase }
        return isNegated ? set.inverted : set
    }

    private mutating func bracketScalar() throws(RegularExpression.SyntaxError) -> UInt32 {
        guard let scalar = next else { throw fail("missing closing ]: `\(pattern)`") }
        index += 1
        return scalar == "\\" ? try escapedScalar() : scalar.value
    }

    private mutating func posixClass() throws(RegularExpression.SyntaxError) -> ScalarSet? {
        guard let end = text[index...].firstIndex(of: "]"), end > index + 3, text[end - 1] == ":" else { return nil }
        var name = slice(index + 2..<end - 1)
        let isNegated = name.hasPrefix("^")
        if isNegated { name.removeFirst() }
        guard let set = UnicodeClasses.posix[name] else {
            throw fail("invalid character class range: `\(slice(index..<end + 1))`")
        }
        index = end + 1
        return isNegated ? set.inverted : set
    }
}
