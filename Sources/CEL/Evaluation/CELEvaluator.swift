import KubernetesTypes

/// Walks a tree and computes its value, counting what it costs.
struct CELEvaluator {
    /// What may still be spent: one for each step, more for work in proportion to the size of texts and lists.
    private(set) var remaining: Int

    init(remaining: Int) { self.remaining = remaining }

    typealias Scope = [String: CELValue]

    mutating func spend(_ cost: Int) throws(CELError) {
        remaining -= cost
        guard remaining >= 0 else {
            throw CELError(.costLimit, "operation cancelled: actual cost limit exceeded")
        }
    }

    mutating func value(of node: CELNode, _ scope: inout Scope) throws(CELError) -> CELValue {
        switch node.kind {
        case .literal(let value): return value
        case .identifier(let name):
            try spend(1)
            if let value = scope[name] { return value }
            return .type(Self.typeNamed(name))
        case .select(let operand, let field, let isTest, let isOptional):
            return try select(operand, field, isTest: isTest, isOptional: isOptional, &scope)
        case .call(let name, let target, let arguments): return try call(name, target, arguments, &scope)
        case .list(let elements, let optional):
            var result: [CELValue] = []
            try spend(10)
            for (index, element) in elements.enumerated() {
                let value = try self.value(of: element, &scope)
                if optional.contains(index) {
                    if case .optional(let inner?) = value { result.append(inner) }
                } else {
                    result.append(value)
                }
            }
            return .list(result)
        case .map(let entries, let optional): return try map(entries, optional, &scope)
        case .macro(let macro, let range, let variable, let bodies): return try self.macro(macro, range, variable, bodies, &scope)
        case .bind(let name, let value, let body):
            let bound = try self.value(of: value, &scope)
            return try scoped(name, bound, &scope) { evaluator, scope throws(CELError) in try evaluator.value(of: body, &scope) }
        case .optionalMap(let target, let variable, let body, let isFlat):
            guard case .optional(let inner) = try value(of: target, &scope), let inner else { return .optional(nil) }
            let result = try scoped(variable, inner, &scope) { evaluator, scope throws(CELError) in
                try evaluator.value(of: body, &scope)
            }
            return isFlat ? result : .optional(result)
        }
    }

    private static func typeNamed(_ name: String) -> CELType {
        switch name {
        case "bool": .bool
        case "int": .int
        case "uint": .uint
        case "double": .double
        case "string": .string
        case "bytes": .bytes
        case "list": .list(.any)
        case "map": .map(.any, .any)
        case "null_type": .null
        default: .type
        }
    }

    private mutating func scoped(
        _ name: String, _ value: CELValue, _ scope: inout Scope,
        _ body: (inout CELEvaluator, inout Scope) throws(CELError) -> CELValue
    ) throws(CELError) -> CELValue {
        let outer = scope[name]
        scope[name] = value
        defer { scope[name] = outer }
        return try body(&self, &scope)
    }

    private mutating func select(
        _ operand: CELNode, _ field: String, isTest: Bool, isOptional: Bool, _ scope: inout Scope
    ) throws(CELError) -> CELValue {
        try spend(1)
        var target = try value(of: operand, &scope)
        var wraps = isOptional
        if case .optional(let inner) = target {
            guard let inner else { return isTest ? .bool(false) : .optional(nil) }
            target = inner
            wraps = true
        }
        let found = target.member(.string(field))
        if isTest { return .bool(found != nil) }
        if wraps { return .optional(found) }
        guard let found else {
            switch target {
            case .object, .map: throw .evaluation("no such key: \(field)")
            default: throw .evaluation("no such overload")
            }
        }
        return found
    }

    private mutating func map(
        _ entries: [(key: CELNode, value: CELNode)], _ optional: Set<Int>, _ scope: inout Scope
    ) throws(CELError) -> CELValue {
        var result: [CELValue: CELValue] = [:]
        try spend(30)
        for (index, entry) in entries.enumerated() {
            let key = try value(of: entry.key, &scope)
            let value = try value(of: entry.value, &scope)
            if optional.contains(index) {
                if case .optional(let inner?) = value { result[key] = inner }
            } else {
                guard result.updateValue(value, forKey: key) == nil else { throw .evaluation("duplicate map key") }
            }
        }
        return .map(result)
    }

