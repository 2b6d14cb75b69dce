public import KubernetesTypes

/// Requests on the kinds that have a Swift type.
extension Client {
    public func get<Resource: KubernetesResource>(
        _ kind: Resource.Type, _ name: String, namespace: String = "", subresource: String? = nil
    ) async throws -> Resource {
        try typed(await get(kind.resourceType, ObjectKey(namespace: namespace, name: name), subresource: subresource))
    }

    /// The object, or nil where there is none.
    public func find<Resource: KubernetesResource>(_ kind: Resource.Type, _ name: String, namespace: String = "") async throws
        -> Resource?
    {
        do {
            return try await get(kind, name, namespace: namespace)
        } catch let error as StatusError where error.isNotFound {
            return nil
        }
    }

    public func list<Resource: KubernetesResource>(
        _ kind: Resource.Type, namespace: String? = nil, _ options: ListOptions = ListOptions(limit: 500)
    ) async throws -> TypedList<Resource> {
        let list = try await list(kind.resourceType, namespace: namespace, options)
        return TypedList(items: try list.items.map { try typed($0) }, resourceVersion: list.resourceVersion)
    }

    @discardableResult
    public func create<Resource: KubernetesResource>(_ object: Resource, _ options: WriteOptions = WriteOptions()) async throws
        -> Resource
    {
        try typed(await create(Resource.resourceType, document(object), options))
    }

    @discardableResult
    public func update<Resource: KubernetesResource>(
        _ object: Resource, subresource: String? = nil, _ options: WriteOptions = WriteOptions()
    ) async throws -> Resource {
        try typed(await update(Resource.resourceType, document(object), subresource: subresource, options))
    }

    @discardableResult
    public func updateStatus<Resource: KubernetesResource>(_ object: Resource, _ options: WriteOptions = WriteOptions())
        async throws
        -> Resource
    {
        try await update(object, subresource: "status", options)
    }

    @discardableResult
    public func patch<Resource: KubernetesResource>(
        _ kind: Resource.Type, _ name: String, namespace: String = "", _ patch: Patch, subresource: String? = nil,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> Resource {
        let key = ObjectKey(namespace: namespace, name: name)
        return try typed(await self.patch(kind.resourceType, key, patch, subresource: subresource, options))
    }

    /// Server-side apply. What the Swift type encodes is what is claimed.
    @discardableResult
    public func apply<Resource: KubernetesResource>(
        _ object: Resource, manager: String, force: Bool = true, subresource: String? = nil
    ) async throws -> Resource {
        try typed(await apply(Resource.resourceType, document(object), manager: manager, force: force, subresource: subresource))
    }

    public func delete<Resource: KubernetesResource>(
        _ kind: Resource.Type, _ name: String, namespace: String = "", _ options: DeleteOptions = DeleteOptions()
    ) async throws {
        try await delete(kind.resourceType, ObjectKey(namespace: namespace, name: name), options)
    }

    private func typed<Resource: KubernetesResource>(_ object: DynamicObject) throws -> Resource { try Resource(object.value) }

    private func document(_ object: some KubernetesResource) throws -> DynamicObject {
        DynamicObject(try JSONValue(encoding: object))
    }
}
