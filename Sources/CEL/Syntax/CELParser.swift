import KubernetesTypes

/// Reads an expression by the grammar of the language's specification.
struct CELParser {
    private let tokens: [CELToken]
    private var index = 0
    private var depth = 0

    /// Deeper nesting is refused, as cel-go refuses it.
    private static let maximumDepth = 250

    init(_ source: String) throws(CELIssue) { tokens = try CELLexer.tokens(source) }

    private var token: CELToken { tokens[index] }

    private func isSymbol(_ text: String) -> Bool { token.kind == .symbol(text) }

    private mutating func take(_ symbol: String) -> Bool {
        guard isSymbol(symbol) else { return false }
        index += 1
        return true
    }

    private mutating func expect(_ symbol: String) throws(CELIssue) {
        guard take(symbol) else { throw issue("mismatched input '\(token.text)' expecting '\(symbol)'") }
    }

    private func issue(_ message: String) -> CELIssue { CELIssue(offset: token.offset, message: "Syntax error: \(message)") }

    private static let starts =
        "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"

    mutating func parse() throws(CELIssue) -> CELNode {
        let node = try expression()
        guard token.kind == .end else { throw issue("mismatched input '\(token.text)' expecting <EOF>") }
        return node
    }

    private mutating func expression() throws(CELIssue) -> CELNode {
        depth += 1
        defer { depth -= 1 }
        guard depth < Self.maximumDepth else {
            throw CELIssue(offset: token.offset, message: "expression recursion limit exceeded: \(Self.maximumDepth)")
        }
        let condition = try or()
        let offset = token.offset
        guard take("?") else { return condition }
        let yes = try or()
        try expect(":")
        let no = try expression()
        return CELNode(.call("_?_:_", target: nil, [condition, yes, no]), at: offset)
    }

    private mutating func or() throws(CELIssue) -> CELNode {
        var left = try and()
        while isSymbol("||") {
            let offset = token.offset
            index += 1
            left = CELNode(.call("_||_", target: nil, [left, try and()]), at: offset)
        }
        return left
    }

    private mutating func and() throws(CELIssue) -> CELNode {
        var left = try relation()
        while isSymbol("&&") {
            let offset = token.offset
            index += 1
            left = CELNode(.call("_&&_", target: nil, [left, try relation()]), at: offset)
        }
        return left
    }

    private mutating func relation() throws(CELIssue) -> CELNode {
        var left = try addition()
        while true {
            let offset = token.offset
            let name: String
            switch token.kind {
            case .symbol(let symbol) where ["<", "<=", ">", ">=", "==", "!="].contains(symbol): name = "_\(symbol)_"
            case .identifier("in"): name = "@in"
            default: return left
            }
            index += 1
            left = CELNode(.call(name, target: nil, [left, try addition()]), at: offset)
        }
    }

    private mutating func addition() throws(CELIssue) -> CELNode {
        var left = try multiplication()
        while case .symbol(let symbol) = token.kind, symbol == "+" || symbol == "-" {
            let offset = token.offset
            index += 1
            left = CELNode(.call("_\(symbol)_", target: nil, [left, try multiplication()]), at: offset)
        }
        return left
    }

    private mutating func multiplication() throws(CELIssue) -> CELNode {
        var left = try unary()
        while case .symbol(let symbol) = token.kind, ["*", "/", "%"].contains(symbol) {
            let offset = token.offset
            index += 1
            left = CELNode(.call("_\(symbol)_", target: nil, [left, try unary()]), at: offset)
        }
        return left
    }

    private mutating func unary() throws(CELIssue) -> CELNode {
        let offset = token.offset
        if take("!") { return CELNode(.call("!_", target: nil, [try unary()]), at: offset) }
        if take("-") {
            // A sign belongs to the number, so that the smallest one can be written.
            switch token.kind {
            case .int(let digits):
                index += 1
                return try member(of: CELNode(.literal(.int(try integer("-" + digits, offset))), at: offset))
            case .double(let digits):
                index += 1
                return try member(of: CELNode(.literal(.double(-(Double(digits) ?? 0))), at: offset))
            default: return CELNode(.call("-_", target: nil, [try unary()]), at: offset)
            }
        }
        return try member(of: try primary())
    }

    private func integer(_ digits: String, _ offset: Int) throws(CELIssue) -> Int64 {
        let isNegative = digits.hasPrefix("-")
        let body = isNegative ? String(digits.dropFirst()) : digits
        let value =
            body.hasPrefix("0x") || body.hasPrefix("0X")
            ? Int64((isNegative ? "-" : "") + body.dropFirst(2), radix: 16) : Int64(digits)
        guard let value else { throw CELIssue(offset: offset, message: "invalid int literal") }
        return value
    }

    private mutating func member(of start: CELNode) throws(CELIssue) -> CELNode {
        var node = start
        while true {
            let offset = token.offset
            if take(".") || isSymbol(".?") {
                let isOptional = take(".?")
                guard case .identifier(let name) = token.kind else {
                    throw issue("mismatched input '\(token.text)' expecting IDENTIFIER")
                }
                index += 1
                let open = token.offset
                if !isOptional, take("(") {
                    let arguments = try self.arguments(closing: ")")
                    node =
                        try CELMacros.method(name, node, arguments, at: open)
                        ?? CELNode(.call(name, target: node, arguments), at: open)
                } else {
                    node = CELNode(.select(node, name, isTest: false, isOptional: isOptional), at: offset)
                }
            } else if take("[") {
                let key = try expression()
                try expect("]")
                node = CELNode(.call("_[_]", target: nil, [node, key]), at: offset)
            } else if take("[?") {
                let key = try expression()
                try expect("]")
                node = CELNode(.call("_[?_]", target: nil, [node, key]), at: offset)
            } else {
                return node
            }
        }
    }