    private mutating func call(
        _ name: String, _ target: CELNode?, _ arguments: [CELNode], _ scope: inout Scope
    ) throws(CELError) -> CELValue {
        switch name {
        case "_&&_": return try logic(arguments, decidedBy: false, &scope)
        case "_||_": return try logic(arguments, decidedBy: true, &scope)
        case "_?_:_":
            guard case .bool(let condition) = try value(of: arguments[0], &scope) else { throw .evaluation("no such overload") }
            return try value(of: condition ? arguments[1] : arguments[2], &scope)
        default: break
        }
        try spend(1)
        var function = name
        var values: [CELValue] = []
        if let target {
            if case .identifier(let space) = target.kind, scope[space] == nil, CELChecker.namespaces.contains(space) {
                function = "\(space).\(name)"
            } else {
                values.append(try value(of: target, &scope))
            }
        }
        for argument in arguments { values.append(try value(of: argument, &scope)) }
        try spend(CELCost.ofCall(function, values))
        return try CELFunctions.call(function, values)
    }

    /// Either side may decide, even where the other fails.
    private mutating func logic(_ arguments: [CELNode], decidedBy decisive: Bool, _ scope: inout Scope) throws(CELError)
        -> CELValue
    {
        var failure: CELError?
        for argument in arguments {
            do throws(CELError) {
                guard case .bool(let flag) = try value(of: argument, &scope) else { throw .evaluation("no such overload") }
                if flag == decisive { return .bool(decisive) }
            } catch {
                if error.code == .costLimit { throw error }
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return .bool(!decisive)
    }

    private mutating func macro(
        _ macro: CELNode.Macro, _ range: CELNode, _ variable: String, _ bodies: [CELNode], _ scope: inout Scope
    ) throws(CELError) -> CELValue {
        let elements: [CELValue]
        switch try value(of: range, &scope) {
        case .list(let list): elements = list
        case .map(let entries): elements = Array(entries.keys)
        case .object(let members): elements = members.keys.sorted().map(CELValue.string)
        default: throw .evaluation("no such overload")
        }
        let outer = scope[variable]
        defer { scope[variable] = outer }
        var result: [CELValue] = []
        var count = 0
        var failure: CELError?
        for element in elements {
            try spend(2)
            scope[variable] = element
            do throws(CELError) {
                if macro == .map, bodies.count == 1 {
                    result.append(try value(of: bodies[0], &scope))
                    continue
                }
                guard case .bool(let holds) = try value(of: bodies[0], &scope) else { throw .evaluation("no such overload") }
                switch macro {
                case .all: if !holds { return .bool(false) }
                case .exists: if holds { return .bool(true) }
                case .existsOne: count += holds ? 1 : 0
                case .filter: if holds { result.append(element) }
                case .map: if holds { result.append(try value(of: bodies[1], &scope)) }
                }
            } catch {
                // A later element may still decide `all` and `exists`.
                guard macro == .all || macro == .exists, error.code != .costLimit else { throw error }
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        switch macro {
        case .all: return .bool(true)
        case .exists: return .bool(false)
        case .existsOne: return .bool(count == 1)
        case .map, .filter: return .list(result)
        }
    }
}

/// What calls cost besides their step, after cel-go's cost model.
enum CELCost {
    static func ofCall(_ name: String, _ arguments: [CELValue]) -> Int {
        func size(_ index: Int) -> Int {
            guard arguments.indices.contains(index) else { return 0 }
            switch arguments[index] {
            case .string(let text): return text.utf8.count
            case .bytes(let bytes): return bytes.count
            case .list(let elements): return elements.count
            case .map(let entries): return entries.count
            case .object(let members): return members.count
            default: return 0
            }
        }
        switch name {
        case "matches", "find", "findAll": return (size(0) / 10 + 1) * (size(1) / 4 + 1)
        case "contains": return size(0) / 10 * max(1, size(1) / 10)
        case "_+_", "startsWith", "endsWith", "lowerAscii", "upperAscii", "replace", "split", "substring", "trim", "indexOf",
            "lastIndexOf", "join":
            return (size(0) + size(1)) / 10
        case "@in": return size(1)
        case "sets.contains", "sets.equivalent", "sets.intersects": return size(0) * size(1)
        case "isSorted", "sum", "min", "max", "_==_", "_!=_": return size(0) / 10
        default: return 0
        }
    }
}
