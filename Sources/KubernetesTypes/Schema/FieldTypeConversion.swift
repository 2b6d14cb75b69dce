/// Field types out of OpenAPI v3 schemas, by the rules of kube-openapi's `schemaconv`.
extension FieldType {
    private static let referencePrefix = "#/components/schemas/"

    /// The type of a schema.
    ///
    /// - Parameters:
    ///   - openAPI: a schema; `$ref` names a built-in type.
    ///   - preservesUnknownFields: whether an ancestor keeps unknown fields.
    public convenience init(openAPI schema: JSONValue, preservesUnknownFields: Bool = false) {
        let preserves =
            preservesUnknownFields || schema["x-kubernetes-preserve-unknown-fields"]?.bool == true
        let format = schema["format"]?.string ?? ""
        if schema["x-kubernetes-int-or-string"]?.bool == true || format == "int-or-string" {
            self.init(scalar: .untyped, format: "int-or-string")
            return
        }
        let type = schema["type"]?.string ?? ""
        switch type {
        case "object":
            self.init(map: Self.map(schema, preserves), jsonType: type, format: format)
        case "array":
            self.init(list: Self.list(schema, preserves), jsonType: type, format: format)
        case "string": self.init(scalar: .string, jsonType: type, format: format)
        case "boolean": self.init(scalar: .boolean, jsonType: type, format: format)
        case "integer", "number": self.init(scalar: .numeric, jsonType: type, format: format)
        default:
            if schema["oneOf"] != nil, !preserves {
                self.init(scalar: .untyped, format: "quantity")
            } else {
                let any = preserves ? Self.deduced : Self.untyped
                self.init(scalar: any.scalar, list: any.list, map: any.map)
            }
        }
    }

    /// The root type of a custom resource: its schema, with the members that every object has.
    public static func customResource(openAPI schema: JSONValue) -> FieldType {
        resource(FieldType(openAPI: schema))
    }

    private static func resource(_ type: FieldType) -> FieldType {
        guard var map = type.map else { return type }
        let string = Field(
            type: .direct(FieldType(scalar: .string, jsonType: "string")), defaultValue: nil, zeroForm: .asIs,
            patchStrategies: [], patchMergeKey: nil, allowedValues: [])
        map.fields["apiVersion"] = string
        map.fields["kind"] = string
        var metadata = string
        metadata.type = .named(KubernetesSchema.objectMeta)
        map.fields["metadata"] = metadata
        return FieldType(map: map, jsonType: "object")
    }

    private static func map(_ schema: JSONValue, _ preserves: Bool) -> Map {
        var fields: [String: Field] = [:]
        for (name, property) in schema["properties"]?.object ?? [:] { fields[name] = field(property, preserves) }
        var element: Reference?
        if let additional = schema["additionalProperties"] {
            if case .object = additional {
                element = reference(additional, preserves)
            } else if additional.bool == true {
                element = .direct(preserves ? deduced : untyped)
            }
        } else if preserves {
            element = .direct(deduced)
        }
        let map = Map(fields: fields, element: element, isAtomic: schema["x-kubernetes-map-type"]?.string == "atomic")
        if schema["x-kubernetes-embedded-resource"]?.bool == true, let embedded = resource(FieldType(map: map)).map {
            return embedded
        }
        return map
    }

    private static func list(_ schema: JSONValue, _ preserves: Bool) -> List {
        let element = schema["items"].map { reference($0, preserves) } ?? .direct(untyped)
        let relationship: ListRelationship
        switch schema["x-kubernetes-list-type"]?.string {
        case "set": relationship = .set
        case "map":
            relationship = .map(keys: (schema["x-kubernetes-list-map-keys"]?.array ?? []).compactMap(\.string))
        case "atomic": relationship = .atomic
        default:
            let merges = (schema["x-kubernetes-patch-strategy"]?.string ?? "").split(separator: ",").contains("merge")
            if merges, let key = schema["x-kubernetes-patch-merge-key"]?.string {
                relationship = .map(keys: [key])
            } else {
                relationship = merges ? .set : .atomic
            }
        }
        return List(element: element, relationship: relationship)
    }

    private static func field(_ schema: JSONValue, _ preserves: Bool) -> Field {
        Field(
            type: reference(schema, preserves), defaultValue: schema["default"],
            zeroForm: schema["go"]?.string.flatMap(ZeroForm.init(rawValue:)) ?? .asIs,
            patchStrategies: (schema["x-kubernetes-patch-strategy"]?.string ?? "").split(separator: ",").map(String.init),
            patchMergeKey: schema["x-kubernetes-patch-merge-key"]?.string,
            allowedValues: (schema["enum"]?.array ?? []).compactMap(\.string))
    }

    private static func reference(_ schema: JSONValue, _ preserves: Bool) -> Reference {
        if let name = referencedName(schema) {
            // A property may override what its type says of maps (`x-kubernetes-map-type: atomic` on a selector).
            if schema["x-kubernetes-map-type"]?.string == "atomic",
                let map = KubernetesSchema.builtin.type(named: name)?.map
            {
                return .direct(FieldType(map: Map(fields: map.fields, element: map.element, isAtomic: true), jsonType: "object"))
            }
            return .named(name)
        }
        return .direct(FieldType(openAPI: schema, preservesUnknownFields: preserves))
    }

    private static func referencedName(_ schema: JSONValue) -> String? {
        guard let reference = schema["$ref"]?.string ?? schema["allOf"]?[0]?["$ref"]?.string else { return nil }
        return reference.hasPrefix(referencePrefix) ? String(reference.dropFirst(referencePrefix.count)) : reference
    }
}
