import KubernetesTypes

/// Takes away fields that a schema does not have, and fills in its defaults.
enum SchemaPruning {
    /// - Returns: the object without unknown fields, and their paths in order.
    static func prune(_ object: JSONValue, _ schema: StructuralSchema) -> (object: JSONValue, unknown: [String]) {
        var unknown: [String] = []
        let result = visit(object, schema, path: "", isResource: true, preserves: false, &unknown)
        return (result, unknown)
    }

    private static let resourceFields: Set<String> = ["apiVersion", "kind", "metadata"]

    private static func visit(
        _ value: JSONValue, _ schema: StructuralSchema?, path: String, isResource: Bool, preserves: Bool,
        _ unknown: inout [String]
    ) -> JSONValue {
        guard let schema else { return value }
        let isResource = isResource || schema.isEmbeddedResource
        switch value {
        case .object(let members):
            let keepsAll = preserves || schema.preservesUnknownFields
            var result: [String: JSONValue] = [:]
            for (key, member) in members.sorted(by: { $0.key < $1.key }) {
                let step = path.isEmpty ? key : "\(path).\(key)"
                if isResource, resourceFields.contains(key) {
                    result[key] = key == "metadata" && !path.isEmpty ? metadata(member, step, &unknown) : member
                } else if let property = schema.properties[key] {
                    result[key] = visit(member, property, path: step, isResource: false, preserves: false, &unknown)
                } else if case .schema(let additional) = schema.additionalProperties {
                    result[key] = visit(member, additional, path: step, isResource: false, preserves: false, &unknown)
                } else if case .anything = schema.additionalProperties {
                    result[key] = member
                } else if keepsAll {
                    result[key] = member
                } else {
                    unknown.append(step)
                }
            }
            return .object(result)
        case .array(let elements):
            guard let items = schema.items else { return value }
            return .array(
                elements.enumerated().map {
                    visit($1, items, path: "\(path)[\($0)]", isResource: false, preserves: false, &unknown)
                })
        default: return value
        }
    }

    /// Metadata of an embedded object has the fields that metadata has.
    private static func metadata(_ value: JSONValue, _ path: String, _ unknown: inout [String]) -> JSONValue {
        guard case .object(let members) = value,
            let map = KubernetesSchema.builtin.type(named: "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")?.map
        else { return value }
        unknown += members.keys.sorted().filter { map.fields[$0] == nil }.map { "\(path).\($0)" }
        return .object(members.filter { map.fields[$0.key] != nil })
    }

    static func applyDefaults(_ value: inout JSONValue, _ schema: StructuralSchema) {
        switch value {
        case .object(var members):
            // A null stands for nothing where nothing else may be null.
            members = members.filter { key, member in
                guard member.isNull, let property = schema.member(key) else { return true }
                return property.isNullable || property.defaultValue != nil
            }
            for (key, property) in schema.properties {
                guard let initial = property.defaultValue else { continue }
                let current = members[key]
                if current == nil || (current?.isNull == true && !property.isNullable) { members[key] = initial }
            }
            for (key, member) in members {
                guard let property = schema.member(key) else { continue }
                var member = member
                applyDefaults(&member, property)
                members[key] = member
            }
            value = .object(members)
        case .array(let elements):
            guard let items = schema.items else { return }
            value = .array(
                elements.map { element in
                    var element = element.isNull && !items.isNullable ? items.defaultValue ?? element : element
                    applyDefaults(&element, items)
                    return element
                })
        default: return
        }
    }
}
