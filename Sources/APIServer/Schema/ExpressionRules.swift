import CEL
import KubernetesTypes

/// The rules of a schema in the expression language, compiled once, and their evaluation over objects.
final class ExpressionRules: Sendable {
    /// A rule that compiled.
    private struct Compiled: Sendable {
        var rule: ValidationRule
        var program: CELProgram
        var message: CELProgram?
        /// Rules about the change: they need the old value.
        var isTransition: Bool
        /// The type of the value that the rule is about.
        var type: CELType
    }

    private struct Node: Sendable {
        var rules: [Compiled] = []
    }

    let hasRules: Bool
    private let schema: StructuralSchema
    private let nodes: [ObjectIdentifier: Node]

    init(_ schema: StructuralSchema) {
        self.schema = schema
        hasRules = schema.hasRules
        var nodes: [ObjectIdentifier: Node] = [:]
        if hasRules { Self.compile(schema, isRoot: true, into: &nodes) }
        self.nodes = nodes
    }

    private static func compile(_ schema: StructuralSchema, isRoot: Bool, into nodes: inout [ObjectIdentifier: Node]) {
        if !schema.rules.isEmpty {
            let type = CELType(schema: schema.source, isResourceRoot: isRoot)
            let compiled = schema.rules.compactMap { rule -> Compiled? in
                let variables = variables(type, rule)
                guard let program = try? CELProgram(rule.rule, variables: variables) else { return nil }
                let message = rule.messageExpression.isEmpty ? nil : try? CELProgram(rule.messageExpression, variables: variables)
                return Compiled(rule: rule, program: program, message: message, isTransition: program.uses("oldSelf"), type: type)
            }
            nodes[ObjectIdentifier(schema)] = Node(rules: compiled)
        }
        for property in schema.properties.values { compile(property, isRoot: false, into: &nodes) }
        if case .schema(let additional) = schema.additionalProperties { compile(additional, isRoot: false, into: &nodes) }
        if let items = schema.items { compile(items, isRoot: false, into: &nodes) }
    }

    static func variables(_ type: CELType, _ rule: ValidationRule) -> [String: CELType] {
        ["self": type, "oldSelf": rule.hasOptionalOldSelf ? .optional(type) : type]
    }

    func validate(_ object: JSONValue, old: JSONValue?) -> [FieldError] {
        var cost = CELProgram.totalCostLimit
        return visit(object, old, schema, path: "", &cost)
    }

    private func visit(
        _ value: JSONValue, _ old: JSONValue?, _ schema: StructuralSchema, path: String, _ cost: inout Int
    ) -> [FieldError] {
        guard schema.hasRules, !value.isNull || !schema.isNullable else { return [] }
        var errors: [FieldError] = []
        switch value {
        case .object(let members):
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                guard let property = schema.member(name) else { continue }
                let child: String
                if schema.properties[name] == nil {
                    child = "\(path)[\(name)]"
                } else {
                    child = ValueValidation.child(path, name)
                }
                errors += visit(member, old?[name], property, path: child, &cost)
            }
        case .array(let elements):
            guard let items = schema.items else { break }
            let correlated = ListCorrelation(old?.array, schema)
            for (index, element) in elements.enumerated() {
                errors += visit(element, correlated.match(element), items, path: "\(path)[\(index)]", &cost)
            }
        default: break
        }
        for rule in nodes[ObjectIdentifier(schema)]?.rules ?? [] {
            if let error = check(rule, value, old, path: path, &cost) { errors.append(error) }
        }
        return errors
    }

    private func check(_ compiled: Compiled, _ value: JSONValue, _ old: JSONValue?, path: String, _ cost: inout Int)
        -> FieldError?
    {
        let rule = compiled.rule
        if compiled.isTransition, old == nil, !rule.hasOptionalOldSelf { return nil }
        // What has not changed is not held to a rule that it already broke.
        if !compiled.isTransition, let old, old == value { return nil }
        var variables: [String: CELValue] = ["self": CELValue(value, type: compiled.type)]
        if compiled.isTransition || compiled.message?.uses("oldSelf") == true {
            let oldValue = old.map { CELValue($0, type: compiled.type) }
            variables["oldSelf"] = rule.hasOptionalOldSelf ? .optional(oldValue) : oldValue ?? .null
        }
        var limit = min(CELProgram.costLimit, cost)
        let before = limit
        defer { cost -= before - limit }
        do throws(CELError) {
            let result = try compiled.program.evaluate(variables, cost: &limit)
            if result.bool == true { return nil }
        } catch {
            return evaluationFailed(error, rule, value, path)
        }
        var message: String?
        if let expression = compiled.message, let text = try? expression.evaluate(variables, cost: &limit).string {
            let trimmed = text.filter { $0 != "\n" }
            if !trimmed.isEmpty, trimmed == text { message = text }
        }
        return failure(rule, message, value, path)
    }

    private func evaluationFailed(_ error: CELError, _ rule: ValidationRule, _ value: JSONValue, _ path: String) -> FieldError {
        let field = path.isEmpty ? "<nil>" : path
        if error.code == .costLimit {
            return FieldError(
                .invalid, field,
                message: "Invalid value: \"\(value.typeName)\": call cost exceeds limit evaluating rule: \(rule.rule)")
        }
        let what = rule.message.isEmpty ? rule.rule : rule.message
        return FieldError(
            .invalid, field, message: "Invalid value: \"\(value.typeName)\": \(error.message) evaluating rule: \(what)")
    }

    private func failure(_ rule: ValidationRule, _ expressed: String?, _ value: JSONValue, _ path: String) -> FieldError {
        var field = path
        if !rule.fieldPath.isEmpty { field += Self.childPath(rule.fieldPath) }
        if field.hasPrefix(".") { field.removeFirst() }
        if field.isEmpty { field = "<nil>" }
        let trimmed = rule.message.trimmingSpaces
        let message = expressed ?? (trimmed.isEmpty ? "failed rule: \(rule.rule)" : trimmed)
        switch FieldError.Reason(rawValue: rule.reason) {
        case .forbidden: return FieldError(.forbidden, field, message: "Forbidden: \(message)")
        case .required: return FieldError(.required, field, message: "Required value: \(message)")
        case .duplicate:
            return FieldError(
                .duplicate, field, message: Self.shownValue(value).map { "Duplicate value: \($0)" } ?? "Duplicate value")
        default:
            let shown = rule.fieldPath.isEmpty ? Self.shownValue(value) : nil
            return FieldError(.invalid, field, message: "Invalid value: \(shown.map { "\($0): " } ?? "")\(message)")
        }
    }

    /// Scalars are shown; objects and lists are left out of messages.
    private static func shownValue(_ value: JSONValue) -> String? {
        switch value {
        case .object, .array: nil
        default: FieldError.shown(value)
        }
    }

    /// `.a['b-c'].d` as a field path.
    private static func childPath(_ path: String) -> String {
        var result = ""
        var rest = Substring(path)
        while let first = rest.first {
            if rest.hasPrefix("['"), let end = rest.dropFirst(2).firstIndex(of: "'") {
                result += ".\(rest[rest.index(rest.startIndex, offsetBy: 2)..<end])"
                rest = rest[rest.index(after: end)...].dropFirst()
            } else {
                result.append(first)
                rest.removeFirst()
            }
        }
        return result
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        var text = Substring(self)
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
