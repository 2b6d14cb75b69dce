import FoundationEssentials
import KubernetesTypes

extension APIServerCore {
    // MARK: Create

    func create(_ definition: ResourceDefinition, _ scope: RequestScope) async throws(APIError) -> APIResponse {
        let form = try ContentNegotiation.form(scope.request)
        let options = try WriteOptions(scope.request, kind: "CreateOptions")
        let object = try decoded(definition, scope, options).object
        try checkNamespace(object, definition, scope)
        let created = try await create(object, definition, scope, options)
        return try encoder(definition).response(created, form: form, status: 201, scope: scope)
    }

    /// Everything of a creation between the decoded body and the stored object.
    func create(
        _ body: JSONValue, _ definition: ResourceDefinition, _ scope: RequestScope, _ options: WriteOptions,
        managedFields: JSONValue? = nil, validateAdmission: Bool = true
    ) async throws(APIError) -> StoredObject {
        var attempts = 0
        while true {
            attempts += 1
            let (object, isNameGenerated) = initialised(body, definition, scope.info.namespace)
            do throws(APIError) {
                return try await createOnce(object, definition, scope, options, managedFields: managedFields)
            } catch {
                guard isNameGenerated, error.reason == "AlreadyExists", attempts < 8 else { throw error }
            }
        }
    }

    private func createOnce(
        _ body: JSONValue, _ definition: ResourceDefinition, _ scope: RequestScope, _ options: WriteOptions,
        managedFields: JSONValue?
    ) async throws(APIError) -> StoredObject {
        var object = body
        if let managedFields {
            object["metadata"]?["managedFields"] = managedFields
        } else {
            let writer = FieldWriter(manager: options.manager(scope.request), subresource: nil, time: configuration.now())
            object = merging.recorded(old: nil, new: object, definition, by: writer)
        }
        let context = AdmissionContext(
            definition: definition, operation: .create, subresource: nil, scope: scope, isDryRun: options.isDryRun)
        object = try await admission.mutated(object, old: nil, context)
        if !(object["metadata"]?["resourceVersion"]?.string ?? "").isEmpty {
            throw APIError(code: 500, reason: "", message: "resourceVersion should not be set on objects to be created")
        }
        object = definition.rules.prepareForCreate(object)
        if definition.kind == "Pod", definition.group.isEmpty { timestampConditions(&object) }
        if definition.rules.hasGeneration { object["metadata"]?["generation"] = 1 }
        let metadataErrors = MetadataValidation.create(object, definition)
        let name = object["metadata"]?["name"]?.string ?? ""
        let errors = definition.rules.validateCreate(object)
        let all = definition.custom == nil ? metadataErrors + errors : errors + metadataErrors
        if !all.isEmpty { throw .invalid(group: definition.group, kind: definition.kind, name: name, all) }
        for warning in definition.rules.warnings(object, old: nil) { scope.warn(warning) }
        try await admission.validate(object, old: nil, context)
        object = definition.rules.stored(object)
        let allocation = try allocator.allocate(&object, old: nil, definition, isDryRun: options.isDryRun)
        if options.isDryRun {
            allocation.release()
            if store.object(definition.storageName, key: PreparedObject(object).key) != nil {
                throw .alreadyExists(definition.name, name: name)
            }
            return dryRunObject(object, definition, revision: nil)
        }
        do throws(APIError) {
            let stored = try await commit(.create(prepared(object, definition)), definition, name: name)
            await afterWrite(definition)
            return stored
        } catch {
            allocation.release()
            throw error
        }
    }

    /// Conditions that a new pod starts with began now.
    private func timestampConditions(_ pod: inout JSONValue) {
        guard var conditions = pod["status"]?["conditions"]?.array else { return }
        for index in conditions.indices where conditions[index]["lastTransitionTime"]?.string == nil {
            conditions[index]["lastTransitionTime"] = .string(Timestamp(configuration.now()).description)
        }
        pod["status"]?["conditions"] = .array(conditions)
    }

    /// The form in which an object is stored.
    func prepared(_ object: JSONValue, _ definition: ResourceDefinition) -> PreparedObject {
        PreparedObject(EventConversion.isNeeded(definition) ? EventConversion.toCore(object) : object)
    }

