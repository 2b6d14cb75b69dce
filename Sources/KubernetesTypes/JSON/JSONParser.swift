/// Why a text is not JSON.
public struct JSONParseError: Error, Sendable, Equatable {
    public enum Code: String, Sendable {
        case unexpectedEnd, invalidCharacter, invalidLiteral, invalidNumber, invalidEscape, invalidUTF8, controlCharacter,
            tooDeep,
            trailingCharacters
    }

    public var code: Code
    /// Bytes from the start of the text.
    public var offset: Int
    /// The byte that could not be there, where there is one.
    public var byte: UInt8?

    public init(code: Code, offset: Int, byte: UInt8? = nil) {
        self.code = code
        self.offset = offset
        self.byte = byte
    }
}

extension JSONParseError: CustomStringConvertible {
    public var description: String {
        let found = byte.map { $0 < 0x80 ? " '\(Character(UnicodeScalar($0)))'" : " byte \($0)" } ?? ""
        return "not JSON at byte \(offset): \(code.rawValue)\(found)"
    }
}

/// A parser for RFC 8259 texts over bytes.
///
/// Our own rather than Foundation's, because Kubernetes tells whole numbers from fractions, has to name fields that
/// occur twice, and reads every request and watch event through here.
public struct JSONParser {
    /// Deeper nesting is refused: it is an attack rather than an object.
    public static let maximumDepth = 512

    /// Paths of object members that occurred more than once (the last one counts), as `a.b[0].c`; kept only on request.
    public private(set) var duplicates: [String] = []

    private let bytes: UnsafeBufferPointer<UInt8>
    private var index = 0
    private let recordsDuplicates: Bool
    private var path: [String] = []

    private init(bytes: UnsafeBufferPointer<UInt8>, recordsDuplicates: Bool) {
        self.bytes = bytes
        self.recordsDuplicates = recordsDuplicates
    }

    /// Parses one document with nothing but white space around it.
    public static func parse(_ bytes: some Sequence<UInt8>) throws(JSONParseError) -> JSONValue {
        try parse(bytes, recordingDuplicates: false).value
    }

    /// Parses one document and tells which members occurred twice.
    public static func parse(
        _ bytes: some Sequence<UInt8>, recordingDuplicates: Bool
    ) throws(JSONParseError) -> (value: JSONValue, duplicates: [String]) {
        let result = bytes.withContiguousStorageIfAvailable { run(on: $0, recordingDuplicates: recordingDuplicates) }
        return try (result ?? Array(bytes).withUnsafeBufferPointer { run(on: $0, recordingDuplicates: recordingDuplicates) })
            .get()
    }

    public static func parse(_ text: String) throws(JSONParseError) -> JSONValue {
        try parse(text.utf8)
    }

    private static func run(
        on buffer: UnsafeBufferPointer<UInt8>, recordingDuplicates: Bool
    ) -> Result<(value: JSONValue, duplicates: [String]), JSONParseError> {
        var parser = JSONParser(bytes: buffer, recordsDuplicates: recordingDuplicates)
        do throws(JSONParseError) {
            let value = try parser.document()
            return .success((value, parser.duplicates))
        } catch {
            return .failure(error)
        }
    }

    private mutating func document() throws(JSONParseError) -> JSONValue {
        skipWhitespace()
        let value = try self.value(depth: 0)
        skipWhitespace()
        if index < bytes.count { throw failure(.trailingCharacters) }
        return value
    }

    private func failure(_ code: JSONParseError.Code) -> JSONParseError {
        index < bytes.count
            ? JSONParseError(code: code, offset: index, byte: bytes[index])
            : JSONParseError(code: .unexpectedEnd, offset: index)
    }

