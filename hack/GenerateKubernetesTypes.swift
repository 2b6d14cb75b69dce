// Writes Sources/KubernetesTypes/Generated from the published structure of Kubernetes' built-in types.
// Run it by hack/generate-kubernetes-types.
import Foundation

typealias Schema = [String: Any]

/// The kinds that Apus' own code reads or writes as types, with what a schema does not say of them.
struct Root {
    var schema: String
    var plural: String = ""
    var isNamespaced = true
    var swiftName: String?
}

let roots: [(file: String, roots: [Root])] = [
    (
        "Meta",
        ["ObjectMeta", "OwnerReference", "LabelSelector", "Condition", "DeleteOptions", "Preconditions", "Status", "ListMeta"].map {
            Root(schema: "io.k8s.apimachinery.pkg.apis.meta.v1.\($0)")
        }
    ),
    ("Pod", [Root(schema: "io.k8s.api.core.v1.Pod", plural: "pods")]),
    (
        "Core",
        [
            Root(schema: "io.k8s.api.core.v1.Node", plural: "nodes", isNamespaced: false),
            Root(schema: "io.k8s.api.core.v1.Namespace", plural: "namespaces", isNamespaced: false),
            Root(schema: "io.k8s.api.core.v1.Service", plural: "services"),
            Root(schema: "io.k8s.api.core.v1.Endpoints", plural: "endpoints"),
            Root(schema: "io.k8s.api.core.v1.Secret", plural: "secrets"),
            Root(schema: "io.k8s.api.core.v1.ConfigMap", plural: "configmaps"),
            Root(schema: "io.k8s.api.core.v1.ServiceAccount", plural: "serviceaccounts"),
            Root(schema: "io.k8s.api.core.v1.Event", plural: "events"),
            Root(schema: "io.k8s.api.core.v1.Binding", plural: "bindings"),
        ]
    ),
    (
        "Workloads",
        [
            Root(schema: "io.k8s.api.apps.v1.Deployment", plural: "deployments"),
            Root(schema: "io.k8s.api.apps.v1.ReplicaSet", plural: "replicasets"),
            Root(schema: "io.k8s.api.batch.v1.Job", plural: "jobs"),
            Root(schema: "io.k8s.api.scheduling.v1.PriorityClass", plural: "priorityclasses", isNamespaced: false),
            Root(schema: "io.k8s.api.autoscaling.v1.Scale", plural: "scales"),
            Root(schema: "io.k8s.api.policy.v1.Eviction", plural: "evictions"),
        ]
    ),
    (
        "Network",
        [Root(schema: "io.k8s.api.discovery.v1.EndpointSlice", plural: "endpointslices")]
    ),
    ("Coordination", [Root(schema: "io.k8s.api.coordination.v1.Lease", plural: "leases")]),
    (
        "Access",
        [
            Root(schema: "io.k8s.api.authentication.v1.TokenRequest", plural: "tokenrequests", swiftName: "TokenRequest"),
            Root(schema: "io.k8s.api.authentication.v1.TokenReview", plural: "tokenreviews", isNamespaced: false),
            Root(schema: "io.k8s.api.authorization.v1.SubjectAccessReview", plural: "subjectaccessreviews", isNamespaced: false),
            Root(schema: "io.k8s.api.authorization.v1.SelfSubjectAccessReview", plural: "selfsubjectaccessreviews", isNamespaced: false),
            Root(schema: "io.k8s.api.rbac.v1.Role", plural: "roles"),
            Root(schema: "io.k8s.api.rbac.v1.ClusterRole", plural: "clusterroles", isNamespaced: false),
            Root(schema: "io.k8s.api.rbac.v1.RoleBinding", plural: "rolebindings"),
            Root(schema: "io.k8s.api.rbac.v1.ClusterRoleBinding", plural: "clusterrolebindings", isNamespaced: false),
        ]
    ),
]

/// Written by hand, or kept as plain JSON.
let leaves: [String: String] = [
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "Quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "IntOrString",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "Timestamp",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "MicroTimestamp",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "JSONValue",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "JSONValue",
]

/// Two groups use the same word for different things.
let renamed: [String: String] = [
    "io.k8s.api.core.v1.EndpointPort": "EndpointsPort",
    "io.k8s.api.rbac.v1.Subject": "RBACSubject",
    "io.k8s.api.authentication.v1.UserInfo": "UserInfo",
]

let arguments = CommandLine.arguments
guard arguments.count == 3, let data = FileManager.default.contents(atPath: arguments[1]),
    let document = try JSONSerialization.jsonObject(with: data) as? Schema, let schemas = document["schemas"] as? [String: Schema]
else { fatalError("usage: GenerateKubernetesTypes builtin-types.json OUTPUT-FOLDER") }

let keywords: Set<String> = ["default", "continue", "operator", "protocol", "self", "in", "is", "as", "where", "internal", "public", "case", "for", "repeat"]
func escaped(_ name: String) -> String { keywords.contains(name) ? "`\(name)`" : name }
func shortName(_ schema: String) -> String { leaves[schema] ?? renamed[schema] ?? String(schema.split(separator: ".").last ?? "") }