    /// What a dry run shows: nothing is stored, so there is no version of it.
    func dryRunObject(_ object: JSONValue, _ definition: ResourceDefinition, revision: UInt64?) -> StoredObject {
        StoredObject(prepared(object, definition), dryRunRevision: revision)
    }

    /// Fills in what the server says of a new object.
    private func initialised(
        _ body: JSONValue, _ definition: ResourceDefinition, _ namespace: String
    ) -> (object: JSONValue, isNameGenerated: Bool) {
        var metadata = body["metadata"]?.object ?? [:]
        metadata["deletionTimestamp"] = nil
        metadata["deletionGracePeriodSeconds"] = nil
        metadata["selfLink"] = nil
        metadata["uid"] = .string(configuration.makeUID())
        metadata["creationTimestamp"] = .string(Timestamp(configuration.now()).description)
        metadata["namespace"] = definition.isNamespaced ? .string(namespace) : nil
        var isNameGenerated = false
        if (metadata["name"]?.string ?? "").isEmpty, let prefix = metadata["generateName"]?.string, !prefix.isEmpty {
            metadata["name"] = .string(String(prefix.prefix(58)) + configuration.makeNameSuffix())
            isNameGenerated = true
        }
        var object = body
        object["metadata"] = .object(metadata)
        return (object, isNameGenerated)
    }

    // MARK: Update

    func update(_ definition: ResourceDefinition, subresource: String?, _ scope: RequestScope) async throws(APIError)
        -> APIResponse
    {
        let form = try ContentNegotiation.form(scope.request)
        let options = try WriteOptions(scope.request, kind: "UpdateOptions")
        let decoded = try decoded(definition, scope, options)
        let object = decoded.object
        try checkNamespace(object, definition, scope)
        try checkName(object, scope)
        let isThere = store.object(definition.storageName, key: key(definition, scope)) != nil
        if !isThere, subresource == nil, Self.isCreatedOnUpdate(definition) {
            let created = try await create(object, definition, scope, options)
            return try encoder(definition).response(created, form: form, status: 201, scope: scope)
        }
        let uid = object["metadata"]?["uid"]?.string ?? ""
        let version = object["metadata"]?["resourceVersion"]?.string ?? ""
        if isThere, ["", "0"].contains(version), !Self.isUpdatedUnconditionally(definition) {
            throw .invalid(
                group: definition.group, kind: definition.plural, name: scope.info.name,
                [.invalid("metadata.resourceVersion", 0, "must be specified for an update")])
        }
        let updated = try await modify(definition, subresource: subresource, scope, options) { current throws(APIError) in
            if !uid.isEmpty, uid != current.uid {
                let path = "/registry/\(definition.plural)/\(current.key)"
                throw .conflict(
                    definition.name, name: current.name,
                    "StorageError: invalid object, Code: 4, Key: \(path), ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: "
                        + "UID in precondition: \(uid), UID in object meta: \(current.uid)")
            }
            return Change(object: object, recordsFields: true, hadEmptyLists: decoded.hadEmptyLists)
        }
        return try encoder(definition).response(updated, form: form, scope: scope)
    }

    private static func isCreatedOnUpdate(_ definition: ResourceDefinition) -> Bool {
        switch (definition.group, definition.plural) {
        case ("", "endpoints"), ("", "events"), ("", "limitranges"), ("coordination.k8s.io", "leases"),
            ("events.k8s.io", "events"),
            ("rbac.authorization.k8s.io", _), ("node.k8s.io", "runtimeclasses"), ("", "services"):
            true
        default: false
        }
    }

    /// Kinds whose updates must say which version they were made from.
    private static func isUpdatedUnconditionally(_ definition: ResourceDefinition) -> Bool {
        if definition.custom != nil { return false }
        switch (definition.group, definition.plural) {
        case ("coordination.k8s.io", "leases"), ("policy", "poddisruptionbudgets"), ("node.k8s.io", "runtimeclasses"),
            ("apiextensions.k8s.io", _), ("admissionregistration.k8s.io", _), ("discovery.k8s.io", "endpointslices"):
            return false
        default: return true
        }
    }