    private mutating func skipWhitespace() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x0A, 0x0D, 0x09: index += 1
            default: return
            }
        }
    }

    private mutating func value(depth: Int) throws(JSONParseError) -> JSONValue {
        guard index < bytes.count else { throw failure(.unexpectedEnd) }
        guard depth < Self.maximumDepth else { throw failure(.tooDeep) }
        switch bytes[index] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw failure(.invalidCharacter)
        }
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONParseError) -> JSONValue {
        for offset in 0..<word.utf8CodeUnitCount {
            guard index < bytes.count, bytes[index] == word.utf8Start[offset] else { throw failure(.invalidLiteral) }
            index += 1
        }
        return value
    }

    private mutating func object(depth: Int) throws(JSONParseError) -> JSONValue {
        index += 1
        var members: [String: JSONValue] = [:]
        skipWhitespace()
        if index < bytes.count, bytes[index] == UInt8(ascii: "}") {
            index += 1
            return .object(members)
        }
        while true {
            skipWhitespace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { throw failure(.invalidCharacter) }
            let key = try string()
            skipWhitespace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else { throw failure(.invalidCharacter) }
            index += 1
            skipWhitespace()
            if recordsDuplicates { path.append(path.isEmpty ? key : "." + key) }
            let value = try self.value(depth: depth + 1)
            if members.updateValue(value, forKey: key) != nil, recordsDuplicates { duplicates.append(path.joined()) }
            if recordsDuplicates { path.removeLast() }
            skipWhitespace()
            guard index < bytes.count else { throw failure(.unexpectedEnd) }
            switch bytes[index] {
            case UInt8(ascii: ","): index += 1
            case UInt8(ascii: "}"):
                index += 1
                return .object(members)
            default: throw failure(.invalidCharacter)
            }
        }
    }

    private mutating func array(depth: Int) throws(JSONParseError) -> JSONValue {
        index += 1
        var elements: [JSONValue] = []
        skipWhitespace()
        if index < bytes.count, bytes[index] == UInt8(ascii: "]") {
            index += 1
            return .array(elements)
        }
        while true {
            skipWhitespace()
            if recordsDuplicates { path.append("[\(elements.count)]") }
            elements.append(try value(depth: depth + 1))
            if recordsDuplicates { path.removeLast() }
            skipWhitespace()
            guard index < bytes.count else { throw failure(.unexpectedEnd) }
            switch bytes[index] {
            case UInt8(ascii: ","): index += 1
            case UInt8(ascii: "]"):
                index += 1
                return .array(elements)
            default: throw failure(.invalidCharacter)
            }
        }
    }

    private mutating func number() throws(JSONParseError) -> JSONValue {
        let start = index
        var isWhole = true
        if bytes[index] == UInt8(ascii: "-") { index += 1 }
        guard index < bytes.count, isDigit(bytes[index]) else { throw failure(.invalidNumber) }
        if bytes[index] == UInt8(ascii: "0") { index += 1 } else { skipDigits() }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            isWhole = false
            index += 1
            guard index < bytes.count, isDigit(bytes[index]) else { throw failure(.invalidNumber) }
            skipDigits()
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: "e") || bytes[index] == UInt8(ascii: "E") {
            isWhole = false
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") { index += 1 }
            guard index < bytes.count, isDigit(bytes[index]) else { throw failure(.invalidNumber) }
            skipDigits()
        }
        let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<index]), as: UTF8.self)
        if isWhole, let whole = Int64(text) { return .integer(whole) }
        guard let fraction = Double(text), fraction.isFinite else {
            throw JSONParseError(code: .invalidNumber, offset: start, byte: bytes[start])
        }
        return .number(fraction)
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private mutating func skipDigits() {
        while index < bytes.count, isDigit(bytes[index]) { index += 1 }
    }

    private mutating func string() throws(JSONParseError) -> String {
        index += 1
        let start = index
        while index < bytes.count, bytes[index] != UInt8(ascii: "\""), bytes[index] != UInt8(ascii: "\\"), bytes[index] >= 0x20 {
            index += 1
        }
        guard index < bytes.count else { throw failure(.unexpectedEnd) }
        if bytes[index] == UInt8(ascii: "\"") {
            let text = try validated(bytes[start..<index], at: start)
            index += 1
            return text
        }
        return try stringWithEscapes(from: start)
    }

    private func validated(_ slice: Slice<UnsafeBufferPointer<UInt8>>, at start: Int) throws(JSONParseError) -> String {
        // Invalid UTF-8 becomes U+FFFD, as Go's decoder does it; nothing is refused for it here.
        String(decoding: UnsafeBufferPointer(rebasing: slice), as: UTF8.self)
    }

    private mutating func stringWithEscapes(from start: Int) throws(JSONParseError) -> String {
        var output = Array(bytes[start..<index])
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return String(decoding: output, as: UTF8.self)
            case UInt8(ascii: "\\"):
                index += 1
                try escape(into: &output)
            case 0..<0x20: throw failure(.controlCharacter)
            default:
                output.append(byte)
                index += 1
            }
        }
        throw failure(.unexpectedEnd)
    }

    private mutating func escape(into output: inout [UInt8]) throws(JSONParseError) {
        guard index < bytes.count else { throw failure(.unexpectedEnd) }
        let byte = bytes[index]
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(byte)
        case UInt8(ascii: "b"): output.append(0x08)
        case UInt8(ascii: "f"): output.append(0x0C)
        case UInt8(ascii: "n"): output.append(0x0A)
        case UInt8(ascii: "r"): output.append(0x0D)
        case UInt8(ascii: "t"): output.append(0x09)
        case UInt8(ascii: "u"):
            index += 1
            let scalar = try unicodeEscape()
            output.append(contentsOf: String(Character(scalar)).utf8)
            return
        default: throw failure(.invalidEscape)
        }
        index += 1
    }

    /// `\uXXXX`, with a low surrogate behind a high one; a lone surrogate becomes U+FFFD as in Go.
    private mutating func unicodeEscape() throws(JSONParseError) -> UnicodeScalar {
        let replacement: UnicodeScalar = "\u{FFFD}"
        let first = try fourHexDigits()
        guard (0xD800...0xDBFF).contains(first) else { return UnicodeScalar(first) ?? replacement }
        let isPairPossible =
            index + 1 < bytes.count && bytes[index] == UInt8(ascii: "\\") && bytes[index + 1] == UInt8(ascii: "u")
        guard isPairPossible else { return replacement }
        let mark = index
        index += 2
        let second = try fourHexDigits()
        guard (0xDC00...0xDFFF).contains(second) else {
            index = mark
            return replacement
        }
        return UnicodeScalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)) ?? replacement
    }

    private mutating func fourHexDigits() throws(JSONParseError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard index < bytes.count, let digit = Character(UnicodeScalar(bytes[index])).hexDigitValue else {
                throw failure(.invalidEscape)
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }
}
