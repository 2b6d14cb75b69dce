import Synchronization

/// A regular expression in RE2's syntax, matched in time linear in the text.
///
/// Patterns come from users of the API (CRD `pattern`, `matches()` in rules), so an engine that backtracks would let one
/// manifest stop the server. A Pike machine over Unicode scalars; leftmost-first, as Go's `regexp`.
public struct RegularExpression: Sendable {
    public struct SyntaxError: Error, Sendable, CustomStringConvertible {
        /// `missing closing ): `(``, without Go's prefix.
        public var message: String
        public var description: String { "error parsing regexp: \(message)" }
    }

    public let pattern: String
    private let program: [RegexInstruction]
    private let captureCount: Int

    public init(_ pattern: String) throws(SyntaxError) {
        self.pattern = pattern
        var parser = RegexParser(pattern)
        let node = try parser.parse()
        captureCount = parser.captureCount
        program = try RegexCompiler.compile(node)
    }

    private static let cache = Mutex<[String: RegularExpression]>([:])

    /// Keeps the compiled forms of the patterns that were asked for last.
    public static func cached(_ pattern: String) throws(SyntaxError) -> RegularExpression {
        if let known = cache.withLock({ $0[pattern] }) { return known }
        let expression = try RegularExpression(pattern)
        cache.withLock { cache in
            if cache.count > 512 { cache.removeAll() }
            cache[pattern] = expression
        }
        return expression
    }

    /// Whether some part of the text matches.
    public func matches(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        return RegexMachine(program: program, slots: 2).run(scalars, from: 0, wantsCaptures: false) != nil
    }

    /// The groups of the first match at or after an offset in scalars; group 0 is the match.
    func firstMatch(in text: [Unicode.Scalar], from start: Int = 0) -> [Range<Int>?]? {
        let slots = (captureCount + 1) * 2
        guard let found = RegexMachine(program: program, slots: slots).run(text, from: start, wantsCaptures: true) else {
            return nil
        }
        return stride(from: 0, to: slots, by: 2).map { slot in
            found[slot] >= 0 && found[slot + 1] >= found[slot] ? found[slot]..<found[slot + 1] : nil
        }
    }

    /// The texts of the matches, at most `limit` of them (negative: all).
    public func findAll(in text: String, limit: Int = -1) -> [String] {
        let scalars = Array(text.unicodeScalars)
        var result: [String] = []
        var start = 0
        while start <= scalars.count, limit < 0 || result.count < limit, let match = firstMatch(in: scalars, from: start),
            let range = match.first ?? nil
        {
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars[range])
            result.append(String(view))
            start = range.isEmpty ? range.upperBound + 1 : range.upperBound
        }
        return result
    }
}

enum RegexAssertion: Sendable { case textStart, textEnd, lineStart, lineEnd, wordBoundary, notWordBoundary }

enum RegexInstruction: Sendable {
    case scalars(ScalarSet)
    case split(preferred: Int, other: Int)
    case jump(Int)
    case save(Int)
    case assert(RegexAssertion)
    case match
}

/// A set of scalars as sorted ranges.
struct ScalarSet: Sendable, Equatable {
    var ranges: [ClosedRange<UInt32>]

