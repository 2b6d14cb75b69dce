public import KubernetesTypes

/// Everything about a kind that its CustomResourceDefinition says.
public struct CustomResource: Sendable {
    public var type: ResourceType
    public var shortNames: [String]
    /// What the kind is for, in a sentence.
    public var description: String
    public var spec: Schema
    public var status: Schema?
    public var columns: [PrinterColumn]
    public var scale: ScalePaths?
    /// Rules over the object as a whole.
    var rules: [SchemaRule] = []

    public struct PrinterColumn: Sendable {
        public var name: String
        public var type: String
        public var path: String
        public var description: String
        /// 1 columns show with `-o wide` only.
        public var priority: Int

        init(_ name: String, _ path: String, type: String = "string", wide: Bool = false, _ description: String = "") {
            self.name = name
            self.type = type
            self.path = path
            self.description = description
            priority = wide ? 1 : 0
        }
    }

    public struct ScalePaths: Sendable {
        public var replicas: String
        public var statusReplicas: String
        public var selector: String
    }

    /// `trainingjobs.apus.dev`
    public var name: String { "\(type.plural).\(type.group)" }

    /// The CustomResourceDefinition as a manifest.
    public var manifest: JSONValue {
        var properties: [String: JSONValue] = [
            "apiVersion": ["type": "string", "description": "Version of the API of this object: apus.dev/v1alpha1."],
            "kind": ["type": "string", "description": .string("Kind of this object: \(type.kind).")],
            "metadata": ["type": "object"],
            "spec": .object(spec.json),
        ]
        if let status { properties["status"] = .object(status.json) }
        let schema = Schema(type: "object", description, ["properties": .object(properties), "required": .array(["spec"])])
            .adding(rules)
        var subresources: [String: JSONValue] = [:]
        if status != nil { subresources["status"] = [:] }
        if let scale {
            subresources["scale"] = [
                "specReplicasPath": .string(scale.replicas), "statusReplicasPath": .string(scale.statusReplicas),
                "labelSelectorPath": .string(scale.selector),
            ]
        }
        return [
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": ["name": .string(name), "labels": ["app.kubernetes.io/part-of": "apus"]],
            "spec": [
                "group": .string(type.group),
                "scope": type.isNamespaced ? "Namespaced" : "Cluster",
                "names": [
                    "kind": .string(type.kind), "listKind": .string(type.kind + "List"), "plural": .string(type.plural),
                    "singular": .string(type.kind.lowercased()), "shortNames": .array(shortNames.map(JSONValue.string)),
                    "categories": .array(["apus"]),
                ],
                "versions": .array([
                    [
                        "name": .string(type.version), "served": true, "storage": true,
                        "schema": ["openAPIV3Schema": .object(schema.json)],
                        "subresources": .object(subresources),
                        "additionalPrinterColumns": .array(columns.map(\.json) + [PrinterColumn.age.json]),
                    ]
                ]),
            ],
        ]
    }
}

extension CustomResource.PrinterColumn {
    static let age = Self("Age", ".metadata.creationTimestamp", type: "date")
    static let phase = Self("Phase", ".status.phase", "Derived from the conditions, for display.")

    static func condition(_ type: String, wide: Bool = false) -> Self {
        Self(type, ".status.conditions[?(@.type==\"\(type)\")].status", wide: wide)
    }

    /// Why the object is as it is, in a sentence.
    static let message = Self("Message", ".status.conditions[?(@.type==\"Ready\")].message", wide: true)

    fileprivate var json: JSONValue {
        var value: JSONValue = ["name": .string(name), "type": .string(type), "jsonPath": .string(path)]
        if !description.isEmpty { value["description"] = .string(description) }
        if priority != 0 { value["priority"] = .integer(Int64(priority)) }
        return value
    }
}

/// A kind of the `apus.dev` group.
public protocol ApusResource: KubernetesResource {
    associatedtype Spec: SchemaDescribing
    var spec: Spec { get set }
    static var definition: CustomResource { get }
}

extension ApusResource {
    public static var resourceType: ResourceType { definition.type }

    static func type(_ kind: String, plural: String, namespaced: Bool = true) -> ResourceType {
        ResourceType(group: ApusAPI.group, version: ApusAPI.version, kind: kind, plural: plural, isNamespaced: namespaced)
    }
}
