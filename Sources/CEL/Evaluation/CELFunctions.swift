import KubernetesTypes

/// The functions of the language: operators, conversions, optional values. Libraries are in files of their own.
enum CELFunctions {
    static let noOverload = CELError.evaluation("no such overload")

    static func call(_ name: String, _ arguments: [CELValue]) throws(CELError) -> CELValue {
        if let value = try operators(name, arguments) { return value }
        if let value = try conversions(name, arguments) { return value }
        if let value = try optionals(name, arguments) { return value }
        if let value = try CELStrings.call(name, arguments) { return value }
        if let value = try CELLists.call(name, arguments) { return value }
        if let value = try CELKubernetes.call(name, arguments) { return value }
        if let value = CELTimes.call(name, arguments) { return value }
        throw noOverload
    }

    private static func operators(_ name: String, _ arguments: [CELValue]) throws(CELError) -> CELValue? {
        guard let left = arguments.first else { return nil }
        let right = arguments.count > 1 ? arguments[1] : .null
        switch name {
        case "_==_": return .bool(CELValue.areEqual(left, right))
        case "_!=_": return .bool(!CELValue.areEqual(left, right))
        case "_<_", "_<=_", "_>_", "_>=_":
            guard let order = CELValue.order(left, right) else { throw noOverload }
            return .bool(name == "_<_" ? order < 0 : name == "_<=_" ? order <= 0 : name == "_>_" ? order > 0 : order >= 0)
        case "!_":
            guard case .bool(let flag) = left else { throw noOverload }
            return .bool(!flag)
        case "-_":
            switch left {
            case .int(let value):
                guard value != .min else { throw .evaluation("integer overflow") }
                return .int(-value)
            case .double(let value): return .double(-value)
            default: throw noOverload
            }
        case "_+_", "_-_", "_*_", "_/_", "_%_": return try CELArithmetic.apply(name, left, right)
        case "@in":
            switch right {
            case .list(let elements): return .bool(elements.contains { CELValue.areEqual($0, left) })
            case .map, .object: return .bool(right.member(left) != nil)
            default: throw noOverload
            }
        case "_[_]": return try index(left, right)
        case "_[?_]":
            if case .optional(let inner) = left {
                return .optional(try inner.flatMap { value throws(CELError) in try? index(value, right) })
            }
            return .optional(try? index(left, right))
        default: return nil
        }
    }

    private static func index(_ container: CELValue, _ key: CELValue) throws(CELError) -> CELValue {
        switch container {
        case .list(let elements):
            guard let number = key.number, let index = Int(exactly: number) else { throw noOverload }
            guard elements.indices.contains(index) else { throw .evaluation("index out of bounds: \(index)") }
            return elements[index]
        case .map, .object:
            guard let value = container.member(key) else { throw .evaluation("no such key: \(key.text ?? "")") }
            return value
        case .optional(let inner):
            guard let inner else { return .optional(nil) }
            return .optional(try? index(inner, key))
        default: throw noOverload
        }
    }

    private static func conversions(_ name: String, _ arguments: [CELValue]) throws(CELError) -> CELValue? {
        guard arguments.count == 1, let value = arguments.first else { return nil }
        switch (name, value) {
        case ("dyn", _): return value
        case ("type", _): return .type(value.runtimeType)
        case ("int", .int), ("uint", .uint), ("double", .double), ("bool", .bool), ("bytes", .bytes): return value
        case ("int", .uint(let number)): return try Int64(exactly: number).map(CELValue.int).orThrow("unsigned integer overflow")
        case ("int", .double(let number)):
            return try Int64(exactly: number.rounded(.towardZero)).map(CELValue.int).orThrow("integer overflow")
        case ("int", .string(let text)):
            return try Int64(text).map(CELValue.int).orThrow("strconv.ParseInt: parsing \"\(text)\": invalid syntax")
        case ("int", .timestamp(let time)): return .int(time.nanoseconds / 1_000_000_000)
        case ("int", .duration(let duration)): return .int(duration.nanoseconds)
        case ("uint", .int(let number)):
            return try UInt64(exactly: number).map(CELValue.uint).orThrow("unsigned integer overflow")
        case ("uint", .double(let number)):
            return try UInt64(exactly: number.rounded(.towardZero)).map(CELValue.uint).orThrow("unsigned integer overflow")
        case ("uint", .string(let text)):
            return try UInt64(text).map(CELValue.uint).orThrow("strconv.ParseUint: parsing \"\(text)\": invalid syntax")
        case ("double", .string(let text)):
            return try Double(text).map(CELValue.double).orThrow("strconv.ParseFloat: parsing \"\(text)\": invalid syntax")
        case ("double", _): return try value.number.map(CELValue.double).orThrow("no such overload")
        case ("bool", .string(let text)):
            switch text {
            case "true", "True", "TRUE", "t", "1": return .bool(true)
            case "false", "False", "FALSE", "f", "0": return .bool(false)
            default: throw .evaluation("strconv.ParseBool: parsing \"\(text)\": invalid syntax")
            }
        case ("bytes", .string(let text)): return .bytes(Array(text.utf8))
        case ("string", _): return try value.text.map(CELValue.string).orThrow("no such overload")
        default: return nil
        }
    }

