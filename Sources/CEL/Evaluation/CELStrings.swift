import KubernetesTypes

/// Functions of strings. Positions count Unicode scalars.
enum CELStrings {
    static func call(_ name: String, _ arguments: [CELValue]) throws(CELError) -> CELValue? {
        guard case .string(let text)? = arguments.first else { return nil }
        let rest = arguments.dropFirst()
        let argument = rest.first?.string
        switch name {
        case "size": return .int(Int64(text.unicodeScalars.count))
        case "contains": return argument.map { .bool(find($0, in: text, from: 0) != nil || $0.isEmpty) }
        case "startsWith": return argument.map { .bool(Array(text.utf8).starts(with: $0.utf8)) }
        case "endsWith": return argument.map { .bool(Array(text.utf8.reversed()).starts(with: $0.utf8.reversed())) }
        case "matches": return .bool(try expression(argument).matches(text))
        case "find": return .string(try expression(argument).findAll(in: text, limit: 1).first ?? "")
        case "findAll":
            let limit: Int = if arguments.count > 2, case .int(let count) = arguments[2] { Int(count) } else { -1 }
            return .list(try expression(argument).findAll(in: text, limit: limit).map(CELValue.string))
        case "lowerAscii": return .string(mapped(text, 0x41...0x5A) { $0 + 32 })
        case "upperAscii": return .string(mapped(text, 0x61...0x7A) { $0 - 32 })
        case "trim": return .string(trimmed(text))
        case "charAt", "substring", "indexOf", "lastIndexOf": return try position(name, text, Array(rest))
        case "replace": return try replace(text, Array(rest))
        case "split": return argument.map { .list(split(text, $0, limit: limit(arguments, at: 2)).map(CELValue.string)) }
        case "format":
            guard case .list(let values)? = rest.first else { return nil }
            return .string(try CELFormatting.format(text, values))
        default: return nil
        }
    }

    private static func expression(_ pattern: String?) throws(CELError) -> RegularExpression {
        guard let pattern else { throw CELFunctions.noOverload }
        do throws(RegularExpression.SyntaxError) {
            return try RegularExpression.cached(pattern)
        } catch {
            throw .evaluation(error.description)
        }
    }

    private static func limit(_ arguments: [CELValue], at index: Int) -> Int {
        if arguments.count > index, case .int(let count) = arguments[index] { return Int(count) }
        return -1
    }

    private static func mapped(_ text: String, _ range: ClosedRange<UInt32>, _ change: (UInt32) -> UInt32) -> String {
        var view = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            view.append(range.contains(scalar.value) ? Unicode.Scalar(change(scalar.value)) ?? scalar : scalar)
        }
        return String(view)
    }

    private static func trimmed(_ text: String) -> String {
        var scalars = Substring(text).unicodeScalars
        while scalars.first?.properties.isWhitespace == true { scalars.removeFirst() }
        while scalars.last?.properties.isWhitespace == true { scalars.removeLast() }
        return String(scalars)
    }

    private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    private static func find(_ needle: String, in text: String, from start: Int) -> Int? {
        let scalars = Array(text.unicodeScalars)
        let wanted = Array(needle.unicodeScalars)
        guard scalars.count >= wanted.count else { return nil }
        var index = start
        while index <= scalars.count - wanted.count {
            if scalars[index..<index + wanted.count].elementsEqual(wanted) { return index }
            index += 1
        }
        return nil
    }

    private static func position(_ name: String, _ text: String, _ arguments: [CELValue]) throws(CELError) -> CELValue? {
        let scalars = Array(text.unicodeScalars)
        func int(_ index: Int) -> Int? {
            if arguments.count > index, case .int(let value) = arguments[index] { return Int(clamping: value) }
            return nil
        }
        switch name {
        case "charAt":
            guard let index = int(0) else { return nil }
            guard (0...scalars.count).contains(index) else { throw .evaluation("index out of range: \(index)") }
            return .string(index == scalars.count ? "" : string(scalars[index...index]))
        case "substring":
            guard let start = int(0) else { return nil }
            let end = int(1) ?? scalars.count
            guard (0...scalars.count).contains(start), (0...scalars.count).contains(end) else {
                throw .evaluation("index out of range: \((0...scalars.count).contains(start) ? end : start)")
            }
            guard start <= end else { throw .evaluation("invalid substring range. start: \(start), end: \(end)") }
            return .string(string(scalars[start..<end]))
        case "indexOf":
            guard let needle = arguments.first?.string else { return nil }
            let start = int(1) ?? 0
            guard (0...scalars.count).contains(start) else { throw .evaluation("index out of range: \(start)") }
            return .int(Int64(find(needle, in: text, from: start) ?? -1))
        default:
            guard let needle = arguments.first?.string.map({ Array($0.unicodeScalars) }) else { return nil }
            let end = int(1) ?? scalars.count
            guard (0...scalars.count).contains(end) else { throw .evaluation("index out of range: \(end)") }
            var index = min(end, scalars.count - needle.count)
            while index >= 0 {
                if scalars[index..<index + needle.count].elementsEqual(needle) { return .int(Int64(index)) }
                index -= 1
            }
            return .int(-1)
        }
    }

    private static func replace(_ text: String, _ arguments: [CELValue]) throws(CELError) -> CELValue? {
        guard arguments.count >= 2, let old = arguments[0].string, let new = arguments[1].string else { return nil }
        let limit = limit(arguments, at: 2)
        let parts = split(text, old, limit: limit < 0 ? -1 : limit + 1)
        return .string(parts.joined(separator: new))
    }

    private static func split(_ text: String, _ separator: String, limit: Int) -> [String] {
        if limit == 0 { return [] }
        let scalars = Array(text.unicodeScalars)
        let count = separator.unicodeScalars.count
        var result: [String] = []
        if count == 0 {
            let pieces = limit < 0 ? scalars.count : min(limit, scalars.count)
            for index in 0..<max(0, pieces) {
                result.append(string(index == pieces - 1 ? scalars[index...] : scalars[index...index]))
            }
            return result
        }
        var start = 0
        while limit < 0 || result.count < limit - 1, let found = find(separator, in: text, from: start) {
            result.append(string(scalars[start..<found]))
            start = found + count
        }
        return result + [string(scalars[start...])]
    }
}

