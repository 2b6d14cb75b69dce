import Synchronization

/// The structure of Kubernetes' built-in types: what `/openapi/v3` of an upstream 1.36 server publishes of them.
///
/// The table is text; nothing of it is read before it is asked for, and then only the types that are.
/// Abbreviations in the text: `~a.` for `io.k8s.api.`, `~m.` for the meta/v1 types, `x-` for `x-kubernetes-`, and a member
/// `go` in properties, which holds a ``FieldType/ZeroForm``.
public final class KubernetesSchema: Sendable {
    public static let builtin = KubernetesSchema(text: BuiltinTypesResource.text)

    static let objectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
    /// Objects without a structure of their own: taken as a whole.
    private static let opaque: Set<String> = [
        FieldType.untypedName, "io.k8s.apimachinery.pkg.runtime.RawExtension",
        "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1", "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON",
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool",
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray",
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray",
    ]

    private struct Line {
        var kinds: Range<Int>
        var schema: Range<Int>
    }

    private let text: StaticString
    private let lines: [String: Line]
    private let namesByKind: [GroupVersionKind: String]
    private let types = Mutex<[String: FieldType]>([:])

    init(text: StaticString) {
        self.text = text
        var lines: [String: Line] = [:]
        var names: [GroupVersionKind: String] = [:]
        let bytes = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
            if let tab = bytes[start..<end].firstIndex(of: 0x09), let second = bytes[(tab + 1)..<end].firstIndex(of: 0x09) {
                let name = String(decoding: bytes[start..<tab], as: UTF8.self)
                lines[name] = Line(kinds: (tab + 1)..<second, schema: (second + 1)..<end)
                if second > tab + 1 {
                    for entry in bytes[(tab + 1)..<second].split(separator: UInt8(ascii: ";")) {
                        let parts = entry.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
                            .map { String(decoding: $0, as: UTF8.self) }
                        if parts.count == 3 {
                            names[GroupVersionKind(group: parts[0], version: parts[1], kind: parts[2])] = name
                        }
                    }
                }
            }
            start = end + 1
        }
        self.lines = lines
        namesByKind = names
    }

    /// Sorted.
    public var typeNames: [String] { lines.keys.sorted() }

    /// `io.k8s.api.core.v1.Pod`.
    public func typeName(of kind: GroupVersionKind) -> String? { namesByKind[kind] }

    public func type(of kind: GroupVersionKind) -> FieldType? { typeName(of: kind).flatMap(type(named:)) }

    public func type(named name: String) -> FieldType? {
        if name == FieldType.deducedName { return .deduced }
        if Self.opaque.contains(name) { return .untyped }
        if let known = types.withLock({ $0[name] }) { return known }
        guard let schema = document(named: name) else { return nil }
        let type = FieldType(openAPI: schema)
        types.withLock { $0[name] = type }
        return type
    }

    /// The OpenAPI schema of a type as upstream publishes it, without descriptions.
    public func openAPI(named name: String) -> JSONValue? {
        guard let schema = document(named: name), let line = lines[name] else { return nil }
        var published = Self.published(schema)
        let kinds = String(decoding: bytes(line.kinds), as: UTF8.self).split(separator: ";").map { entry -> JSONValue in
            let parts = entry.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            return ["group": .string(parts[0]), "version": .string(parts[1]), "kind": .string(parts[2])]
        }
        if !kinds.isEmpty { published["x-kubernetes-group-version-kind"] = .array(kinds) }
        return published
    }

    private func bytes(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: text.utf8Start + range.lowerBound, count: range.count)
    }

    /// The schema with whole names.
    private func document(named name: String) -> JSONValue? {
        guard let line = lines[name], let schema = try? JSONParser.parse(bytes(line.schema)) else { return nil }
        return Self.expanded(schema)
    }

    private static func expanded(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            var result: [String: JSONValue] = [:]
            for (key, member) in members {
                if key == "$ref", case .string(let name) = member {
                    result[key] = .string(wholeName(name))
                } else {
                    result[key.hasPrefix("x-") ? "x-kubernetes-" + key.dropFirst(2) : key] = expanded(member)
                }
            }
            return .object(result)
        case .array(let elements): return .array(elements.map(expanded))
        default: return value
        }
    }

    private static func wholeName(_ name: String) -> String {
        if name.hasPrefix("~a.") { return "io.k8s.api." + name.dropFirst(3) }
        if name.hasPrefix("~m.") { return "io.k8s.apimachinery.pkg.apis.meta.v1." + name.dropFirst(3) }
        return name
    }

    /// Takes away what is our own and makes references paths.
    private static func published(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            var result: [String: JSONValue] = [:]
            for (key, member) in members {
                switch (key, member) {
                case ("$ref", .string(let name)): result[key] = .string("#/components/schemas/" + name)
                case ("go", .string): continue
                case ("properties", .object(let properties)): result[key] = .object(properties.mapValues(published))
                default: result[key] = published(member)
                }
            }
            return .object(result)
        case .array(let elements): return .array(elements.map(published))
        default: return value
        }
    }
}
