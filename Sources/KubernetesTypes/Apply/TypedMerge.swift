/// Merges a configuration into an object by the list and map types of the schema (structured-merge-diff's `merge.go`).
struct TypedMerge {
    /// - Parameters:
    ///   - left: the live object; duplicates in its lists are allowed.
    ///   - right: what is applied; wins where both have a value.
    static func merge(_ left: JSONValue, _ right: JSONValue, _ type: FieldType) throws(TypedErrors) -> JSONValue {
        try merge(left as JSONValue?, right, type, path: []) ?? .null
    }

    private static func merge(
        _ left: JSONValue?, _ right: JSONValue?, _ type: FieldType, path: FieldPath
    ) throws(TypedErrors) -> JSONValue? {
        let leftType = left.map { type.deduced(for: $0) } ?? type
        let rightType = right.map { type.deduced(for: $0) } ?? type
        let chosen = right == nil ? leftType : rightType
        if let map = chosen.map { return try mergeMaps(left, right, map, path) }
        if chosen.scalar != nil { return right ?? left }
        if let list = chosen.list { return try mergeLists(left, right, list, path) }
        throw TypedErrors("schema error: invalid atom", at: path)
    }

    private static func mergeMaps(
        _ left: JSONValue?, _ right: JSONValue?, _ map: FieldType.Map, _ path: FieldPath
    ) throws(TypedErrors) -> JSONValue? {
        let leftMembers = left?.object ?? [:]
        let rightMembers = right?.object ?? [:]
        if map.isAtomic || (leftMembers.isEmpty && rightMembers.isEmpty) { return right ?? left }
        var result: [String: JSONValue] = [:]
        for name in Set(leftMembers.keys).union(rightMembers.keys) {
            let type = (map.fields[name]?.type ?? map.element)?.type ?? .untyped
            result[name] = try merge(leftMembers[name], rightMembers[name], type, path: path + [.field(name)])
        }
        return result.isEmpty ? JSONValue?.none : .object(result)
    }

    private static func mergeLists(
        _ left: JSONValue?, _ right: JSONValue?, _ list: FieldType.List, _ path: FieldPath
    ) throws(TypedErrors) -> JSONValue? {
        let leftElements = left?.array ?? []
        let rightElements = right?.array ?? []
        if list.relationship == .atomic || (leftElements.isEmpty && rightElements.isEmpty) { return right ?? left }
        let merged = try ListMerge(list: list, left: leftElements, right: rightElements, path: path).run()
        return merged.isEmpty ? JSONValue?.none : .array(merged)
    }

    /// The walk over two lists: elements keep the order of the live object where the applied one does not say otherwise.
    private struct ListMerge {
        let list: FieldType.List
        let left: [JSONValue]
        let path: FieldPath
        let leftKeys: [PathElement]
        let rightKeys: [PathElement]
        /// A duplicated element of the live object is nil: it is not merged with the new value.
        let leftByKey: [PathElement: JSONValue?]
        let rightByKey: [PathElement: JSONValue]

        init(list: FieldType.List, left: [JSONValue], right: [JSONValue], path: FieldPath) throws(TypedErrors) {
            self.list = list
            self.left = left
            self.path = path
            var keys: [PathElement] = []
            var leftByKey: [PathElement: JSONValue?] = [:]
            for element in left {
                let key = try list.pathElement(of: element)
                leftByKey[key] = leftByKey[key] == nil ? .some(element) : .some(JSONValue?.none)
                keys.append(key)
            }
            leftKeys = keys
            self.leftByKey = leftByKey
            keys = []
            var rightByKey: [PathElement: JSONValue] = [:]
            for element in right {
                let key = try list.pathElement(of: element)
                guard rightByKey.updateValue(element, forKey: key) == nil else {
                    throw TypedErrors("duplicate entries for key \(key)", at: path)
                }
                keys.append(key)
            }
            rightKeys = keys
            self.rightByKey = rightByKey
        }

        func run() throws(TypedErrors) -> [JSONValue] {
            var output: [JSONValue] = []
            var shared = rightKeys.filter { leftByKey[$0] != nil }[...]
            var nextShared = shared.popFirst()
            var merged: Set<PathElement> = []
            var leftIndex = 0
            var rightIndex = 0
            while leftIndex < leftKeys.count || rightIndex < rightKeys.count {
                if leftIndex < leftKeys.count, rightIndex < rightKeys.count {
                    let key = leftKeys[leftIndex]
                    if key == rightKeys[rightIndex] {
                        merged.insert(key)
                        try append(key, leftByKey[key] ?? nil, rightByKey[key], to: &output)
                        leftIndex += 1
                        rightIndex += 1
                        nextShared = shared.popFirst()
                        continue
                    }
                    if rightByKey[key] != nil, let next = nextShared, next != key {
                        // Shared, but not the one wanted in this round.
                        leftIndex += 1
                        continue
                    }
                }
                if leftIndex < leftKeys.count {
                    let key = leftKeys[leftIndex]
                    if rightByKey[key] == nil {
                        try append(key, left[leftIndex], nil, to: &output)
                        leftIndex += 1
                        continue
                    } else if merged.contains(key) {
                        leftIndex += 1
                    }
                }
                if rightIndex < rightKeys.count {
                    let key = rightKeys[rightIndex]
                    merged.insert(key)
                    try append(key, leftByKey[key] ?? nil, rightByKey[key], to: &output)
                    rightIndex += 1
                    if nextShared == key { nextShared = shared.popFirst() }
                }
            }
            return output
        }

        private func append(
            _ key: PathElement, _ left: JSONValue?, _ right: JSONValue?, to output: inout [JSONValue]
        ) throws(TypedErrors) {
            if let value = try TypedMerge.merge(left, right, list.element.type, path: path + [key]) { output.append(value) }
        }
    }
}