func reference(_ property: Schema) -> String? {
    let direct = property["$ref"] as? String ?? (property["allOf"] as? [Schema])?.first?["$ref"] as? String
    return direct.map { String($0.dropFirst("#/components/schemas/".count)) }
}

struct PropertyType {
    var swift: String
    var empty: String
    var references: [String] = []
}

func propertyType(_ property: Schema) -> PropertyType {
    if let target = reference(property) {
        let name = shortName(target)
        let isKnown = leaves[target] != nil || schemas[target]?["properties"] != nil
        guard isKnown else { return PropertyType(swift: "JSONValue", empty: ".null") }
        return PropertyType(swift: name, empty: ".init()", references: leaves[target] == nil ? [target] : [])
    }
    switch property["type"] as? String {
    case "array":
        let element = propertyType(property["items"] as? Schema ?? [:])
        return PropertyType(swift: "[\(element.swift)]", empty: "[]", references: element.references)
    case "object":
        guard let values = property["additionalProperties"] as? Schema else { return PropertyType(swift: "JSONValue", empty: ".null") }
        let element = propertyType(values)
        return PropertyType(swift: "[String: \(element.swift)]", empty: "[:]", references: element.references)
    case "integer": return PropertyType(swift: "Int", empty: "0")
    case "number": return PropertyType(swift: "Double", empty: "0")
    case "boolean": return PropertyType(swift: "Bool", empty: "false")
    case "string":
        return property["format"] as? String == "byte"
            ? PropertyType(swift: "Base64Data", empty: ".init()") : PropertyType(swift: "String", empty: "\"\"")
    default: return PropertyType(swift: "JSONValue", empty: ".null")
    }
}

var written: Set<String> = []

func declaration(of schema: String, root: Root?, pending: inout [String]) -> String {
    let structure = schemas[schema] ?? [:]
    let properties = structure["properties"] as? [String: Schema] ?? [:]
    let required = Set(structure["required"] as? [String] ?? [])
    let kind = (structure["x-kubernetes-group-version-kind"] as? [Schema])?.first
    let isResource = !(root?.plural.isEmpty ?? true)
    let name = root?.swiftName ?? shortName(schema)
    let group = kind?["group"] as? String ?? ""
    let version = kind?["version"] as? String ?? ""

    struct Field {
        var name: String
        var type: String
        var isOptional: Bool
        var empty: String
    }
    var fields: [Field] = []
    for key in properties.keys.sorted() {
        let type = propertyType(properties[key] ?? [:])
        pending += type.references
        var field = Field(name: key, type: type.swift, isOptional: !required.contains(key), empty: type.empty)
        if isResource {
            switch key {
            case "apiVersion": (field.isOptional, field.empty) = (false, "\"\(group.isEmpty ? version : "\(group)/\(version)")\"")
            case "kind": (field.isOptional, field.empty) = (false, "\"\(kind?["kind"] as? String ?? "")\"")
            case "metadata", "spec": field.isOptional = false
            default: break
            }
        }
        fields.append(field)
    }
    var text = "/// `\(schema.replacingOccurrences(of: "io.k8s.", with: ""))`\n"
    text += "public struct \(name): Codable, Sendable, Hashable\(isResource ? ", KubernetesResource" : "") {\n"
    if isResource, let root {
        text += """
                public static let resourceType = ResourceType(
                    group: "\(group)", version: "\(version)", kind: "\(kind?["kind"] as? String ?? "")", plural: "\(root.plural)", \
            isNamespaced: \(root.isNamespaced))


            """
    }
    for field in fields { text += "    public var \(escaped(field.name)): \(field.type)\(field.isOptional ? "?" : "")\n" }
    text += "\n    public init("
    text += fields.map { "\n        \(escaped($0.name)): \($0.type)\($0.isOptional ? "? = nil" : " = \($0.empty)")" }.joined(separator: ",")
    text += fields.isEmpty ? ") {}\n" : "\n    ) {\n"
    for field in fields { text += "        self.\(field.name) = \(escaped(field.name))\n" }
    if !fields.isEmpty { text += "    }\n" }
    if fields.contains(where: { !$0.isOptional }) {
        text += "\n    public init(from decoder: any Decoder) throws {\n"
        text += "        let container = try decoder.container(keyedBy: CodingKeys.self)\n"
        for field in fields {
            let call = "try container.decodeIfPresent(\(field.type).self, forKey: .\(escaped(field.name)))"
            text += "        self.\(field.name) = \(call)\(field.isOptional ? "" : " ?? \(field.empty)")\n"
        }
        text += "    }\n"
    }
    return text + "}\n"
}

for (file, fileRoots) in roots {
    var text = "// Generated by hack/generate-kubernetes-types from Kubernetes \(document["kubernetesVersion"] ?? ""). Do not edit.\n"
    var pending = fileRoots.map(\.schema)
    let rootOf = Dictionary(uniqueKeysWithValues: fileRoots.map { ($0.schema, $0) })
    while !pending.isEmpty {
        let schema = pending.removeFirst()
        guard written.insert(schema).inserted else { continue }
        text += "\n" + declaration(of: schema, root: rootOf[schema], pending: &pending)
    }
    try text.write(toFile: "\(arguments[2])/\(file).generated.swift", atomically: true, encoding: .utf8)
}
