/// Functions of lists and maps, and of lists as sets.
enum CELLists {
    static func call(_ name: String, _ arguments: [CELValue]) throws(CELError) -> CELValue? {
        switch (name, arguments.first) {
        case ("size", .list(let elements)?): return .int(Int64(elements.count))
        case ("size", .map(let entries)?): return .int(Int64(entries.count))
        case ("size", .object(let members)?): return .int(Int64(members.count))
        case ("size", .bytes(let bytes)?): return .int(Int64(bytes.count))
        case (_, .list(let elements)?): return try list(name, elements, Array(arguments.dropFirst()))
        default: return nil
        }
    }

    private static func list(_ name: String, _ elements: [CELValue], _ arguments: [CELValue]) throws(CELError) -> CELValue? {
        switch name {
        case "isSorted":
            for (one, two) in zip(elements, elements.dropFirst()) {
                guard let order = CELValue.order(one, two) else { throw CELFunctions.noOverload }
                if order > 0 { return .bool(false) }
            }
            return .bool(true)
        case "sum":
            guard var total = elements.first else { return .int(0) }
            for element in elements.dropFirst() { total = try CELArithmetic.apply("_+_", total, element) }
            return total
        case "min", "max":
            guard var best = elements.first else { throw .evaluation("\(name) called on empty list") }
            for element in elements.dropFirst() {
                guard let order = CELValue.order(element, best) else { throw CELFunctions.noOverload }
                if name == "min" ? order < 0 : order > 0 { best = element }
            }
            return best
        case "indexOf":
            guard let wanted = arguments.first else { return nil }
            return .int(Int64(elements.firstIndex { CELValue.areEqual($0, wanted) } ?? -1))
        case "lastIndexOf":
            guard let wanted = arguments.first else { return nil }
            return .int(Int64(elements.lastIndex { CELValue.areEqual($0, wanted) } ?? -1))
        case "join":
            let texts = elements.compactMap(\.string)
            guard texts.count == elements.count else { throw CELFunctions.noOverload }
            return .string(texts.joined(separator: arguments.first?.string ?? ""))
        case "sets.contains", "sets.equivalent", "sets.intersects":
            guard case .list(let others)? = arguments.first else { return nil }
            func isIn(_ element: CELValue, _ list: [CELValue]) -> Bool { list.contains { CELValue.areEqual($0, element) } }
            switch name {
            case "sets.contains": return .bool(others.allSatisfy { isIn($0, elements) })
            case "sets.intersects": return .bool(others.contains { isIn($0, elements) })
            default: return .bool(others.allSatisfy { isIn($0, elements) } && elements.allSatisfy { isIn($0, others) })
            }
        default: return nil
        }
    }
}

/// Functions of times and durations.
enum CELTimes {
    static func call(_ name: String, _ arguments: [CELValue]) -> CELValue? {
        switch (name, arguments.first) {
        case ("timestamp", .string(let text)?): return CELTimestamp(text).map(CELValue.timestamp)
        case ("timestamp", .int(let seconds)?): return .timestamp(CELTimestamp(nanoseconds: seconds &* 1_000_000_000))
        case ("timestamp", .timestamp?), ("duration", .duration?): return arguments[0]
        case ("duration", .string(let text)?): return CELDuration(text).map(CELValue.duration)
        case ("duration", .int(let nanoseconds)?): return .duration(CELDuration(nanoseconds: nanoseconds))
        case (_, .timestamp(let time)?):
            return time.part(name, zone: arguments.count > 1 ? arguments[1].string ?? "" : "").map(CELValue.int)
        case (_, .duration(let duration)?):
            switch name {
            case "getHours": return .int(duration.nanoseconds / 3_600_000_000_000)
            case "getMinutes": return .int(duration.nanoseconds / 60_000_000_000)
            case "getSeconds": return .int(duration.nanoseconds / 1_000_000_000)
            case "getMilliseconds": return .int(duration.nanoseconds / 1_000_000 % 1000)
            default: return nil
            }
        default: return nil
        }
    }
}
