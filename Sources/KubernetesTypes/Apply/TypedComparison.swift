/// What differs between two objects, by path (structured-merge-diff's `compare.go`).
struct TypedComparison: Sendable {
    var removed = FieldSet()
    var modified = FieldSet()
    var added = FieldSet()

    var isSame: Bool { removed.isEmpty && modified.isEmpty && added.isEmpty }

    init(_ left: JSONValue, _ right: JSONValue, _ type: FieldType) throws(TypedErrors) {
        try compare(left, right, type, path: [])
    }

    mutating func exclude(_ fields: FieldSet) {
        guard !fields.isEmpty else { return }
        removed = removed.recursiveDifference(fields)
        modified = modified.recursiveDifference(fields)
        added = added.recursiveDifference(fields)
    }

    private mutating func compare(
        _ left: JSONValue?, _ right: JSONValue?, _ type: FieldType, path: FieldPath
    ) throws(TypedErrors) {
        // Equal subtrees have nothing to tell.
        if left == right { return }
        let leftType = left.map { type.deduced(for: $0) } ?? type
        let rightType = right.map { type.deduced(for: $0) } ?? type
        var isLeaf = false
        if right == nil {
            try visit(left, right, leftType, path, &isLeaf)
        } else if left == nil || leftType.shape == rightType.shape {
            try visit(left, right, rightType, path, &isLeaf)
        } else {
            var ignored = false
            try visit(left, right, leftType, path, &ignored)
            try visit(left, right, rightType, path, &isLeaf)
        }
        guard !isLeaf else { return }
        if left == nil { added.insert(path) } else if right == nil { removed.insert(path) }
    }

    private mutating func visit(
        _ left: JSONValue?, _ right: JSONValue?, _ type: FieldType, _ path: FieldPath, _ isLeaf: inout Bool
    ) throws(TypedErrors) {
        if let map = type.map {
            let leftMembers = left?.object ?? [:]
            let rightMembers = right?.object ?? [:]
            if map.isAtomic || (leftMembers.isEmpty && rightMembers.isEmpty) { return leaf(left, right, path, &isLeaf) }
            for name in Set(leftMembers.keys).union(rightMembers.keys) {
                let member = (map.fields[name]?.type ?? map.element)?.type ?? .untyped
                try compare(leftMembers[name], rightMembers[name], member, path: path + [.field(name)])
            }
        } else if let list = type.list {
            let leftElements = left?.array ?? []
            let rightElements = right?.array ?? []
            if list.relationship == .atomic || (leftElements.isEmpty && rightElements.isEmpty) {
                return leaf(left, right, path, &isLeaf)
            }
            try compareLists(leftElements, rightElements, list, path)
        } else {
            leaf(left, right, path, &isLeaf)
        }
    }

    private mutating func leaf(_ left: JSONValue?, _ right: JSONValue?, _ path: FieldPath, _ isLeaf: inout Bool) {
        isLeaf = true
        if left == nil {
            added.insert(path)
        } else if right == nil {
            removed.insert(path)
        } else if left != right {
            modified.insert(path)
        }
    }

    private mutating func compareLists(
        _ left: [JSONValue], _ right: [JSONValue], _ list: FieldType.List, _ path: FieldPath
    ) throws(TypedErrors) {
        var leftByKey: [PathElement: [JSONValue]] = [:]
        var rightByKey: [PathElement: [JSONValue]] = [:]
        for element in left { leftByKey[try list.pathElement(of: element), default: []].append(element) }
        for element in right { rightByKey[try list.pathElement(of: element), default: []].append(element) }
        let type = list.element.type
        for key in Set(leftByKey.keys).union(rightByKey.keys) {
            let lefts = leftByKey[key] ?? []
            let rights = rightByKey[key] ?? []
            let step = path + [key]
            switch (lefts.count, rights.count) {
            case (0...1, 0...1): try compare(lefts.first, rights.first, type, path: step)
            case (2..., 2...): if lefts != rights { modified.insert(step) }
            case (2..., _):
                // Duplicates are owned as one; what is left is owned field by field.
                if let right = rights.first { try compare(nil, right, type, path: step) }
                removed.insert(step)
            default:
                if let left = lefts.first { try compare(left, nil, type, path: step) }
                added.insert(step)
            }
        }
    }
}

extension FieldType {
    fileprivate var shape: Int { (scalar == nil ? 0 : 1) + (list == nil ? 0 : 2) + (map == nil ? 0 : 4) }
}
