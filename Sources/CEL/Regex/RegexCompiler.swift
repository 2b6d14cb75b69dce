/// Turns the tree into a program for the machine.
struct RegexCompiler {
    private var program: [RegexInstruction] = []

    /// Larger programs are refused, as RE2 refuses them.
    private static let maximumSize = 30_000

    static func compile(_ node: RegexNode) throws(RegularExpression.SyntaxError) -> [RegexInstruction] {
        var compiler = RegexCompiler()
        compiler.program.append(.save(0))
        try compiler.emit(node)
        compiler.program.append(.save(1))
        compiler.program.append(.match)
        return compiler.program
    }

    private mutating func emit(_ node: RegexNode) throws(RegularExpression.SyntaxError) {
        guard program.count < Self.maximumSize else {
            throw RegularExpression.SyntaxError(message: "expression too large")
        }
        switch node {
        case .empty: break
        case .set(let set): program.append(.scalars(set))
        case .assertion(let assertion): program.append(.assert(assertion))
        case .sequence(let nodes): for node in nodes { try emit(node) }
        case .alternatives(let branches): try emitAlternatives(branches)
        case .capture(let node, let index):
            program.append(.save(index * 2))
            try emit(node)
            program.append(.save(index * 2 + 1))
        case .repeated(let node, let minimum, let maximum, let isGreedy):
            for _ in 0..<minimum { try emit(node) }
            if let maximum {
                try emitOptional(node, count: maximum - minimum, isGreedy: isGreedy)
            } else {
                try emitLoop(node, isGreedy: isGreedy)
            }
        }
    }

    private mutating func emitAlternatives(_ branches: [RegexNode]) throws(RegularExpression.SyntaxError) {
        var jumps: [Int] = []
        for (index, branch) in branches.enumerated() {
            guard index < branches.count - 1 else {
                try emit(branch)
                break
            }
            let split = program.count
            program.append(.match)
            try emit(branch)
            jumps.append(program.count)
            program.append(.match)
            program[split] = .split(preferred: split + 1, other: program.count)
        }
        for jump in jumps { program[jump] = .jump(program.count) }
    }

    private mutating func emitLoop(_ node: RegexNode, isGreedy: Bool) throws(RegularExpression.SyntaxError) {
        let split = program.count
        program.append(.match)
        try emit(node)
        program.append(.jump(split))
        program[split] =
            isGreedy ? .split(preferred: split + 1, other: program.count) : .split(preferred: program.count, other: split + 1)
    }

    private mutating func emitOptional(_ node: RegexNode, count: Int, isGreedy: Bool) throws(RegularExpression.SyntaxError) {
        var splits: [Int] = []
        for _ in 0..<max(0, count) {
            splits.append(program.count)
            program.append(.match)
            try emit(node)
        }
        for split in splits {
            program[split] =
                isGreedy ? .split(preferred: split + 1, other: program.count) : .split(preferred: program.count, other: split + 1)
        }
    }
}

/// Named character classes. Of Unicode's, the ASCII and Latin part and the large scripts: what names and words are made of.
enum UnicodeClasses {
    static let posix: [String: ScalarSet] = [
        "alnum": ScalarSet(ranges: [0x30...0x39, 0x41...0x5A, 0x61...0x7A]),
        "alpha": ScalarSet(ranges: [0x41...0x5A, 0x61...0x7A]),
        "ascii": ScalarSet(ranges: [0...0x7F]), "blank": ScalarSet(ranges: [9...9, 32...32]),
        "cntrl": ScalarSet(ranges: [0...0x1F, 0x7F...0x7F]), "digit": .digits, "graph": ScalarSet(ranges: [0x21...0x7E]),
        "lower": ScalarSet(ranges: [0x61...0x7A]), "print": ScalarSet(ranges: [0x20...0x7E]),
        "punct": ScalarSet(ranges: [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E]),
        "space": ScalarSet(ranges: [9...13, 32...32]),
        "upper": ScalarSet(ranges: [0x41...0x5A]), "word": .word,
        "xdigit": ScalarSet(ranges: [0x30...0x39, 0x41...0x46, 0x61...0x66]),
    ]

    /// A general category, computed from the standard library's tables.
    static func set(_ name: String) -> ScalarSet? {
        let accepts: @Sendable (Unicode.Scalar) -> Bool
        switch name {
        case "L": accepts = { $0.properties.isAlphabetic && !isNumberLetter($0) }
        case "Lu": accepts = { $0.properties.generalCategory == .uppercaseLetter }
        case "Ll": accepts = { $0.properties.generalCategory == .lowercaseLetter }
        case "N": accepts = { [.decimalNumber, .letterNumber, .otherNumber].contains($0.properties.generalCategory) }
        case "Nd": accepts = { $0.properties.generalCategory == .decimalNumber }
        case "Z", "Zs": accepts = { $0.properties.generalCategory == .spaceSeparator }
        case "P":
            accepts = {
                [
                    .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
                    .finalPunctuation, .otherPunctuation,
                ].contains($0.properties.generalCategory)
            }
        case "S":
            accepts = {
                [.mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol].contains($0.properties.generalCategory)
            }
        default: return nil
        }
        var ranges: [ClosedRange<UInt32>] = []
        for value in UInt32(0)...0x2FFFF {
            guard let scalar = Unicode.Scalar(value), accepts(scalar) else { continue }
            if let last = ranges.last, last.upperBound + 1 == value {
                ranges[ranges.count - 1] = last.lowerBound...value
            } else {
                ranges.append(value...value)
            }
        }
        return ScalarSet(ranges: ranges)
    }

    private static func isNumberLetter(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .letterNumber
    }
}
