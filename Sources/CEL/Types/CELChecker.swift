import KubernetesTypes

/// Finds the type of every part of an expression and refuses what can never be right.
struct CELChecker {
    private var variables: [String: CELType]

    init(variables: [String: CELType]) { self.variables = variables }

    private static let typeNames: Set<String> = [
        "bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type",
    ]
    /// Names before a dot that belong to a function and are no variables.
    static let namespaces: Set<String> = ["sets", "ip", "format", "optional"]

    mutating func check(_ node: CELNode) throws(CELIssue) -> CELType {
        switch node.kind {
        case .literal(let value): return value.runtimeType
        case .identifier(let name):
            if let type = variables[name] { return type }
            if Self.typeNames.contains(name) { return .type }
            throw undeclared(name, node.offset)
        case .select(let operand, let field, let isTest, let isOptional):
            return try select(node, operand, field, isTest: isTest, isOptional: isOptional)
        case .call(let name, let target, let arguments): return try call(node, name, target, arguments)
        case .list(let elements, let optional): return .list(try joined(elements, optional))
        case .map(let entries, let optional):
            return .map(try joined(entries.map(\.key), []), try joined(entries.map(\.value), optional))
        case .macro(let macro, let range, let variable, let bodies): return try self.macro(node, macro, range, variable, bodies)
        case .bind(let name, let value, let body):
            return try scoped(name, try check(value)) { checker throws(CELIssue) in try checker.check(body) }
        case .optionalMap(let target, let variable, let body, let isFlat):
            let type = try check(target)
            let inner: CELType = if case .optional(let value) = type { value } else { .any }
            let result = try scoped(variable, inner) { checker throws(CELIssue) in try checker.check(body) }
            return isFlat ? result : .optional(result)
        }
    }

    private mutating func scoped(
        _ name: String, _ type: CELType, _ body: (inout CELChecker) throws(CELIssue) -> CELType
    ) throws(CELIssue) -> CELType {
        let outer = variables[name]
        variables[name] = type
        let result = try body(&self)
        variables[name] = outer
        return result
    }

    private func undeclared(_ name: String, _ offset: Int) -> CELIssue {
        CELIssue(offset: offset, message: "undeclared reference to '\(name)' (in container '')")
    }

    private mutating func joined(_ nodes: [CELNode], _ optional: Set<Int>) throws(CELIssue) -> CELType {
        var result: CELType?
        for (index, node) in nodes.enumerated() {
            var type = try check(node)
            if optional.contains(index), case .optional(let inner) = type { type = inner }
            if let known = result, known != type { result = .any } else if result == nil { result = type }
        }
        return result ?? .any
    }

    private mutating func select(
        _ node: CELNode, _ operand: CELNode, _ field: String, isTest: Bool, isOptional: Bool
    ) throws(CELIssue) -> CELType {
        var type = try check(operand)
        var wraps = isOptional
        if case .optional(let inner) = type {
            type = inner
            wraps = true
        }
        let found: CELType
        switch type {
        case .object(let object):
            guard let fieldType = object.fields[field] else {
                throw CELIssue(offset: isTest ? operand.offset : node.offset, message: "undefined field '\(field)'")
            }
            found = fieldType
        case .map(_, let value): found = value
        case .any, .parameter: found = .any
        default:
            throw CELIssue(offset: node.offset, message: "type '\(type)' does not support field selection")
        }
        if isTest { return .bool }
        return wraps ? .optional(found) : found
    }

    private mutating func call(_ node: CELNode, _ name: String, _ target: CELNode?, _ arguments: [CELNode]) throws(CELIssue)
        -> CELType
    {
        var types: [CELType] = []
        for argument in arguments { types.append(try check(argument)) }
        var function = name
        var targetType: CELType?
        if let target {
            if case .identifier(let space) = target.kind, variables[space] == nil, Self.namespaces.contains(space) {
                function = "\(space).\(name)"
            } else {
                targetType = try check(target)
            }
        }
        if let order = ordering(function, types) { return order }
        guard let overloads = CELOverload.all[function] else { throw undeclared(function, node.offset) }
        var result: CELType?
        for overload in overloads
        where overload.parameters.count == types.count && (overload.target == nil) == (targetType == nil) {
            var bindings: [String: CELType] = [:]
            if let wanted = overload.target, let targetType, !wanted.accepts(targetType, &bindings) { continue }
            var fits = true
            for (wanted, type) in zip(overload.parameters, types) where fits { fits = wanted.accepts(type, &bindings) }
            guard fits else { continue }
            let candidate = overload.result.bound(bindings)
            if let known = result, known != candidate { result = .any } else { result = candidate }
        }
        guard let result else {
            let shown = (targetType.map { ["\($0)."] } ?? []).joined() + "(\(types.map(\.description).joined(separator: ", ")))"
            throw CELIssue(offset: node.offset, message: "found no matching overload for '\(function)' applied to '\(shown)'")
        }
        return result
    }

    /// Comparisons take numbers of any kind, and two values of any ordered type.
    private func ordering(_ name: String, _ types: [CELType]) -> CELType? {
        guard ["_<_", "_<=_", "_>_", "_>=_"].contains(name), types.count == 2 else { return nil }
        let numbers: Set<CELType> = [.int, .uint, .double]
        let ordered: Set<CELType> = [.bool, .int, .uint, .double, .string, .bytes, .timestamp, .duration]
        if types.contains(.any) { return .bool }
        if numbers.contains(types[0]), numbers.contains(types[1]) { return .bool }
        return ordered.contains(types[0]) && types[0] == types[1] ? .bool : nil
    }

    private mutating func macro(
        _ node: CELNode, _ macro: CELNode.Macro, _ range: CELNode, _ variable: String, _ bodies: [CELNode]
    ) throws(CELIssue) -> CELType {
        let element: CELType
        switch try check(range) {
        case .list(let type): element = type
        case .map(let key, _): element = key
        case .object: element = .string
        case .any, .parameter: element = .any
        case let type:
            throw CELIssue(
                offset: range.offset,
                message: "expression of type '\(type)' cannot be range of a comprehension (must be list, map, or dynamic)")
        }
        return try scoped(variable, element) { checker throws(CELIssue) in
            var types: [CELType] = []
            for body in bodies { types.append(try checker.check(body)) }
            let predicate: CELType? = macro == .map && bodies.count == 1 ? nil : types[0]
            if let predicate, predicate != .bool, predicate != .any {
                throw CELIssue(offset: bodies[0].offset, message: "expected type 'bool' but found '\(predicate)'")
            }
            switch macro {
            case .all, .exists, .existsOne: return .bool
            case .filter: return .list(element)
            case .map: return .list(types[types.count - 1])
            }
        }
    }
}
