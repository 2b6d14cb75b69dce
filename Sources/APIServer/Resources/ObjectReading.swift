import FoundationEssentials
import KubernetesTypes

extension APIServerCore {
    // MARK: Get

    func get(_ definition: ResourceDefinition, _ scope: RequestScope) throws(APIError) -> APIResponse {
        let form = try ContentNegotiation.form(scope.request)
        let version = scope.request.parameter("resourceVersion") ?? ""
        switch ListOptions.parseVersion(version) {
        case .failure(let error): throw APIError(code: 500, reason: "", message: error.message)
        case .success(let revision): try requireReached(revision)
        }
        let object = try stored(definition, namespace: scope.info.namespace, name: scope.info.name)
        return try encoder(definition).response(object, form: form, scope: scope)
    }

    func stored(_ definition: ResourceDefinition, namespace: String, name: String) throws(APIError) -> StoredObject {
        let key = StoredKey.key(namespace: definition.isNamespaced ? namespace : "", name: name)
        guard let object = store.object(definition.storageName, key: key) else {
            throw .notFound(definition.name, name: name)
        }
        return object
    }

    func encoder(_ definition: ResourceDefinition) -> ResponseEncoder {
        ResponseEncoder(definition: definition, now: configuration.now)
    }

    private func requireReached(_ revision: UInt64) throws(APIError) {
        let current = store.revision
        guard revision > current else { return }
        throw APIError(
            code: 504, reason: "Timeout", message: "Timeout: Too large resource version: \(revision), current: \(current)",
            details: [
                "causes": [["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]],
                "retryAfterSeconds": 1,
            ], retryAfterSeconds: 1)
    }

    // MARK: List

    func list(_ definition: ResourceDefinition, _ scope: RequestScope) throws(APIError) -> APIResponse {
        let form = try ContentNegotiation.form(scope.request, isStreamListed: true)
        let options = try ListOptions(scope.request, definition: definition, isWatch: false)
        let page = try page(definition, namespace: scope.info.namespace, options)
        return try encoder(definition).response(list: page.objects, metadata: page.metadata, form: form, scope: scope)
    }

    struct Page {
        var objects: [StoredObject]
        var metadata: JSONValue
    }

    /// The objects that a list asks for, at the version it asks for.
    func page(_ definition: ResourceDefinition, namespace: String, _ options: ListOptions) throws(APIError) -> Page {
        let (snapshot, revision, start) = try state(definition, options)
        let scoped = namespace.isEmpty ? snapshot[...] : ResourceTable.inNamespace(namespace, snapshot)
        let prefix = namespace.isEmpty || !definition.isNamespaced ? "" : namespace + "/"
        let isSelective = !options.labels.isEmpty || !options.fields.isEmpty
        var objects: [StoredObject] = []
        var index = scoped.startIndex
        if let start {
            let from = prefix + start
            while index < scoped.endIndex, scoped[index].key < from { index += 1 }
        }
        let limit = options.limit > 0 ? options.limit : Int.max
        while index < scoped.endIndex, objects.count < limit {
            let object = scoped[index]
            index += 1
            if !isSelective || matches(object, options, definition) { objects.append(object) }
        }
        var metadata: JSONValue = ["resourceVersion": .string(String(revision))]
        if index < scoped.endIndex, let last = objects.last {
            let key = String(last.key.dropFirst(prefix.count)) + "\0"
            metadata["continue"] = .string(ContinueToken(revision: Int64(revision), start: key).encoded)
            if !isSelective { metadata["remainingItemCount"] = .integer(Int64(scoped.endIndex - index)) }
        }
        return Page(objects: objects, metadata: metadata)
    }

    func matches(_ object: StoredObject, _ options: ListOptions, _ definition: ResourceDefinition) -> Bool {
        options.labels.matches(object.labels) && (options.fields.isEmpty || options.fields.matches(object, definition))
    }

    private func state(
        _ definition: ResourceDefinition, _ options: ListOptions
    ) throws(APIError) -> (ContiguousArray<StoredObject>, UInt64, String?) {
        let resource = definition.storageName
        if !options.continueToken.isEmpty {
            if !options.resourceVersion.isEmpty, options.resourceVersion != "0" {
                throw .badRequest("specifying resource version is not allowed when using continue")
            }
            let token = try ContinueToken.decode(options.continueToken)
            guard token.revision > 0 else {
                let (objects, revision) = store.objects(resource)
                return (objects, revision, token.start)
            }
            guard let objects = store.objects(resource, at: UInt64(token.revision)) else {
                throw continueExpired(token)
            }
            return (objects, UInt64(token.revision), token.start)
        }
        switch ListOptions.parseVersion(options.resourceVersion) {
        case .failure(let error): throw .badRequest("invalid resource version: \(error.message)")
        case .success(let revision):
            try requireReached(revision)
            if options.match == .exact {
                guard let objects = store.objects(resource, at: revision) else {
                    throw APIError(
                        code: 410, reason: "Expired",
                        message: "The resourceVersion for the provided list is too old.")
                }
                return (objects, revision, nil)
            }
            let (objects, current) = store.objects(resource)
            return (objects, current, nil)
        }
    }

    private func continueExpired(_ token: ContinueToken) -> APIError {
        APIError(
            code: 410, reason: "Expired",
            message:
                "The provided continue parameter is too old to display a consistent list result. You can start a new list without the "
                + "continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with "
                + "the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the "
                + "first chunk was returned and now may show up in the list.",
            metadata: ["continue": .string(ContinueToken(revision: -1, start: token.start).encoded)])
    }
}

extension ResourceDefinition {
    /// The key of the resource in the store.
    var storageName: ResourceName { ResourceName(group: storageGroup, resource: plural) }
}
