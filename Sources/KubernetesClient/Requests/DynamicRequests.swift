public import KubernetesTypes

/// Requests on kinds that are known at run time.
extension Client {
    public func get(_ type: ResourceType, _ key: ObjectKey, subresource: String? = nil) async throws -> DynamicObject {
        DynamicObject(try await send(Call(.get, type.path(namespace: key.namespace, name: key.name, subresource: subresource))))
    }

    /// One page; the whole list where `limit` is not set.
    public func page(_ type: ResourceType, namespace: String? = nil, _ options: ListOptions = ListOptions()) async throws
        -> DynamicList
    {
        var call = Call(.get, type.path(namespace: namespace))
        options.add(to: &call)
        let value = try await send(call)
        let items = (value["items"]?.array ?? []).map { item in
            // Servers leave these out of the items of built-in kinds.
            var item = item
            if item["kind"] == nil { item["kind"] = .string(type.kind) }
            if item["apiVersion"] == nil { item["apiVersion"] = .string(type.apiVersion) }
            return DynamicObject(item)
        }
        let token = value["metadata"]?["continue"]?.string
        return DynamicList(
            items: items, resourceVersion: value["metadata"]?["resourceVersion"]?.string ?? "",
            continueToken: token?.isEmpty == true ? nil : token)
    }

    /// All objects, fetched page by page. A token that expired on the way starts the list anew without pages.
    public func list(_ type: ResourceType, namespace: String? = nil, _ options: ListOptions = ListOptions(limit: 500))
        async throws
        -> DynamicList
    {
        var options = options
        var list = try await page(type, namespace: namespace, options)
        while let token = list.continueToken {
            options.continueToken = token
            // A continuation carries its version in the token; naming it again is refused.
            options.resourceVersion = nil
            options.resourceVersionMatch = nil
            do {
                let next = try await page(type, namespace: namespace, options)
                list.items += next.items
                list.continueToken = next.continueToken
            } catch let error as StatusError where error.isExpired {
                options.continueToken = nil
                options.limit = nil
                return try await page(type, namespace: namespace, options)
            }
        }
        return list
    }

    @discardableResult
    public func create(
        _ type: ResourceType, namespace: String? = nil, _ object: DynamicObject, _ options: WriteOptions = WriteOptions()
    ) async throws -> DynamicObject {
        var call = Call(.post, type.path(namespace: namespace ?? object.namespace), body: object.value)
        options.add(to: &call, default: self.options.fieldManager)
        return DynamicObject(try await send(call))
    }

    /// Creates what belongs to an object, as `binding`, `eviction` and `token` do.
    @discardableResult
    public func create(
        subresource: String, of type: ResourceType, _ key: ObjectKey, _ body: JSONValue, _ options: WriteOptions = WriteOptions()
    ) async throws -> JSONValue {
        var call = Call(.post, type.path(namespace: key.namespace, name: key.name, subresource: subresource), body: body)
        options.add(to: &call, default: self.options.fieldManager)
        return try await send(call)
    }

    @discardableResult
    public func update(
        _ type: ResourceType, _ object: DynamicObject, subresource: String? = nil, _ options: WriteOptions = WriteOptions()
    ) async throws -> DynamicObject {
        let path = type.path(namespace: object.namespace, name: object.name, subresource: subresource)
        var call = Call(.put, path, body: object.value)
        // The resourceVersion in the body makes a second sending a conflict, never a second change.
        options.add(to: &call, default: self.options.fieldManager)
        return DynamicObject(try await send(call))
    }

    @discardableResult
    public func patch(
        _ type: ResourceType, _ key: ObjectKey, _ patch: Patch, subresource: String? = nil,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> DynamicObject {
        let path = type.path(namespace: key.namespace, name: key.name, subresource: subresource)
        var call = Call(.patch, path, body: patch.body)
        call.contentType = patch.contentType
        var options = options
        if case .apply(_, let manager, let force) = patch {
            options.fieldManager = manager
            if force { call.add("force", "true") }
            call.isRepeatable = true
        }
        options.add(to: &call, default: self.options.fieldManager)
        return DynamicObject(try await send(call))
    }

    /// Server-side apply: the object is made to have the fields given, and made if it is not there.
    @discardableResult
    public func apply(
        _ type: ResourceType, _ object: DynamicObject, manager: String, force: Bool = true, subresource: String? = nil
    ) async throws -> DynamicObject {
        try await patch(type, object.key, .apply(object.value, manager: manager, force: force), subresource: subresource)
    }

    /// - Returns: the object as it was, or is while finalizers hold it.
    @discardableResult
    public func delete(_ type: ResourceType, _ key: ObjectKey, _ options: DeleteOptions = DeleteOptions()) async throws
        -> DynamicObject
    {
        let call = Call(.delete, type.path(namespace: key.namespace, name: key.name), body: try Self.body(options))
        return DynamicObject(try await send(call))
    }

    public func deleteCollection(
        _ type: ResourceType, namespace: String? = nil, _ selection: ListOptions = ListOptions(),
        _ options: DeleteOptions = DeleteOptions()
    ) async throws {
        var call = Call(.delete, type.path(namespace: namespace), body: try Self.body(options))
        selection.add(to: &call)
        _ = try await send(call)
    }

    static func body(_ options: DeleteOptions) throws -> JSONValue {
        var options = options
        options.apiVersion = "v1"
        options.kind = "DeleteOptions"
        return try JSONValue(encoding: options)
    }
}
