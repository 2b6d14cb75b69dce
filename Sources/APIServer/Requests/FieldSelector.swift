import KubernetesTypes

/// Which field values objects must have: `metadata.name=x,status.phase!=Running`.
struct FieldSelector: Sendable, Equatable {
    struct Term: Sendable, Equatable {
        var field: String
        var isEqual: Bool
        var value: String
    }

    var terms: [Term] = []

    var isEmpty: Bool { terms.isEmpty }

    /// The one name that can match, if there is one.
    var name: String? { terms.first { $0.field == "metadata.name" && $0.isEqual }?.value }

    /// - Throws: 400 when the text is no selector or names a field that cannot be selected by.
    static func parse(_ text: String, for definition: ResourceDefinition) throws(APIError) -> FieldSelector {
        var terms: [Term] = []
        for clause in split(text) where !clause.isEmpty {
            guard let term = term(clause) else {
                throw .badRequest("invalid selector: '\(text)'; can't understand '\(clause)'")
            }
            terms.append(term)
        }
        for term in terms where term.field != "metadata.name" && term.field != "metadata.namespace" {
            guard !definition.selectableFields.contains(term.field) else { continue }
            throw .badRequest(unsupported(term.field, definition))
        }
        return FieldSelector(terms: terms)
    }

    private static func unsupported(_ field: String, _ definition: ResourceDefinition) -> String {
        if definition.custom != nil { return "field label not supported: \(field)" }
        return SelectableFields.hasOwnConversion(definition)
            ? SelectableFields.message(field, definition)
            : "\"\(field)\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
    }

    /// At commas that are not escaped.
    private static func split(_ text: String) -> [String] {
        var clauses: [String] = [""]
        var isEscaped = false
        for character in text {
            if isEscaped {
                clauses[clauses.count - 1].append(contentsOf: "\\\(character)")
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "," {
                clauses.append("")
            } else {
                clauses[clauses.count - 1].append(character)
            }
        }
        return clauses
    }

    private static func term(_ clause: String) -> Term? {
        let characters = Array(clause)
        for index in characters.indices where characters[index] == "=" || characters[index] == "!" {
            let field = String(characters[..<index])
            func value(after count: Int) -> String { unescaped(String(characters[(index + count)...])) }
            if characters[index] == "!" {
                guard index + 1 < characters.count, characters[index + 1] == "=" else { continue }
                return Term(field: field, isEqual: false, value: value(after: 2))
            }
            let isDouble = index + 1 < characters.count && characters[index + 1] == "="
            return Term(field: field, isEqual: true, value: value(after: isDouble ? 2 : 1))
        }
        return nil
    }

    private static func unescaped(_ text: String) -> String {
        text.replacing("\\,", with: ",").replacing("\\=", with: "=").replacing("\\\\", with: "\\")
    }

    func matches(_ object: StoredObject, _ definition: ResourceDefinition) -> Bool {
        var parsed: JSONValue?
        return terms.allSatisfy { term in
            let actual: String
            switch term.field {
            case "metadata.name": actual = object.name
            case "metadata.namespace": actual = object.namespace
            default:
                let value = parsed ?? object.value
                parsed = value
                actual = SelectableFields.value(term.field, of: value, definition)
            }
            return (actual == term.value) == term.isEqual
        }
    }
}
