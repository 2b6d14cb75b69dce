public import KubernetesTypes

/// What only some kinds have.
extension Client {
    public struct LogOptions: Sendable, Hashable {
        public var container: String?
        public var isFollowing = false
        /// The run before the current one.
        public var isPrevious = false
        public var hasTimestamps = false
        public var tailLines: Int?
        public var sinceSeconds: Int?
        public var limitBytes: Int?

        public init(container: String? = nil, isFollowing: Bool = false, tailLines: Int? = nil) {
            self.container = container
            self.isFollowing = isFollowing
            self.tailLines = tailLines
        }
    }

    /// A container's log as it is written.
    public func logs(pod name: String, namespace: String, _ options: LogOptions = LogOptions()) async throws -> ByteStream {
        var call = Call(.get, Pod.resourceType.path(namespace: namespace, name: name, subresource: "log"))
        call.accept = "*/*"
        call.add("container", options.container)
        if options.isFollowing { call.add("follow", "true") }
        if options.isPrevious { call.add("previous", "true") }
        if options.hasTimestamps { call.add("timestamps", "true") }
        call.add("tailLines", options.tailLines.map { String($0) })
        call.add("sinceSeconds", options.sinceSeconds.map { String($0) })
        call.add("limitBytes", options.limitBytes.map { String($0) })
        return try await stream(call)
    }

    /// A token of a service account.
    public func requestToken(serviceAccount name: String, namespace: String, _ spec: TokenRequestSpec) async throws
        -> TokenRequest
    {
        let request = try JSONValue(encoding: TokenRequest(spec: spec))
        let key = ObjectKey(namespace: namespace, name: name)
        return try TokenRequest(await create(subresource: "token", of: ServiceAccount.resourceType, key, request))
    }

    /// Places a pod on a node.
    public func bind(pod key: ObjectKey, uid: String, to node: String) async throws {
        let body: JSONValue = [
            "apiVersion": "v1", "kind": "Binding",
            "metadata": ["name": .string(key.name), "namespace": .string(key.namespace), "uid": .string(uid)],
            "target": ["apiVersion": "v1", "kind": "Node", "name": .string(node)],
        ]
        try await create(subresource: "binding", of: Pod.resourceType, key, body)
    }

    /// Deletes a pod by way of its eviction, which disruption budgets can refuse.
    public func evict(pod key: ObjectKey, _ options: DeleteOptions = DeleteOptions()) async throws {
        let body: JSONValue = [
            "apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": ["name": .string(key.name), "namespace": .string(key.namespace)],
            "deleteOptions": try Self.body(options),
        ]
        try await create(subresource: "eviction", of: Pod.resourceType, key, body)
    }
}
