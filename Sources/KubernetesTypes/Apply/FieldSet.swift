/// A set of paths, kept as a tree: what a manager owns, or what differs between two objects.
///
/// A path may be a member itself, have members below it, or both. FieldsV1 of `metadata.managedFields` is its text form.
public struct FieldSet: Sendable, Hashable {
    /// Elements whose own path is in the set.
    public private(set) var members: Set<PathElement> = []
    /// What is below an element; never empty sets.
    public private(set) var children: [PathElement: FieldSet] = [:]

    public init() {}

    public init(_ paths: [FieldPath]) {
        for path in paths { insert(path) }
    }

    public var isEmpty: Bool { members.isEmpty && children.isEmpty }

    public mutating func insert(_ path: FieldPath) { insert(path[...]) }

    mutating func insert(_ path: ArraySlice<PathElement>) {
        guard let first = path.first else { return }
        if path.count == 1 {
            members.insert(first)
        } else {
            children[first, default: FieldSet()].insert(path.dropFirst())
        }
    }

    mutating func insert(child set: FieldSet, at element: PathElement) {
        if !set.isEmpty { children[element] = set }
    }

    public func contains(_ path: FieldPath) -> Bool {
        guard let last = path.last else { return false }
        var current = self
        for element in path.dropLast() {
            guard let next = current.children[element] else { return false }
            current = next
        }
        return current.members.contains(last)
    }

    /// What is below an element.
    func below(_ element: PathElement) -> FieldSet { children[element] ?? FieldSet() }

    public func union(_ other: FieldSet) -> FieldSet {
        var result = self
        result.members.formUnion(other.members)
        for (element, child) in other.children {
            result.children[element] = result.children[element]?.union(child) ?? child
        }
        return result
    }

    public func intersection(_ other: FieldSet) -> FieldSet {
        var result = FieldSet()
        result.members = members.intersection(other.members)
        for (element, child) in children {
            if let match = other.children[element] { result.insert(child: child.intersection(match), at: element) }
        }
        return result
    }

    /// The paths that are not members of the other set, whatever it says of their ancestors.
    public func difference(_ other: FieldSet) -> FieldSet {
        var result = FieldSet()
        result.members = members.subtracting(other.members)
        for (element, child) in children {
            result.insert(child: other.children[element].map(child.difference) ?? child, at: element)
        }
        return result
    }

    /// The paths that are neither members of the other set nor below one.
    public func recursiveDifference(_ other: FieldSet) -> FieldSet {
        var result = FieldSet()
        result.members = members.subtracting(other.members)
        for (element, child) in children where !other.members.contains(element) {
            result.insert(child: other.children[element].map(child.recursiveDifference) ?? child, at: element)
        }
        return result
    }

    /// All member paths, in order.
    public var paths: [FieldPath] {
        var result: [FieldPath] = []
        collect(into: &result, prefix: [])
        return result
    }

    private func collect(into result: inout [FieldPath], prefix: FieldPath) {
        for element in members.sorted() { result.append(prefix + [element]) }
        for (element, child) in children.sorted(by: { $0.key < $1.key }) {
            child.collect(into: &result, prefix: prefix + [element])
        }
    }

    /// The set with every struct field that has something below it a member as well.
    ///
    /// Named fields are not recorded as members when something below them is; to compare what two sets cover, they have to be.
    func ensuringNamedFieldsAreMembers(_ type: FieldType?) -> FieldSet {
        var result = FieldSet()
        result.members = members
        for (element, child) in children {
            var childType: FieldType?
            if case .field(let name) = element {
                if type?.map?.fields[name] != nil { result.members.insert(element) }
                childType = type?.member(name)
            } else {
                childType = type?.list?.element.type
            }
            result.children[element] = child.ensuringNamedFieldsAreMembers(childType)
        }
        return result
    }
}

extension FieldSet {
    /// FieldsV1.
    public var fieldsV1: JSONValue {
        var object: [String: JSONValue] = [:]
        for element in members { object[element.serialized] = [:] }
        for (element, child) in children {
            var nested = child.fieldsV1
            if members.contains(element) { nested["."] = [:] }
            object[element.serialized] = nested
        }
        return .object(object)
    }

    /// - Returns: nil where the value is not FieldsV1.
    public init?(fieldsV1 value: JSONValue) {
        guard case .object(let object) = value else { return nil }
        for (key, nested) in object where key != "." {
            guard let element = PathElement(serialized: key), let child = FieldSet(fieldsV1: nested) else { return nil }
            if child.isEmpty || nested["."] != nil { members.insert(element) }
            insert(child: child, at: element)
        }
    }
}
