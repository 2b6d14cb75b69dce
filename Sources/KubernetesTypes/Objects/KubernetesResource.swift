/// A typed object of the API.
public protocol KubernetesResource: Codable, Sendable, Hashable {
    static var resourceType: ResourceType { get }
    var metadata: ObjectMeta { get set }
}

extension KubernetesResource {
    public var name: String { metadata.name ?? "" }
    /// Empty for cluster-scoped objects.
    public var namespace: String { metadata.namespace ?? "" }
    public var uid: String { metadata.uid ?? "" }
    public var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }
    public var isBeingDeleted: Bool { metadata.deletionTimestamp != nil }

    /// The typed view of a dynamic object.
    public init(_ object: JSONValue) throws { self = try object.decode(Self.self) }
}

/// Names one object among those of its kind.
public struct ObjectKey: Sendable, Hashable, Codable, Comparable, CustomStringConvertible {
    /// Empty for cluster-scoped objects.
    public var namespace: String
    public var name: String

    public init(namespace: String = "", name: String) {
        self.namespace = namespace
        self.name = name
    }

    public var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }

    public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        (left.namespace, left.name) < (right.namespace, right.name)
    }
}

/// An object of a kind that is known only at run time. Thin: the document is the truth, accessors read and write it.
public struct DynamicObject: Sendable, Hashable {
    public var value: JSONValue

    public init(_ value: JSONValue) { self.value = value }

    public var apiVersion: String { value["apiVersion"]?.string ?? "" }
    public var kind: String { value["kind"]?.string ?? "" }
    public var groupVersionKind: GroupVersionKind { GroupVersionKind(apiVersion: apiVersion, kind: kind) }
    public var metadata: JSONValue { value["metadata"] ?? .object([:]) }
    public var name: String { metadata["name"]?.string ?? "" }
    public var namespace: String { metadata["namespace"]?.string ?? "" }
    public var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }
    public var uid: String { metadata["uid"]?.string ?? "" }
    public var resourceVersion: String { metadata["resourceVersion"]?.string ?? "" }
    public var generation: Int { Int(metadata["generation"]?.integer ?? 0) }
    public var isBeingDeleted: Bool { metadata["deletionTimestamp"]?.string != nil }
    public var labels: [String: String] { strings("labels") }
    public var annotations: [String: String] { strings("annotations") }
    public var finalizers: [String] { metadata["finalizers"]?.array?.compactMap(\.string) ?? [] }
    public var ownerReferences: [OwnerReference] { (try? metadata["ownerReferences"]?.decode([OwnerReference].self)) ?? [] }

    private func strings(_ field: String) -> [String: String] {
        metadata[field]?.object?.compactMapValues(\.string) ?? [:]
    }
}
