public import KubernetesTypes

/// Tells whether applying planned fields would change anything, from what the server says about who holds which field.
///
/// The server fills in defaults and rewrites quantities, so that the object never equals the plan; what must be equal are the
/// fields that were planned, and the set of fields that their manager holds.
public enum PlannedFields {
    /// - Parameters:
    ///   - planned: the fields that would be applied.
    ///   - live: the object as observed, with its managedFields.
    ///   - manager: who would apply.
    ///   - subresource: where; nil for the object itself.
    /// - Returns: true when an apply would change nothing.
    public static func areInForce(
        _ planned: JSONValue, in live: DynamicObject, manager: String, subresource: String? = nil
    ) -> Bool {
        let entries = live.metadata["managedFields"]?.array ?? []
        let entry = entries.first { entry in
            entry["manager"]?.string == manager && entry["operation"]?.string == "Apply"
                && (entry["subresource"]?.string ?? "") == (subresource ?? "")
                && entry["apiVersion"]?.string == planned["apiVersion"]?.string ?? live.apiVersion
        }
        guard let fields = entry?["fieldsV1"] else { return false }
        var planned = planned
        // What names the object is nobody's field.
        planned["apiVersion"] = nil
        planned["kind"] = nil
        for name in ["name", "namespace", "uid", "resourceVersion", "generateName"] where planned["metadata"]?[name] != nil {
            planned["metadata"]?[name] = nil
        }
        if planned["metadata"]?.object?.isEmpty == true { planned["metadata"] = nil }
        return isInForce(planned, live.value, fields, areQuantities: false)
    }

    /// Fields whose texts, or members' texts, are quantities, which the server writes in its own way.
    private static let quantityFields: Set<String> = [
        "requests", "limits", "sizeLimit", "divisor", "capacity", "overhead", "hard", "storage",
    ]

    private static func isInForce(_ planned: JSONValue, _ live: JSONValue, _ fields: JSONValue, areQuantities: Bool) -> Bool {
        switch planned {
        case .object(let members):
            let held = heldMembers(fields)
            // The map is one field: it was replaced as a whole.
            if held.isEmpty { return isSameAtomicMap(members, live, areQuantities: areQuantities) }
            let given = members.filter { !$0.value.isNull }
            guard held.subtracting(given.keys).isEmpty else { return false }
            return given.allSatisfy { name, value in
                guard held.contains(name), let child = fields["f:\(name)"], let present = live[name] else { return false }
                return isInForce(value, present, child, areQuantities: areQuantities || quantityFields.contains(name))
            }
        case .array(let elements):
            let names = fields.object.map { Array($0.keys) } ?? []
            if names.contains(where: { $0.hasPrefix("k:") }) {
                return isKeyedListInForce(elements, live, fields, areQuantities: areQuantities)
            }
            if names.contains(where: { $0.hasPrefix("v:") }) { return isSetInForce(elements, live, names) }
            guard let present = live.array, present.count == elements.count else { return false }
            return zip(elements, present).allSatisfy { isCovered($0, by: $1, areQuantities: areQuantities) }
        default: return isSameScalar(planned, live, areQuantities: areQuantities)
        }
    }

    /// The names of the fields that are held under a field.
    private static func heldMembers(_ fields: JSONValue) -> Set<String> {
        Set((fields.object ?? [:]).keys.filter { $0.hasPrefix("f:") }.map { String($0.dropFirst(2)) })
    }

    private static func isKeyedListInForce(
        _ elements: [JSONValue], _ live: JSONValue, _ fields: JSONValue, areQuantities: Bool
    ) -> Bool {
        let held = (fields.object ?? [:]).filter { $0.key.hasPrefix("k:") }
        guard held.count == elements.count else { return false }
        return elements.allSatisfy { element in
            held.contains { name, child in
                guard let key = try? JSONParser.parse(String(name.dropFirst(2))).object, isOf(element, key),
                    let present = live.array?.first(where: { isOf($0, key, strictly: true) })
                else { return false }
                // Keys that the server defaulted are held without having been planned.
                var child = child
                for name in key.keys where element[name] == nil { child["f:\(name)"] = nil }
                return isInForce(element, present, child, areQuantities: areQuantities)
            }
        }
    }

    /// Whether an element has these keys; what it leaves out was defaulted.
    private static func isOf(_ element: JSONValue, _ key: [String: JSONValue], strictly: Bool = false) -> Bool {
        key.allSatisfy { name, value in
            guard let given = element[name] else { return !strictly }
            return isSameScalar(given, value, areQuantities: false)
        }
    }

    private static func isSetInForce(_ elements: [JSONValue], _ live: JSONValue, _ names: [String]) -> Bool {
        let held = Set(names.filter { $0.hasPrefix("v:") }.compactMap { try? JSONParser.parse(String($0.dropFirst(2))) })
        let present = Set(live.array ?? [])
        return held == Set(elements) && held.isSubset(of: present)
    }

    /// Fields that the server adds to maps that are otherwise one field.
    private static let defaultedInAtomicMaps: Set<String> = ["apiVersion", "divisor"]

    private static func isSameAtomicMap(_ members: [String: JSONValue], _ live: JSONValue, areQuantities: Bool) -> Bool {
        guard let present = live.object else { return false }
        let extra = Set(present.keys).subtracting(members.keys).subtracting(defaultedInAtomicMaps)
        return extra.isEmpty && isCovered(.object(members), by: live, areQuantities: areQuantities)
    }

    /// Whether everything planned is there, whatever defaults are there beside it.
    private static func isCovered(_ planned: JSONValue, by live: JSONValue, areQuantities: Bool) -> Bool {
        switch planned {
        case .object(let members):
            members.allSatisfy { name, value in
                let areQuantities = areQuantities || quantityFields.contains(name)
                return value.isNull || (live[name].map { isCovered(value, by: $0, areQuantities: areQuantities) } ?? false)
            }
        case .array(let elements):
            live.array.map {
                $0.count == elements.count
                    && zip(elements, $0).allSatisfy { isCovered($0, by: $1, areQuantities: areQuantities) }
            } ?? false
        default: isSameScalar(planned, live, areQuantities: areQuantities)
        }
    }

    private static func isSameScalar(_ planned: JSONValue, _ live: JSONValue, areQuantities: Bool) -> Bool {
        if planned == live { return true }
        if let left = planned.number, let right = live.number { return left == right }
        // `1`, "1000m" and "1" are one quantity. Elsewhere "1" and "1.0" are two texts.
        guard areQuantities, let left = quantity(planned), let right = quantity(live) else { return false }
        return left == right
    }

    private static func quantity(_ value: JSONValue) -> Quantity? {
        switch value {
        case .string(let text): Quantity(text)
        case .integer(let whole): Quantity(Int(whole))
        case .number(let number): Quantity(JSONSerializer.string(.number(number)))
        default: nil
        }
    }
}