    private mutating func arguments(closing: String) throws(CELIssue) -> [CELNode] {
        var result: [CELNode] = []
        if take(closing) { return result }
        while true {
            result.append(try expression())
            if take(closing) { return result }
            try expect(",")
            if closing != ")", take(closing) { return result }
        }
    }

    private mutating func primary() throws(CELIssue) -> CELNode {
        let start = token
        switch start.kind {
        case .int(let digits):
            index += 1
            return CELNode(.literal(.int(try integer(digits, start.offset))), at: start.offset)
        case .uint(let digits):
            index += 1
            let value = digits.hasPrefix("0x") ? UInt64(digits.dropFirst(2), radix: 16) : UInt64(digits)
            guard let value else { throw CELIssue(offset: start.offset, message: "invalid uint literal") }
            return CELNode(.literal(.uint(value)), at: start.offset)
        case .double(let digits):
            index += 1
            return CELNode(.literal(.double(Double(digits) ?? 0)), at: start.offset)
        case .string(let text):
            index += 1
            return CELNode(.literal(.string(text)), at: start.offset)
        case .bytes(let bytes):
            index += 1
            return CELNode(.literal(.bytes(bytes)), at: start.offset)
        case .identifier(let name):
            index += 1
            return try identifier(name, start.offset)
        case .symbol("."):
            index += 1
            guard case .identifier(let name) = token.kind else {
                throw issue("mismatched input '\(token.text)' expecting IDENTIFIER")
            }
            index += 1
            return try identifier(name, start.offset)
        case .symbol("("):
            index += 1
            let node = try expression()
            try expect(")")
            return node
        case .symbol("["), .symbol("[?"): return try list(start)
        case .symbol("{"): return try map(start)
        default: throw issue("mismatched input '\(token.text)' expecting \(Self.starts)")
        }
    }

    private static let reserved: Set<String> = [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace",
        "return",
        "var", "void", "while",
    ]

    private mutating func identifier(_ name: String, _ offset: Int) throws(CELIssue) -> CELNode {
        switch name {
        case "true": return CELNode(.literal(.bool(true)), at: offset)
        case "false": return CELNode(.literal(.bool(false)), at: offset)
        case "null": return CELNode(.literal(.null), at: offset)
        case "in": throw CELIssue(offset: offset, message: "Syntax error: mismatched input 'in' expecting \(Self.starts)")
        default: break
        }
        if Self.reserved.contains(name) { throw CELIssue(offset: offset, message: "reserved identifier: \(name)") }
        let open = token.offset
        guard take("(") else { return CELNode(.identifier(name), at: offset) }
        let arguments = try self.arguments(closing: ")")
        return try CELMacros.function(name, arguments, at: open) ?? CELNode(.call(name, target: nil, arguments), at: open)
    }

    private mutating func list(_ start: CELToken) throws(CELIssue) -> CELNode {
        var elements: [CELNode] = []
        var optional: Set<Int> = []
        index += 1
        if start.kind == .symbol("[?") { optional.insert(0) }
        while !isSymbol("]") {
            if take("?") { optional.insert(elements.count) }
            elements.append(try expression())
            if !take(",") { break }
        }
        try expect("]")
        return CELNode(.list(elements, optional: optional), at: start.offset)
    }

    private mutating func map(_ start: CELToken) throws(CELIssue) -> CELNode {
        var entries: [(key: CELNode, value: CELNode)] = []
        var optional: Set<Int> = []
        index += 1
        while !isSymbol("}") {
            if take("?") { optional.insert(entries.count) }
            let key = try expression()
            try expect(":")
            entries.append((key, try expression()))
            if !take(",") { break }
        }
        try expect("}")
        return CELNode(.map(entries, optional: optional), at: start.offset)
    }
}

/// Calls that are not functions.
enum CELMacros {
    static func function(_ name: String, _ arguments: [CELNode], at offset: Int) throws(CELIssue) -> CELNode? {
        guard name == "has", arguments.count == 1 else { return nil }
        guard case .select(let operand, let field, _, _) = arguments[0].kind else {
            throw CELIssue(offset: arguments[0].offset, message: "invalid argument to has() macro")
        }
        return CELNode(.select(operand, field, isTest: true, isOptional: false), at: offset)
    }

    static func method(_ name: String, _ target: CELNode, _ arguments: [CELNode], at offset: Int) throws(CELIssue) -> CELNode? {
        if case .identifier("cel") = target.kind, name == "bind", arguments.count == 3 {
            return CELNode(.bind(try variable(arguments[0]), arguments[1], arguments[2]), at: offset)
        }
        if name == "optMap" || name == "optFlatMap", arguments.count == 2 {
            return CELNode(
                .optionalMap(target, variable: try variable(arguments[0]), arguments[1], isFlat: name == "optFlatMap"), at: offset
            )
        }
        guard let macro = CELNode.Macro(rawValue: name), arguments.count == 2 || (macro == .map && arguments.count == 3) else {
            return nil
        }
        return CELNode(
            .macro(macro, range: target, variable: try variable(arguments[0]), Array(arguments.dropFirst())), at: offset)
    }

    private static func variable(_ node: CELNode) throws(CELIssue) -> String {
        guard case .identifier(let name) = node.kind else {
            throw CELIssue(offset: node.offset, message: "argument must be a simple name")
        }
        return name
    }
}
