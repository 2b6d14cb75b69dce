/// Which fields a value sets, and values without some of their fields (structured-merge-diff's `tofieldset.go`, `remove.go`).
enum TypedFields {
    static func fields(of value: JSONValue, _ type: FieldType) -> FieldSet {
        var set = FieldSet()
        collect(value, type, path: [], into: &set)
        return set
    }

    private static func collect(_ value: JSONValue, _ type: FieldType, path: FieldPath, into set: inout FieldSet) {
        let type = type.deduced(for: value)
        if let map = type.map {
            if map.isAtomic { return set.insert(path) }
            for (name, member) in value.object ?? [:] {
                let step = path + [.field(name)]
                let named = map.fields[name]
                collect(member, (named?.type ?? map.element)?.type ?? .untyped, path: step, into: &set)
                if member.isNull || member.object?.isEmpty == true || named == nil { set.insert(step) }
            }
        } else if type.scalar != nil {
            set.insert(path)
        } else if let list = type.list {
            if list.relationship == .atomic { return set.insert(path) }
            let elements = value.array ?? []
            var counts: [PathElement: Int] = [:]
            let keys = elements.map { try? list.pathElement(of: $0) }
            for case let key? in keys { counts[key, default: 0] += 1 }
            for (element, key) in zip(elements, keys) {
                guard let key else { continue }
                if counts[key] == 1 { collect(element, list.element.type, path: path + [key], into: &set) }
                set.insert(path + [key])
            }
        }
    }

    /// The value without the fields of a set; lists and maps that become empty vanish with them.
    static func removing(_ set: FieldSet, from value: JSONValue, _ type: FieldType) -> JSONValue? {
        let type = type.deduced(for: value)
        if let map = type.map, case .object(let members) = value {
            guard !members.isEmpty, !map.isAtomic else { return nil }
            var result: [String: JSONValue] = [:]
            for (name, member) in members {
                let step = PathElement.field(name)
                if set.members.contains(step) { continue }
                if let below = set.children[step] {
                    result[name] = removing(below, from: member, type.member(name) ?? .untyped) ?? .null
                } else {
                    result[name] = member
                }
            }
            return result.isEmpty ? JSONValue?.none : .object(result)
        }
        if let list = type.list, case .array(let elements) = value {
            guard !elements.isEmpty, list.relationship != .atomic else { return nil }
            var result: [JSONValue] = []
            for element in elements {
                guard let step = try? list.pathElement(of: element) else { continue }
                if set.members.contains(step) { continue }
                if let below = set.children[step] {
                    result.append(removing(below, from: element, list.element.type) ?? .null)
                } else {
                    result.append(element)
                }
            }
            return result.isEmpty ? JSONValue?.none : .array(result)
        }
        return type.scalar != nil ? value : JSONValue?.none
    }
}