    static let all = ScalarSet(ranges: [0...0x10FFFF])
    static let notNewline = ScalarSet(ranges: [0...9, 11...0x10FFFF])
    static let digits = ScalarSet(ranges: [0x30...0x39])
    static let word = ScalarSet(ranges: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    static let space = ScalarSet(ranges: [9...10, 12...13, 32...32])

    func contains(_ scalar: UInt32) -> Bool {
        // Almost all sets have a handful of ranges.
        for range in ranges where range.contains(scalar) { return true }
        return false
    }

    var inverted: ScalarSet {
        var result: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in normalized.ranges {
            if range.lowerBound > next { result.append(next...(range.lowerBound - 1)) }
            next = range.upperBound + 1
        }
        if next <= 0x10FFFF { result.append(next...0x10FFFF) }
        return ScalarSet(ranges: result)
    }

    var normalized: ScalarSet {
        var result: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = result.last, range.lowerBound <= last.upperBound + 1 {
                result[result.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                result.append(range)
            }
        }
        return ScalarSet(ranges: result)
    }

    /// The set with the other case of its ASCII letters.
    var foldingCase: ScalarSet {
        var result = ranges
        for range in ranges {
            for (letters, shift) in [(UInt32(0x41)...UInt32(0x5A), Int32(32)), (UInt32(0x61)...UInt32(0x7A), Int32(-32))] {
                let low = max(range.lowerBound, letters.lowerBound)
                let high = min(range.upperBound, letters.upperBound)
                if low <= high { result.append(UInt32(Int32(low) + shift)...UInt32(Int32(high) + shift)) }
            }
        }
        return ScalarSet(ranges: result).normalized
    }
}

/// Runs a program over a text, all threads in step.
struct RegexMachine {
    let program: [RegexInstruction]
    let slots: Int

    private struct Threads {
        var order: [Int] = []
        var captures: [[Int]] = []
        /// The generation in which a program counter was last added.
        var marks: [Int]

        mutating func clear() {
            order.removeAll(keepingCapacity: true)
            captures.removeAll(keepingCapacity: true)
        }
    }

    func run(_ text: [Unicode.Scalar], from start: Int, wantsCaptures: Bool) -> [Int]? {
        var current = Threads(marks: Array(repeating: -1, count: program.count))
        var next = Threads(marks: Array(repeating: -1, count: program.count))
        var found: [Int]?
        var position = start
        while true {
            if found == nil {
                add(0, Array(repeating: -1, count: wantsCaptures ? slots : 0), text, position, &current, wantsCaptures)
            }
            if current.order.isEmpty, found != nil { break }
            next.clear()
            step: for (index, counter) in current.order.enumerated() {
                switch program[counter] {
                case .match:
                    found = current.captures[index]
                    if !wantsCaptures { return found }
                    // Threads after this one have a lower priority.
                    break step
                case .scalars(let set):
                    if position < text.count, set.contains(text[position].value) {
                        add(counter + 1, current.captures[index], text, position + 1, &next, wantsCaptures)
                    }
                default: break
                }
            }
            guard position < text.count else { break }
            position += 1
            swap(&current, &next)
        }
        return found
    }

    private func add(
        _ counter: Int, _ captures: [Int], _ text: [Unicode.Scalar], _ position: Int, _ threads: inout Threads,
        _ wantsCaptures: Bool
    ) {
        // An explicit stack: programs may be long chains of jumps.
        var stack: [(Int, [Int])] = [(counter, captures)]
        while let (counter, captures) = stack.popLast() {
            if threads.marks[counter] == position { continue }
            threads.marks[counter] = position
            switch program[counter] {
            case .jump(let target): stack.append((target, captures))
            case .split(let preferred, let other):
                stack.append((other, captures))
                stack.append((preferred, captures))
            case .save(let slot):
                var captures = captures
                if wantsCaptures { captures[slot] = position }
                stack.append((counter + 1, captures))
            case .assert(let assertion):
                if holds(assertion, text, position) { stack.append((counter + 1, captures)) }
            case .scalars, .match:
                threads.order.append(counter)
                threads.captures.append(captures)
            }
        }
    }

    private func holds(_ assertion: RegexAssertion, _ text: [Unicode.Scalar], _ position: Int) -> Bool {
        func isWord(_ index: Int) -> Bool { text.indices.contains(index) && ScalarSet.word.contains(text[index].value) }
        switch assertion {
        case .textStart: return position == 0
        case .textEnd: return position == text.count
        case .lineStart: return position == 0 || text[position - 1] == "\n"
        case .lineEnd: return position == text.count || text[position] == "\n"
        case .wordBoundary: return isWord(position - 1) != isWord(position)
        case .notWordBoundary: return isWord(position - 1) == isWord(position)
        }
    }
}
