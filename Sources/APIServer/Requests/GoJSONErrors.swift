import KubernetesTypes

/// Says what is wrong with a JSON text in the words of Go's `encoding/json`, which clients see from upstream.
enum GoJSONErrors {
    static func typeName(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool: "bool"
        case .integer, .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    /// - Parameter bytes: a text that is not JSON.
    static func describe(_ bytes: [UInt8]) -> String {
        var scanner = Scanner(bytes: bytes)
        return scanner.problem() ?? "unexpected end of JSON input"
    }

    private struct Scanner {
        let bytes: [UInt8]
        var index = 0
        private var depth = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func problem() -> String? {
            if let problem = value() { return problem }
            skipSpace()
            return index < bytes.count ? unexpected("after top-level value") : nil
        }

        private mutating func skipSpace() {
            while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
        }

        private var end: String { "unexpected end of JSON input" }

        private func unexpected(_ context: String) -> String {
            guard index < bytes.count else { return end }
            return "invalid character \(Self.quoted(bytes[index])) \(context)"
        }

        static func quoted(_ byte: UInt8) -> String {
            switch byte {
            case UInt8(ascii: "'"): "'\\''"
            case UInt8(ascii: "\""): "'\"'"
            case 0x0A: "'\\n'"
            case 0x0D: "'\\r'"
            case 0x09: "'\\t'"
            case 0x20..<0x7F: "'\(Character(UnicodeScalar(byte)))'"
            default: "'\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16) + "'"
            }
        }

        private mutating func value() -> String? {
            skipSpace()
            guard index < bytes.count else { return end }
            switch bytes[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                // As deep as the parser goes: what is deeper was refused for that, and would exhaust the stack here.
                guard depth < JSONParser.maximumDepth else { return "exceeded max depth" }
                depth += 1
                defer { depth -= 1 }
                return bytes[index] == UInt8(ascii: "{") ? object() : array()
            case UInt8(ascii: "\""): return string()
            case UInt8(ascii: "t"): return literal("true")
            case UInt8(ascii: "f"): return literal("false")
            case UInt8(ascii: "n"): return literal("null")
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                while index < bytes.count, "+-.eE0123456789".utf8.contains(bytes[index]) { index += 1 }
                return nil
            default: return unexpected("looking for beginning of value")
            }
        }

        private mutating func literal(_ word: String) -> String? {
            for byte in word.utf8 {
                guard index < bytes.count else { return end }
                guard bytes[index] == byte else { return unexpected("in literal \(word) (expecting \(Self.quoted(byte)))") }
                index += 1
            }
            return nil
        }

        private mutating func string() -> String? {
            index += 1
            while index < bytes.count {
                let byte = bytes[index]
                if byte == UInt8(ascii: "\"") {
                    index += 1
                    return nil
                }
                if byte < 0x20 { return unexpected("in string literal") }
                if byte == UInt8(ascii: "\\") {
                    index += 1
                    guard index < bytes.count else { return end }
                    guard "\"\\/bfnrtu".utf8.contains(bytes[index]) else { return unexpected("in string escape code") }
                }
                index += 1
            }
            return end
        }

        private mutating func object() -> String? {
            index += 1
            skipSpace()
            if index < bytes.count, bytes[index] == UInt8(ascii: "}") {
                index += 1
                return nil
            }
            while true {
                skipSpace()
                guard index < bytes.count else { return end }
                guard bytes[index] == UInt8(ascii: "\"") else { return unexpected("looking for beginning of object key string") }
                if let problem = string() { return problem }
                skipSpace()
                guard index < bytes.count else { return end }
                guard bytes[index] == UInt8(ascii: ":") else { return unexpected("after object key") }
                index += 1
                if let problem = value() { return problem }
                skipSpace()
                guard index < bytes.count else { return end }
                if bytes[index] == UInt8(ascii: "}") {
                    index += 1
                    return nil
                }
                guard bytes[index] == UInt8(ascii: ",") else { return unexpected("after object key:value pair") }
                index += 1
            }
        }

        private mutating func array() -> String? {
            index += 1
            skipSpace()
            if index < bytes.count, bytes[index] == UInt8(ascii: "]") {
                index += 1
                return nil
            }
            while true {
                if let problem = value() { return problem }
                skipSpace()
                guard index < bytes.count else { return end }
                if bytes[index] == UInt8(ascii: "]") {
                    index += 1
                    return nil
                }
                guard bytes[index] == UInt8(ascii: ",") else { return unexpected("after array element") }
                index += 1
            }
        }
    }
}
