import FoundationEssentials
import KubernetesTypes

/// Cells of custom resources: the value at a column's JSONPath, in the column's type.
enum CustomColumns {
    static func columns(_ version: JSONValue) -> [PrinterColumn] {
        let declared = version["additionalPrinterColumns"]?.array ?? []
        return declared.map { column in
            let path = column["jsonPath"]?.string ?? ""
            let description = column["description"]?.string ?? ""
            return PrinterColumn(
                name: column["name"]?.string ?? "", type: column["type"]?.string ?? "string",
                format: column["format"]?.string ?? "",
                description: description.isEmpty
                    ? "Custom resource definition column (in JSONPath format): \(path)" : description,
                priority: Int(column["priority"]?.integer ?? 0), jsonPath: path)
        }
    }

    static func cell(_ object: JSONValue, _ column: PrinterColumn, now: Date) -> JSONValue {
        let found = JSONPath.evaluate(column.jsonPath, on: object)
        guard let value = found.first, !value.isNull else { return .null }
        switch column.type {
        case "integer":
            if let number = value.integer { return .integer(number) }
            return value.string.flatMap { Int64($0) }.map { .integer($0) } ?? .null
        case "number": return value.number.map { .number($0) } ?? .null
        case "boolean": return value.bool.map { .bool($0) } ?? .null
        case "date":
            guard let text = value.string, let time = RFC3339.parse(text) else { return "<invalid>" }
            return .string(Ages.human(now.timeIntervalSince(time)))
        default:
            return .string(found.map(text).joined(separator: " "))
        }
    }

    private static func text(_ value: JSONValue) -> String {
        if case .string(let text) = value { return text }
        return JSONSerializer.string(value)
    }
}

/// The part of JSONPath that printer columns use: members, indices, wildcards and `[?(@.a=="b")]` filters.
enum JSONPath {
    static func evaluate(_ path: String, on root: JSONValue) -> [JSONValue] {
        var current = [root]
        for step in steps(path) {
            current = current.flatMap { apply(step, to: $0) }
        }
        return current
    }

    private enum Step {
        case member(String)
        case index(Int)
        case all
        case filter(path: [String], isEqual: Bool, value: String)
    }

    private static func apply(_ step: Step, to value: JSONValue) -> [JSONValue] {
        switch step {
        case .member(let name): return value[name].map { [$0] } ?? []
        case .index(let index):
            guard let elements = value.array else { return [] }
            let position = index < 0 ? elements.count + index : index
            return elements.indices.contains(position) ? [elements[position]] : []
        case .all: return value.array ?? value.object.map { $0.sorted { $0.key < $1.key }.map(\.value) } ?? []
        case .filter(let path, let isEqual, let wanted):
            return (value.array ?? []).filter { element in
                let found = element[path: path]
                let text = found?.string ?? found.map { JSONSerializer.string($0) }
                return (text == wanted) == isEqual
            }
        }
    }

    private static func steps(_ path: String) -> [Step] {
        var steps: [Step] = []
        var characters = Array(path)[...]
        if characters.first == "{", characters.last == "}" { characters = characters.dropFirst().dropLast() }
        if characters.first == "$" { characters = characters.dropFirst() }
        while let first = characters.first {
            characters = characters.dropFirst()
            if first == "." {
                var name = ""
                while let next = characters.first, next != ".", next != "[" {
                    characters = characters.dropFirst()
                    if next == "\\", let escaped = characters.first {
                        name.append(escaped)
                        characters = characters.dropFirst()
                    } else {
                        name.append(next)
                    }
                }
                if name == "*" { steps.append(.all) } else if !name.isEmpty { steps.append(.member(name)) }
            } else if first == "[" {
                var text = ""
                var quote: Character?
                while let next = characters.first {
                    characters = characters.dropFirst()
                    if let open = quote {
                        if next == open { quote = nil }
                    } else if next == "\"" || next == "'" {
                        quote = next
                    } else if next == "]" {
                        break
                    }
                    text.append(next)
                }
                if let step = bracket(text) { steps.append(step) }
            }
        }
        return steps
    }

    private static func bracket(_ text: String) -> Step? {
        if text == "*" { return .all }
        if let index = Int(text) { return .index(index) }
        if let first = text.first, first == "'" || first == "\"" { return .member(String(text.dropFirst().dropLast())) }
        guard text.hasPrefix("?(@."), text.hasSuffix(")") else { return nil }
        let expression = text.dropFirst(4).dropLast()
        for (word, isEqual) in [("==", true), ("!=", false)] {
            guard let range = expression.firstRange(of: word) else { continue }
            let path = expression[..<range.lowerBound].trimmed.split(separator: ".").map(String.init)
            let value = expression[range.upperBound...].trimmed
            let isQuoted = value.first == "'" || value.first == "\""
            return .filter(path: path, isEqual: isEqual, value: isQuoted ? String(value.dropFirst().dropLast()) : value)
        }
        return nil
    }
}