    func key(_ definition: ResourceDefinition, _ scope: RequestScope) -> String {
        StoredKey.key(namespace: definition.isNamespaced ? scope.info.namespace : "", name: scope.info.name)
    }

    /// The whole new object that an update or patch leads to.
    struct Change {
        var object: JSONValue
        /// False where managedFields are already right (server-side apply).
        var recordsFields: Bool
        /// Whether the spec came with empty lists.
        var hadEmptyLists = false
    }

    /// Reads, changes and writes an object, again from the start when somebody else wrote in between, for as long as the request
    /// may take: each time that this write loses another one is made. A change that asks for a version fails when it is made anew.
    func modify(
        _ definition: ResourceDefinition, subresource: String?, _ scope: RequestScope, _ options: WriteOptions,
        recordedSubresource: String? = nil, bypassesRules: Bool = false,
        _ change: (StoredObject) throws(APIError) -> Change
    ) async throws(APIError) -> StoredObject {
        let key = key(definition, scope)
        let name = scope.info.name
        while true {
            guard let current = store.object(definition.storageName, key: key) else {
                throw .notFound(definition.name, name: name)
            }
            do throws(APIError) {
                let old = encoder(definition).value(current)
                let changed = try change(current)
                try checkVersion(changed.object, current, definition)
                return try await write(
                    changed, over: current, old: old, definition, subresource: subresource, scope, options,
                    recordedSubresource: recordedSubresource ?? subresource, bypassesRules: bypassesRules)
            } catch {
                guard error.isLostRace, !Task.isCancelled else { throw error }
            }
        }
    }

    private func checkVersion(_ object: JSONValue, _ current: StoredObject, _ definition: ResourceDefinition) throws(APIError) {
        let text = object["metadata"]?["resourceVersion"]?.string ?? ""
        guard !text.isEmpty, text != "0" else { return }
        guard let version = UInt64(text) else {
            throw APIError(code: 500, reason: "", message: "strconv.ParseUint: parsing \"\(text)\": invalid syntax")
        }
        if version != current.revision { throw .modified(definition.name, name: current.name) }
    }

    private func write(
        _ change: Change, over current: StoredObject, old: JSONValue, _ definition: ResourceDefinition, subresource: String?,
        _ scope: RequestScope, _ options: WriteOptions, recordedSubresource: String?, bypassesRules: Bool
    ) async throws(APIError) -> StoredObject {
        var object = carryOver(old, change.object)
        if change.recordsFields {
            let writer = FieldWriter(
                manager: options.manager(scope.request), subresource: recordedSubresource, time: configuration.now())
            object = merging.recorded(old: old, new: object, definition, by: writer)
        }
        if recordedSubresource == "scale" { ScaleSubresource.forgetTimes(&object) }
        let context = AdmissionContext(
            definition: definition, operation: .update, subresource: subresource, scope: scope, isDryRun: options.isDryRun)
        object = try await admission.mutated(object, old: old, context)
        if !bypassesRules { object = definition.rules.prepareForUpdate(old: old, new: object, subresource: subresource) }
        let generation = old["metadata"]?["generation"]?.integer ?? 0
        if generation > 0 || definition.rules.hasGeneration {
            // What a status write carries beside the status, such as a deployment's revision, is no new wish of anybody.
            let isBumped =
                !bypassesRules && subresource != "status" && definition.rules.hasGeneration
                && (definition.rules.changesGeneration(old: old, new: object)
                    || definition.rules.countsEmptyLists && change.hadEmptyLists)
            object["metadata"]?["generation"] = .integer(isBumped ? generation + 1 : generation)
        }
        let metadataErrors = MetadataValidation.update(old: old, new: object, definition)
        let errors = bypassesRules ? [] : definition.rules.validateUpdate(old: old, new: object, subresource: subresource)
        let all = definition.custom == nil ? metadataErrors + errors : errors + metadataErrors
        if !all.isEmpty { throw .invalid(group: definition.group, kind: definition.kind, name: current.name, all) }
        for warning in definition.rules.warnings(object, old: old) { scope.warn(warning) }
        try await admission.validate(object, old: old, context)
        object = definition.rules.stored(object)
        if isFinished(object) {
            if options.isDryRun { return dryRunObject(object, definition, revision: current.revision) }
            return try await finishDeletion(object, current, definition)
        }
        if Self.isUnchanged(old, object) { return current }
        let allocation = try allocator.allocate(&object, old: old, definition, isDryRun: options.isDryRun)
        if options.isDryRun {
            allocation.release()
            return dryRunObject(object, definition, revision: current.revision)
        }
        do throws(APIError) {
            let stored = try await commit(
                .update(prepared(object, definition), expected: current.revision), definition, name: current.name)
            allocation.keep()
            await afterWrite(definition)
            return stored
        } catch {
            allocation.release()
            throw error
        }
    }

