/// What the `tokenizers` library knows of a code point, in two lookups.
///
/// The Swift standard library follows a newer Unicode than that library does, and the library itself follows several at
/// once, so its answers are embedded (`UnicodeTablesData`) and parsed once.
struct UnicodeTables: Sendable {
    /// Facts that are a yes or no.
    struct Properties: OptionSet, Sendable {
        var rawValue: UInt8
        static let removed = Properties(rawValue: 1 << 0)
        static let blanked = Properties(rawValue: 1 << 1)
        static let ideograph = Properties(rawValue: 1 << 2)
        static let nonspacingMark = Properties(rawValue: 1 << 3)
        static let whitespace = Properties(rawValue: 1 << 4)
        static let punctuation = Properties(rawValue: 1 << 5)
        static let wordCharacter = Properties(rawValue: 1 << 6)
        /// Decomposes, or has a combining class: worth asking `decomposition` and `combiningClass`.
        static let normalizes = Properties(rawValue: 1 << 7)
    }

    static let shared = UnicodeTables()

    private static let blockShift: UInt32 = 8
    private var blockOf: [UInt16]
    private var blocks: [UInt8]
    private var decompositions: [UInt32: [UInt32]]
    private var lowercases: [UInt32: [UInt32]]
    private var combiningClasses: [UInt32: UInt8]

    @inline(__always)
    func properties(_ scalar: UInt32) -> Properties {
        let block = Int(blockOf[Int(scalar >> Self.blockShift)])
        return Properties(rawValue: blocks[block << Int(Self.blockShift) | Int(scalar & 0xFF)])
    }

    /// Canonical combining class; 0 for starters.
    func combiningClass(_ scalar: UInt32) -> UInt8 { combiningClasses[scalar] ?? 0 }

    /// Appends the full canonical decomposition.
    func decompose(_ scalar: UInt32, into output: inout [UInt32]) {
        let syllable = scalar &- 0xAC00
        if syllable < 11172 {
            output.append(0x1100 + syllable / 588)
            output.append(0x1161 + syllable % 588 / 28)
            if syllable % 28 != 0 { output.append(0x11A7 + syllable % 28) }
        } else if let parts = decompositions[scalar] {
            output.append(contentsOf: parts)
        } else {
            output.append(scalar)
        }
    }

    /// Appends the lower-case form.
    func lowercase(_ scalar: UInt32, into output: inout [UInt32]) {
        if scalar < 0x80 {
            output.append(scalar &- 0x41 < 26 ? scalar | 0x20 : scalar)
        } else if let lower = lowercases[scalar] {
            output.append(contentsOf: lower)
        } else {
            output.append(scalar)
        }
    }

    private init() {
        var flat = [UInt8](repeating: 0, count: 0x110000)
        func mark(_ text: StaticString, _ property: Properties) {
            for word in Self.words(text) {
                for scalar in Self.range(word) { flat[Int(scalar)] |= property.rawValue }
            }
        }
        mark(UnicodeTablesData.removed, .removed)
        mark(UnicodeTablesData.blanked, .blanked)
        mark(UnicodeTablesData.ideograph, .ideograph)
        mark(UnicodeTablesData.nonspacingMark, .nonspacingMark)
        mark(UnicodeTablesData.whitespace, .whitespace)
        mark(UnicodeTablesData.punctuation, .punctuation)
        mark(UnicodeTablesData.wordCharacter, .wordCharacter)

        decompositions = Self.mapping(UnicodeTablesData.decomposition)
        lowercases = Self.mapping(UnicodeTablesData.lowercase)
        combiningClasses = [:]
        var currentClass: UInt8 = 0
        for word in Self.words(UnicodeTablesData.combiningClass) {
            if word.last == UInt8(ascii: ":") {
                currentClass = word.dropLast().reduce(0) { $0 * 10 + ($1 - UInt8(ascii: "0")) }
            } else {
                for scalar in Self.range(word) { combiningClasses[scalar] = currentClass }
            }
        }
        let normalizing = Array(decompositions.keys) + Array(combiningClasses.keys) + Array(0xAC00...0xD7A3)
        for scalar in normalizing { flat[Int(scalar)] |= Properties.normalizes.rawValue }

        // Most blocks of 256 are alike (unassigned, ideographs): keep each distinct one once.
        blockOf = []
        blocks = []
        var known: [ArraySlice<UInt8>: UInt16] = [:]
        for start in stride(from: 0, to: flat.count, by: 256) {
            let block = flat[start..<start + 256]
            if let index = known[block] {
                blockOf.append(index)
            } else {
                let index = UInt16(blocks.count / 256)
                known[block] = index
                blockOf.append(index)
                blocks.append(contentsOf: block)
            }
        }
    }

    private typealias Word = Slice<UnsafeBufferPointer<UInt8>>

    private static func words(_ text: StaticString) -> [Word] {
        UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
            .split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
    }

    private static func hexadecimal(_ text: Word) -> UInt32 {
        text.reduce(0) { $0 << 4 | UInt32($1 <= UInt8(ascii: "9") ? $1 - UInt8(ascii: "0") : $1 - UInt8(ascii: "A") + 10) }
    }

    private static func range(_ word: Word) -> ClosedRange<UInt32> {
        let ends = word.split(separator: UInt8(ascii: "-"))
        return hexadecimal(ends[0])...hexadecimal(ends[ends.count - 1])
    }

    private static func mapping(_ text: StaticString) -> [UInt32: [UInt32]] {
        var result: [UInt32: [UInt32]] = [:]
        for word in words(text) {
            let sides = word.split(separator: UInt8(ascii: "="))
            result[hexadecimal(sides[0])] = sides[1].split(separator: UInt8(ascii: "+")).map(hexadecimal)
        }
        return result
    }
}
