import KubernetesTypes

/// Kubernetes' own types as structural schemas, for fields whose content is passed on to objects of theirs.
///
/// Upstream publishes them with references, zero defaults and merge strategies that CustomResourceDefinitions may not carry;
/// this writes references out, keeps defaults that mean something and drops what only the built-in types' machinery reads.
struct BuiltinSchema {
    /// Where `kubectl explain` tells what the fields mean: `pod.spec`.
    private let explained: String
    /// Fields left out, by type: what pod templates may not have.
    private let omitted: [String: Set<String>]

    private static let quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity"
    private static let intOrString = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
    private static let objectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

    /// The schema of a type, with every field that upstream's has.
    static func schema(
        _ type: String, _ description: String, explained: String, omitting omitted: [String: Set<String>] = [:]
    ) -> Schema {
        var schema = BuiltinSchema(explained: explained, omitted: omitted).object(type, path: explained)
        schema["description"] = .string(description)
        return Schema(json: schema)
    }

    /// Labels and annotations: what a template's metadata is for.
    static let templateMetadata = Schema.object(
        "Labels and annotations.",
        [
            SchemaField("labels", .map("Labels.", of: .string("Value of the label.", maximumLength: 63))),
            SchemaField("annotations", .map("Annotations.", of: .string("Value of the annotation."))),
        ])

    private func object(_ type: String, path: String) -> [String: JSONValue] {
        switch type {
        case Self.quantity: return Schema.quantity(pointer(path)).json
        case Self.intOrString: return Schema.intOrString(pointer(path)).json
        case Self.objectMeta: return Self.templateMetadata.described(pointer(path)).json
        default:
            guard let published = KubernetesSchema.builtin.openAPI(named: type) else {
                return Schema.anyObject(pointer(path)).json
            }
            return convert(published, path: path, omitting: omitted[type] ?? [])
        }
    }

    private func convert(_ published: JSONValue, path: String, omitting: Set<String> = []) -> [String: JSONValue] {
        if let type = Self.reference(published) ?? published["allOf"]?[0].flatMap(Self.reference) {
            return object(type, path: path).merging(kept(published, ["x-kubernetes-map-type"])) { $1 }
        }
        var result = kept(
            published,
            ["type", "format", "enum", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type"])
        result["description"] = .string(pointer(path))
        if let properties = published["properties"]?.object {
            let required = (published["required"]?.array ?? []).filter { !omitting.contains($0.string ?? "") }
            if !required.isEmpty { result["required"] = .array(required) }
            result["properties"] = .object(
                properties.filter { !omitting.contains($0.key) }.reduce(into: [:]) { fields, entry in
                    fields[entry.key] = .object(field(entry.value, path: "\(path).\(entry.key)"))
                })
        }
        if let items = published["items"] { result["items"] = .object(element(items, of: result, path: path)) }
        if let values = published["additionalProperties"], case .object = values {
            result["additionalProperties"] = .object(convert(values, path: path))
        }
        return result
    }

    /// Upstream writes the zero of a type as its default; a custom resource would be given it where the field is left out.
    private func field(_ published: JSONValue, path: String) -> [String: JSONValue] {
        var result = convert(published, path: path)
        if let value = published["default"], ![.string(""), .integer(0), .bool(false), .object([:]), .null].contains(value) {
            result["default"] = value
        }
        return result
    }

    /// An element of a list; what identifies elements must be there or have a default.
    private func element(_ items: JSONValue, of list: [String: JSONValue], path: String) -> [String: JSONValue] {
        var element = convert(items, path: path)
        let keys = (list["x-kubernetes-list-map-keys"]?.array ?? []).compactMap(\.string)
        var required = (element["required"]?.array ?? []).compactMap(\.string)
        for key in keys where !required.contains(key) && element["properties"]?[key]?["default"] == nil { required.append(key) }
        if !required.isEmpty { element["required"] = .array(required.sorted().map(JSONValue.string)) }
        return element
    }

    private func kept(_ published: JSONValue, _ keys: [String]) -> [String: JSONValue] {
        keys.reduce(into: [:]) { result, key in result[key] = published[key] }
    }

    private func pointer(_ path: String) -> String { "See kubectl explain \(path)." }

    private static func reference(_ schema: JSONValue) -> String? {
        schema["$ref"]?.string.map { String($0.split(separator: "/").last ?? "") }
    }
}