/// `format()` of strings: `%s`, `%d`, `%f`, `%e`, `%b`, `%x`, `%X`, `%o`.
enum CELFormatting {
    static func format(_ text: String, _ values: [CELValue]) throws(CELError) -> String {
        var result = ""
        var rest = Substring(text)
        var arguments = values[...]
        while let mark = rest.firstIndex(of: "%") {
            result += rest[..<mark]
            rest = rest[rest.index(after: mark)...]
            if rest.first == "%" {
                result += "%"
                rest.removeFirst()
                continue
            }
            var precision = 6
            if rest.first == "." {
                rest.removeFirst()
                let digits = rest.prefix { $0.isASCII && $0.isNumber }
                precision = Int(digits) ?? 6
                rest = rest.dropFirst(digits.count)
            }
            guard let verb = rest.popFirst() else {
                throw .evaluation("could not parse formatting clause: unexpected end of string")
            }
            guard let value = arguments.popFirst() else { throw .evaluation("index \(values.count) out of range") }
            result += try shown(value, verb, precision)
        }
        return result + rest
    }

    private static func shown(_ value: CELValue, _ verb: Character, _ precision: Int) throws(CELError) -> String {
        switch (verb, value) {
        case ("s", _): return plain(value)
        case ("d", .int), ("d", .uint): return plain(value)
        case ("f", _), ("e", _):
            guard let number = value.number else { throw CELFunctions.noOverload }
            return fixed(number, min(precision, 30))
        case ("b", .int(let number)): return String(number, radix: 2)
        case ("b", .bool(let flag)): return flag ? "1" : "0"
        case ("o", .int(let number)): return String(number, radix: 8)
        case ("x", .int(let number)): return String(number, radix: 16)
        case ("X", .int(let number)): return String(number, radix: 16, uppercase: true)
        case ("x", .string(let text)):
            return text.utf8.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
        default: throw .evaluation("unrecognized formatting clause \"\(verb)\"")
        }
    }

    private static func fixed(_ number: Double, _ digits: Int) -> String {
        let scale = (0..<digits).reduce(1.0) { product, _ in product * 10 }
        let scaled = (abs(number) * scale).rounded()
        guard scaled < 9e18 else { return String(number) }
        let whole = String(Int64(scaled))
        let padded = String(repeating: "0", count: max(0, digits + 1 - whole.count)) + whole
        let sign = number < 0 && scaled > 0 ? "-" : ""
        return digits == 0 ? sign + padded : "\(sign)\(padded.dropLast(digits)).\(padded.suffix(digits))"
    }

    private static func plain(_ value: CELValue) -> String {
        switch value {
        case .list(let elements): "[\(elements.map(plain).joined(separator: ", "))]"
        case .map, .object:
            "{\(value.entries.map { "\(plain($0)): \(plain($1))" }.sorted().joined(separator: ", "))}"
        default: value.text ?? ""
        }
    }
}
