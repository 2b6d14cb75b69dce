import KubernetesTypes

/// The text of a patched object as errors quote it.
///
/// Upstream patches the text of the object. Members of the objects that the patch reached are sorted, all others stand as Go
/// wrote them.
struct PatchQuote {
    /// What a patch reached.
    struct Reach {
        fileprivate var children: [String: Reach] = [:]

        /// A merge patch reaches the objects that it has objects for.
        static func merge(_ patch: JSONValue) -> Reach {
            var reach = Reach()
            for (key, member) in patch.object ?? [:] where member.object != nil { reach.children[key] = merge(member) }
            return reach
        }

        /// A JSON patch reaches what its paths lead through.
        static func json(_ patch: JSONValue) -> Reach {
            var reach = Reach()
            for operation in patch.array ?? [] {
                for name in ["path", "from"] {
                    let steps = operation[name]?.string?.split(separator: "/").map(String.init) ?? []
                    reach.add(steps.dropLast()[...])
                }
            }
            return reach
        }

        private mutating func add(_ steps: ArraySlice<String>) {
            guard let step = steps.first else { return }
            children[step, default: Reach()].add(steps.dropFirst())
        }
    }

    /// - Parameters:
    ///   - object: the object after the patch.
    ///   - old: the object before it.
    ///   - type: the name of a built-in type; empty where members are sorted anyway.
    static func text(_ object: JSONValue, old: JSONValue, type: String, reach: Reach) -> String {
        var output: [UInt8] = []
        write(object, old, .named(type), reach, &output)
        return String(decoding: output, as: UTF8.self)
    }

    private static func write(
        _ value: JSONValue, _ old: JSONValue?, _ type: FieldType.Reference, _ reach: Reach?, _ output: inout [UInt8]
    ) {
        switch value {
        case .object(let members):
            let name = type.name ?? ""
            // What the patch brought stands as it was sent; its order is not known any more.
            let isSorted = reach != nil || name.isEmpty || old?.object == nil
            let keys = isSorted ? members.keys.sorted() : GoFieldOrder.ordered(members.keys, of: name)
            output.append(UInt8(ascii: "{"))
            for (index, key) in keys.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                JSONSerializer.writeString(key, to: &output)
                output.append(UInt8(ascii: ":"))
                let map = type.type.map
                let field = map?.fields[key]?.type ?? map?.element ?? .direct(.untyped)
                write(members[key] ?? .null, old?[key], field, reach?.children[key], &output)
            }
            output.append(UInt8(ascii: "}"))
        case .array(let elements):
            let element = type.type.list?.element ?? .direct(.untyped)
            output.append(UInt8(ascii: "["))
            for (index, member) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                write(member, old?[index], element, reach?.children[String(index)], &output)
            }
            output.append(UInt8(ascii: "]"))
        default: JSONSerializer.write(value, to: &output)
        }
    }
}