    private static func optionals(_ name: String, _ arguments: [CELValue]) throws(CELError) -> CELValue? {
        switch name {
        case "optional.none": return .optional(nil)
        case "optional.of": return .optional(arguments.first)
        case "optional.ofNonZeroValue": return .optional(arguments.first.flatMap { isZero($0) ? CELValue?.none : $0 })
        default: break
        }
        guard case .optional(let inner)? = arguments.first else { return nil }
        switch name {
        case "hasValue": return .bool(inner != nil)
        case "value": return try inner.orThrow("optional.none() dereference")
        case "or": return inner != nil ? arguments[0] : arguments[1]
        case "orValue": return inner ?? arguments[1]
        default: return nil
        }
    }

    private static func isZero(_ value: CELValue) -> Bool {
        switch value {
        case .null: true
        case .bool(let flag): !flag
        case .string(let text): text.isEmpty
        case .bytes(let bytes): bytes.isEmpty
        case .list(let elements): elements.isEmpty
        case .map(let entries): entries.isEmpty
        case .object(let members): members.isEmpty
        default: value.number == 0
        }
    }
}

extension Optional where Wrapped == CELValue {
    func orThrow(_ message: String) throws(CELError) -> CELValue {
        guard let self else { throw .evaluation(message) }
        return self
    }
}

/// Arithmetic that overflows with an error instead of wrapping.
enum CELArithmetic {
    static func apply(_ name: String, _ left: CELValue, _ right: CELValue) throws(CELError) -> CELValue {
        switch (left, right) {
        case (.int(let one), .int(let two)): return .int(try integer(name, one, two, "integer overflow"))
        case (.uint(let one), .uint(let two)): return .uint(try integer(name, one, two, "unsigned integer overflow"))
        case (.double(let one), .double(let two)):
            switch name {
            case "_+_": return .double(one + two)
            case "_-_": return .double(one - two)
            case "_*_": return .double(one * two)
            case "_/_": return .double(one / two)
            default: throw CELFunctions.noOverload
            }
        default: break
        }
        switch (name, left, right) {
        case ("_+_", .string(let one), .string(let two)): return .string(one + two)
        case ("_+_", .bytes(let one), .bytes(let two)): return .bytes(one + two)
        case ("_+_", .list(let one), .list(let two)): return .list(one + two)
        case ("_+_", .timestamp(let time), .duration(let duration)), ("_+_", .duration(let duration), .timestamp(let time)):
            return .timestamp(
                CELTimestamp(nanoseconds: try integer("_+_", time.nanoseconds, duration.nanoseconds, "timestamp overflow")))
        case ("_+_", .duration(let one), .duration(let two)):
            return .duration(CELDuration(nanoseconds: try integer("_+_", one.nanoseconds, two.nanoseconds, "duration overflow")))
        case ("_-_", .timestamp(let one), .timestamp(let two)):
            return .duration(CELDuration(nanoseconds: try integer("_-_", one.nanoseconds, two.nanoseconds, "duration overflow")))
        case ("_-_", .timestamp(let time), .duration(let duration)):
            return .timestamp(
                CELTimestamp(nanoseconds: try integer("_-_", time.nanoseconds, duration.nanoseconds, "timestamp overflow")))
        case ("_-_", .duration(let one), .duration(let two)):
            return .duration(CELDuration(nanoseconds: try integer("_-_", one.nanoseconds, two.nanoseconds, "duration overflow")))
        default: throw CELFunctions.noOverload
        }
    }

    private static func integer<T: FixedWidthInteger>(_ name: String, _ one: T, _ two: T, _ overflow: String) throws(CELError)
        -> T
    {
        let result: (partialValue: T, overflow: Bool)
        switch name {
        case "_+_": result = one.addingReportingOverflow(two)
        case "_-_": result = one.subtractingReportingOverflow(two)
        case "_*_": result = one.multipliedReportingOverflow(by: two)
        case "_/_":
            guard two != 0 else { throw .evaluation("division by zero") }
            result = one.dividedReportingOverflow(by: two)
        default:
            guard two != 0 else { throw .evaluation("modulus by zero") }
            result = one.remainderReportingOverflow(dividingBy: two)
        }
        guard !result.overflow else { throw .evaluation(overflow) }
        return result.partialValue
    }
}
