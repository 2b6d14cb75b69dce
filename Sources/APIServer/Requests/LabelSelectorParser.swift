import KubernetesTypes

/// Parses label selectors of queries, with upstream's grammar and error texts.
struct LabelSelectorParser {
    private enum Token: Equatable {
        case end
        case symbol(String)
        case word(String)

        var literal: String {
            switch self {
            case .end: ""
            case .symbol(let text), .word(let text): text
            }
        }
    }

    private var tokens: [Token]
    private var index = 0

    static func parse(_ text: String) throws(APIError) -> LabelSelection {
        var parser = LabelSelectorParser(tokens: tokens(of: text))
        return try parser.selection()
    }

    private static func tokens(of text: String) -> [Token] {
        var result: [Token] = []
        var characters = Array(text.unicodeScalars)[...]
        let special = Set("=!(),><".unicodeScalars)
        while let first = characters.first {
            if first == " " || first == "\t" || first == "\n" || first == "\r" {
                characters = characters.dropFirst()
            } else if special.contains(first) {
                let two = String(String.UnicodeScalarView(characters.prefix(2)))
                let symbol = two == "==" || two == "!=" ? two : String(first)
                characters = characters.dropFirst(symbol.unicodeScalars.count)
                result.append(.symbol(symbol))
            } else {
                let word = characters.prefix { !special.contains($0) && $0 != " " && $0 != "\t" && $0 != "\n" && $0 != "\r" }
                characters = characters.dropFirst(word.count)
                result.append(.word(String(String.UnicodeScalarView(word))))
            }
        }
        result.append(.end)
        return result
    }

    private var next: Token { tokens[min(index, tokens.count - 1)] }

    private mutating func take() -> Token {
        defer { index += 1 }
        return next
    }

    private mutating func selection() throws(APIError) -> LabelSelection {
        var requirements: [LabelSelection.Requirement] = []
        if next == .end { return LabelSelection() }
        while true {
            switch next {
            case .word, .symbol("!"):
                let requirement: LabelSelection.Requirement
                do throws(APIError) {
                    requirement = try self.requirement()
                } catch {
                    throw .badRequest("unable to parse requirement: \(error.message)")
                }
                requirements.append(requirement)
                switch take() {
                case .end: return LabelSelection(requirements)
                case .symbol(","):
                    switch next {
                    case .word, .symbol("!"): continue
                    default: throw .badRequest("found '\(next.literal)', expected: identifier after ','")
                    }
                case let other: throw .badRequest("found '\(other.literal)', expected: ',' or 'end of string'")
                }
            case .end: return LabelSelection(requirements)
            default: throw .badRequest("found '\(next.literal)', expected: !, identifier, or 'end of string'")
            }
        }
    }

    private mutating func requirement() throws(APIError) -> LabelSelection.Requirement {
        if next == .symbol("!") {
            index += 1
            return .doesNotExist(try key())
        }
        let key = try key()
        if next == .end || next == .symbol(",") { return .exists(key) }
        let operation = take().literal
        switch operation {
        case "in", "notin":
            let values = Set(try valueList())
            return operation == "in" ? .in(key, values) : .notIn(key, values)
        case "=", "==", "!=":
            let value = try self.value()
            if operation == "!=" { return .notIn(key, [value]) }
            return .in(key, [value])
        case ">", "<":
            let text = try self.value()
            guard let bound = Int64(text) else {
                throw .badRequest(
                    "values[0][\(key)]: Invalid value: \"\(text)\": for 'Gt', 'Lt' operators, the value must be an integer")
            }
            return operation == ">" ? .greaterThan(key, bound) : .lessThan(key, bound)
        default: throw .badRequest("found '\(operation)', expected: in, notin, =, ==, !=, gt, lt")
        }
    }

    private mutating func key() throws(APIError) -> String {
        guard case .word(let key) = take() else {
            index -= 1
            throw .badRequest("found '\(next.literal)', expected: identifier")
        }
        let problems = MetadataNames.qualifiedNameProblems(key)
        if let problem = problems.first { throw .badRequest("key: Invalid value: \"\(key)\": \(problem)") }
        return key
    }

    private mutating func value() throws(APIError) -> String {
        switch next {
        case .word(let value):
            index += 1
            if let problem = MetadataNames.labelValueProblems(value).first {
                throw .badRequest("values[0][\("")]: Invalid value: \"\(value)\": \(problem)")
            }
            return value
        case .end, .symbol(","): return ""
        default: throw .badRequest("found '\(next.literal)', expected: identifier")
        }
    }

    private mutating func valueList() throws(APIError) -> [String] {
        guard take() == .symbol("(") else {
            index -= 1
            throw .badRequest("found '\(next.literal)', expected: '('")
        }
        var values: [String] = []
        if next == .symbol(")") {
            index += 1
            return [""]
        }
        while true {
            switch next {
            case .word(let word):
                index += 1
                values.append(word)
            case .symbol(","): values.append("")
            case .symbol(")") where !values.isEmpty: values.append("")
            default: throw .badRequest("found '\(next.literal)', expected: ',', ')' or identifier")
            }
            switch take() {
            case .symbol(","):
                if next == .symbol(")") {
                    index += 1
                    return values + [""]
                }
            case .symbol(")"): return values
            case let other: throw .badRequest("found '\(other.literal)', expected: ',' or ')'")
            }
        }
    }
}