    /// What an update cannot change, whatever the client sends.
    private func carryOver(_ old: JSONValue, _ new: JSONValue) -> JSONValue {
        let before = old["metadata"]?.object ?? [:]
        var metadata = new["metadata"]?.object ?? [:]
        for field in ["creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "namespace"] {
            metadata[field] = before[field]
        }
        for field in ["uid", "name"] where (metadata[field]?.string ?? "").isEmpty { metadata[field] = before[field] }
        metadata["selfLink"] = nil
        metadata["resourceVersion"] = before["resourceVersion"]
        var object = new
        object["metadata"] = .object(metadata)
        return object
    }

    private static func isUnchanged(_ old: JSONValue, _ new: JSONValue) -> Bool { old == new }

    /// Whether the last finalizer of an object that is being deleted is gone.
    private func isFinished(_ object: JSONValue) -> Bool {
        let metadata = object["metadata"] ?? [:]
        guard metadata["deletionTimestamp"]?.string != nil else { return false }
        let grace = metadata["deletionGracePeriodSeconds"]?.integer ?? 0
        let namespaceFinalizers = object["kind"]?.string == "Namespace" ? object["spec"]?["finalizers"]?.array ?? [] : []
        return (metadata["finalizers"]?.array ?? []).isEmpty && grace == 0 && namespaceFinalizers.isEmpty
    }

    private func finishDeletion(
        _ object: JSONValue, _ current: StoredObject, _ definition: ResourceDefinition
    ) async throws(APIError) -> StoredObject {
        _ = try await commit(.delete(key: current.key, expected: current.revision), definition, name: current.name)
        allocator.released(object, definition)
        await afterDelete(definition, name: current.name)
        return StoredObject(prepared(object, definition), revision: current.revision)
    }

    // MARK: Committing

    func commit(
        _ operation: StoreWrite.Operation, _ definition: ResourceDefinition, name: String, isFinal: Bool = false
    ) async throws(APIError) -> StoredObject {
        do throws(StoreError) {
            return try await store.commit(StoreWrite(resource: definition.storageName, operation: operation))
        } catch {
            switch error {
            case .alreadyExists:
                let current = store.object(definition.storageName, key: operation.key)
                var error = APIError.alreadyExists(definition.name, name: name)
                if current?.value["metadata"]?["deletionTimestamp"]?.string != nil {
                    error.message = "object is being deleted: \(error.message)"
                }
                throw error
            case .notFound: throw .notFound(definition.name, name: name)
            case .conflict: throw isFinal ? .modified(definition.name, name: name) : .lostRace(definition.name, name: name)
            case .noSpace(let why):
                throw APIError(
                    code: 507, reason: "InternalError",
                    message:
                        "Internal error occurred: the change was not stored: \(why). Free some space and try again; reads and watches go on.",
                    details: ["causes": [["message": .string(why)]]], retryAfterSeconds: 5)
            case .failed(let why): throw .internalError("the change was not stored: \(why)")
            }
        }
    }
}

extension APIError {
    static func modified(_ resource: ResourceName, name: String) -> APIError {
        .conflict(
            resource, name: name, "the object has been modified; please apply your changes to the latest version and try again")
    }

    /// Somebody else wrote between our read and our write: worth another try.
    static func lostRace(_ resource: ResourceName, name: String) -> APIError {
        var error = modified(resource, name: name)
        error.isLostRace = true
        return error
    }
}
