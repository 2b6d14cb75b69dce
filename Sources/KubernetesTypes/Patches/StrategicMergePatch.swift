/// Strategic merge patch: a merge patch that merges lists by their elements' keys, with directives to delete, replace and order.
///
/// Upstream's `apimachinery/pkg/util/strategicpatch/patch.go` is the reference, order of list elements included.
public enum StrategicMergePatch {
    private static let directive = "$patch"
    private static let retainKeys = "$retainKeys"
    private static let deletePrefix = "$deleteFromPrimitiveList/"
    private static let orderPrefix = "$setElementOrder/"

    /// - Parameter type: the type of the object, which says how its lists merge.
    public static func apply(_ patch: JSONValue, to original: JSONValue, type: FieldType) throws(PatchError) -> JSONValue {
        guard case .object(let changes) = patch else {
            throw PatchError(.malformed, "json: cannot unmarshal \(patch.typeName) into Go value of type map[string]interface {}")
        }
        return .object(try mergeMaps(original.object ?? [:], changes, type))
    }

    private static func mergeMaps(
        _ original: [String: JSONValue], _ patch: [String: JSONValue], _ type: FieldType?
    ) throws(PatchError) -> [String: JSONValue] {
        if let directive = patch[Self.directive] { return try replacement(directive, patch) }
        var original = original
        var patch = patch
        try retain(&original, &patch)
        try order(&original, &patch, type)
        for (key, change) in patch {
            if key.hasPrefix(deletePrefix) {
                let name = String(key.dropFirst(deletePrefix.count))
                if case .array(let elements)? = original[name], case .array(let deleted) = change {
                    original[name] = .array(elements.filter { !deleted.contains($0) })
                }
                continue
            }
            if change.isNull {
                original[key] = nil
                continue
            }
            let field = type?.map?.fields[key]
            switch (original[key], change) {
            case (.object(let members)?, .object(let changes)):
                if field?.patchStrategies.contains("replace") == true {
                    original[key] = withoutDirectives(change)
                } else {
                    original[key] = .object(try mergeMaps(members, changes, type?.member(key)))
                }
            case (.array(let elements)?, .array(let changes)):
                original[key] = .array(try mergeLists(elements, changes, field))
            default:
                original[key] = withoutDirectives(change)
            }
        }
        return original
    }

    private static func replacement(_ directive: JSONValue, _ patch: [String: JSONValue]) throws(PatchError) -> [String:
        JSONValue]
    {
        switch directive.string {
        case "replace":
            var result = patch
            result[Self.directive] = nil
            return result
        case "delete": return [:]
        default:
            throw PatchError(
                .notApplicable, "unknown patch type: \(directive.goDescription) in map: \(JSONValue.object(patch).goDescription)")
        }
    }

    private static func retain(_ original: inout [String: JSONValue], _ patch: inout [String: JSONValue]) throws(PatchError) {
        guard let list = patch.removeValue(forKey: retainKeys) else { return }
        guard case .array(let elements) = list else {
            throw PatchError(.notApplicable, "invalid patch format of retainKeys")
        }
        let kept = Set(elements.compactMap(\.string))
        for key in patch.keys where key != directive && !key.hasPrefix(deletePrefix) && !key.hasPrefix(orderPrefix) {
            guard kept.contains(key) else { throw PatchError(.notApplicable, "invalid patch format of retainKeys") }
        }
        original = original.filter { kept.contains($0.key) }
    }

    /// Merges the lists that a `$setElementOrder` names and puts them in its order.
    private static func order(
        _ original: inout [String: JSONValue], _ patch: inout [String: JSONValue], _ type: FieldType?
    ) throws(PatchError) {
        for key in patch.keys.sorted() where key.hasPrefix(orderPrefix) {
            guard case .array(let order)? = patch.removeValue(forKey: key) else {
                throw PatchError(.notApplicable, "invalid patch format of setElementOrder list")
            }
            let name = String(key.dropFirst(orderPrefix.count))
            let field = type?.map?.fields[name]
            let live = original[name]?.array
            let changes = patch.removeValue(forKey: name)?.array
            let merged: [JSONValue]
            switch (live, changes) {
            case (let live?, nil): merged = live
            case (nil, let changes?): merged = changes.filter { $0[directive] == nil }.map(withoutDirectives)
            case (let live?, let changes?): merged = try mergeLists(live, changes, field)
            default: continue
            }
            original[name] = .array(arranged(merged, order: order, live: live ?? [], key: field?.patchMergeKey))
        }
    }

