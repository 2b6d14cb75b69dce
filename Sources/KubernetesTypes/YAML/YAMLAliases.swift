import Yams

/// What the aliases of a text could make of it: a few hundred bytes can stand for more than any memory holds.
enum YAMLAliases {
    static let excess = YAMLParseError(line: nil, message: "document contains excessive aliasing")

    /// Refuses texts that the library must not be given, by what can be counted without knowing where words begin and end.
    ///
    /// The library shares what aliases repeat, and yet takes nested lists apart one within the other, through however many aliases
    /// they are nested, and compares keys of maps with all that is in them.
    static func check(_ text: String) throws(YAMLParseError) {
        guard text.utf8.contains(UInt8(ascii: "*")), text.utf8.contains(UInt8(ascii: "&")) else { return }
        let counts = YAMLCounts(text)
        let levels = min(counts.anchors, counts.aliases)
        guard levels > 0 else { return }
        // On a way down through aliases each bracket is passed once, and each anchor's indentation.
        guard 2 * counts.brackets + levels * 2 * (counts.indentation + 1) <= 8000 else { throw excess }
        if counts.mayHaveKeys, growth(levels, counts.aliases) * Double(text.utf8.count) > 1e8 { throw excess }
    }

    /// The most that aliases can multiply a text by: as many levels as there are anchors, each with its share of the aliases.
    private static func growth(_ levels: Int, _ aliases: Int) -> Double {
        var most = 1.0
        for count in 1...min(levels, 40) {
            let share = Double(aliases) / Double(count)
            most = max(most, (0..<count).reduce(1.0) { product, _ in product * share })
        }
        return most
    }

    /// Refuses a document whose aliases expand to much more than what stands in the text.
    struct Meter {
        private var nodes: Int
        private var characters: Int

        /// - Parameter bytes: the length of the text. Without aliases no text has more nodes than bytes.
        init(bytes: Int) {
            nodes = bytes + 100_000
            characters = 2 * bytes + 10_000_000
        }

        mutating func count(_ node: Yams.Node, depth: Int = 0) throws(YAMLParseError) {
            guard depth < YAML.maximumDepth else { throw YAML.nestedTooDeeply(node) }
            nodes -= 1
            guard nodes > 0 else { throw excess }
            switch node {
            case .scalar(let scalar):
                characters -= scalar.string.utf8.count
                guard characters > 0 else { throw excess }
            case .sequence(let sequence):
                for element in sequence { try count(element, depth: depth + 1) }
            case .mapping(let mapping):
                for (key, value) in mapping {
                    try count(key, depth: depth + 1)
                    try count(value, depth: depth + 1)
                }
            case .alias: break
            }
        }
    }
}

/// Upper bounds: what stands in comments and quotes is counted as well.
private struct YAMLCounts {
    /// Anchors that something refers to.
    var anchors = 0
    /// What refers to them.
    var aliases = 0
    var brackets = 0
    /// The longest beginning of a line that can nest something.
    var indentation = 0
    /// Whether lists and maps could be keys.
    var mayHaveKeys = false

    init(_ text: String) {
        var text = text
        text.withUTF8 { count($0) }
    }

    private mutating func count(_ bytes: UnsafeBufferPointer<UInt8>) {
        var names: [[UInt8]: (anchors: Int, aliases: Int)] = [:]
        var isBeginning = true
        var column = 0
        var previous = UInt8(ascii: "\n")
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "&"): names[Self.name(bytes, after: index), default: (0, 0)].anchors += 1
            case UInt8(ascii: "*"):
                let name = Self.name(bytes, after: index)
                names[name, default: (0, 0)].aliases += 1
                if Self.isKey(bytes, endingAt: index + name.count) { mayHaveKeys = true }
            case UInt8(ascii: "["): brackets += 1
            case UInt8(ascii: "{"):
                brackets += 1
                mayHaveKeys = true
            case UInt8(ascii: "]"): if Self.isKey(bytes, endingAt: index) { mayHaveKeys = true }
            case UInt8(ascii: "?"): if previous >= 0x80 || " \t\r\n[{,:]}\"'".utf8.contains(previous) { mayHaveKeys = true }
            default: break
            }
            // Some characters beyond ASCII end lines as well.
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") || byte >= 0x80 {
                isBeginning = true
                column = 0
            } else if isBeginning, " \t-?:".utf8.contains(byte) {
                column += 1
                indentation = max(indentation, column)
            } else {
                isBeginning = false
            }
            previous = byte
        }
        for (name, count) in names where !name.isEmpty && count.anchors > 0 && count.aliases > 0 {
            anchors += count.anchors
            aliases += count.aliases
        }
    }

    /// The name of an anchor or alias.
    private static func name(_ bytes: UnsafeBufferPointer<UInt8>, after index: Int) -> [UInt8] {
        Array(
            bytes[(index + 1)...].prefix { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            })
    }

    private static func isKey(_ bytes: UnsafeBufferPointer<UInt8>, endingAt index: Int) -> Bool {
        bytes[(index + 1)...].first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") } == UInt8(ascii: ":")
    }
}