    private static func mergeLists(
        _ original: [JSONValue], _ patch: [JSONValue], _ field: FieldType.Field?
    ) throws(PatchError) -> [JSONValue] {
        guard field?.patchStrategies.contains("merge") == true else { return patch.map(withoutDirectives) }
        if original.isEmpty, patch.isEmpty { return original }
        guard let first = original.first ?? patch.first, case .object = first else {
            var merged: [JSONValue] = []
            for element in original + patch where !merged.contains(element) { merged.append(element) }
            return arranged(merged, order: patch, live: original, key: nil)
        }
        guard let key = field?.patchMergeKey else {
            throw PatchError(.notApplicable, "cannot merge lists without merge key")
        }
        let (live, changes) = try applyingElementDirectives(original, patch, key)
        var merged = live
        let elementType = field?.type.type.list?.element.type
        for change in changes {
            guard case .object(let members) = change, let value = members[key] else { throw missingKey(change, key) }
            if let index = merged.firstIndex(where: { $0[key] == value }) {
                merged[index] = .object(try mergeMaps(merged[index].object ?? [:], members, elementType))
            } else {
                merged.append(withoutDirectives(change))
            }
        }
        return arranged(merged, order: changes, live: live, key: key)
    }

    /// Deletes the elements that the patch says to delete; a `replace` among them forgets the live list.
    private static func applyingElementDirectives(
        _ original: [JSONValue], _ patch: [JSONValue], _ key: String
    ) throws(PatchError) -> (live: [JSONValue], changes: [JSONValue]) {
        var live = original
        var changes: [JSONValue] = []
        var replaces = false
        for element in patch {
            guard let directive = element[Self.directive] else {
                changes.append(element)
                continue
            }
            switch directive.string {
            case "delete":
                guard let value = element[key] else { throw missingKey(element, key) }
                live.removeAll { $0[key] == value }
            case "replace": replaces = true
            case "merge": throw PatchError(.notApplicable, "merging not yet supported for type \"merge\"")
            default:
                throw PatchError(
                    .notApplicable, "unknown patch type: \(directive.goDescription) in map: \(element.goDescription)")
            }
        }
        return replaces ? (changes, []) : (live, changes)
    }

    private static func missingKey(_ element: JSONValue, _ key: String) -> PatchError {
        PatchError(.notApplicable, "map: \(element.goDescription) does not contain declared merge key: \(key)")
    }

    /// Elements that the patch names in its order; those that only the server has where the live list had them, as far as possible.
    private static func arranged(_ merged: [JSONValue], order: [JSONValue], live: [JSONValue], key: String?) -> [JSONValue] {
        func identity(_ element: JSONValue) -> JSONValue { key.flatMap { element[$0] } ?? element }
        let orderIndex = Dictionary(order.enumerated().map { (identity($1), $0) }, uniquingKeysWith: { first, _ in first })
        let liveIndex = Dictionary(live.enumerated().map { (identity($1), $0) }, uniquingKeysWith: { first, _ in first })
        func sorted(_ elements: [JSONValue], by index: [JSONValue: Int]) -> [JSONValue] {
            elements.enumerated().sorted { left, right in
                let (one, other) = (index[identity(left.element)] ?? Int.max, index[identity(right.element)] ?? Int.max)
                return one != other ? one < other : left.offset < right.offset
            }.map(\.element)
        }
        let patched = sorted(merged.filter { orderIndex[identity($0)] != nil }, by: orderIndex)
        let serverOnly = sorted(merged.filter { orderIndex[identity($0)] == nil }, by: liveIndex)
        var result: [JSONValue] = []
        var left = serverOnly[...]
        var right = patched[...]
        while let candidate = left.first, let next = right.first {
            if let one = liveIndex[identity(candidate)], let other = liveIndex[identity(next)], one < other {
                result.append(candidate)
                left.removeFirst()
            } else {
                result.append(next)
                right.removeFirst()
            }
        }
        return result + left + right
    }

    /// A new value without the directives in it, and without its nulls.
    private static func withoutDirectives(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            var result: [String: JSONValue] = [:]
            for (key, member) in members {
                if key == directive || key == retainKeys || key.hasPrefix(deletePrefix) || key.hasPrefix(orderPrefix) { continue }
                if !member.isNull { result[key] = withoutDirectives(member) }
            }
            return .object(result)
        case .array(let elements):
            return .array(elements.filter { $0[directive]?.string != "delete" }.map(withoutDirectives))
        default: return value
        }
    }
}
