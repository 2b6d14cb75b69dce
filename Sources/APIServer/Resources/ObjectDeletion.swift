import FoundationEssentials
import KubernetesTypes

extension APIServerCore {
    func delete(_ definition: ResourceDefinition, _ scope: RequestScope) async throws(APIError) -> APIResponse {
        let form = try ContentNegotiation.form(scope.request)
        let options = try DeleteOptions(scope.request)
        let outcome = try await delete(definition, namespace: scope.info.namespace, name: scope.info.name, options, scope)
        return try deletionResponse(outcome, definition, form, scope)
    }

    struct DeletionOutcome {
        var object: StoredObject
        var isGone: Bool
    }

    private func deletionResponse(
        _ outcome: DeletionOutcome, _ definition: ResourceDefinition, _ form: ResponseForm, _ scope: RequestScope
    ) throws(APIError) -> APIResponse {
        if outcome.isGone, !Self.returnsDeletedObject(definition) {
            var details = definition.name.details(name: outcome.object.name)
            details["uid"] = .string(outcome.object.uid)
            let status: JSONValue = [
                "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "details": details,
            ]
            return ResponseEncoder.response(
                status, form: ResponseForm(encoding: form.encoding, isPretty: form.isPretty), warnings: scope.warningHeaders)
        }
        return try encoder(definition).response(outcome.object, form: form, scope: scope)
    }

    static func returnsDeletedObject(_ definition: ResourceDefinition) -> Bool {
        guard definition.group.isEmpty else { return false }
        return [
            "pods", "services", "serviceaccounts", "persistentvolumeclaims", "persistentvolumes", "resourcequotas",
            "podtemplates",
            "namespaces",
        ].contains(definition.plural)
    }

    /// Deletes an object now, or marks it and leaves the rest to its finalizers and grace period.
    func delete(
        _ definition: ResourceDefinition, namespace: String, name: String, _ options: DeleteOptions, _ scope: RequestScope
    ) async throws(APIError) -> DeletionOutcome {
        while true {
            let current = try stored(definition, namespace: namespace, name: name)
            try checkPreconditions(options, current, definition)
            if definition.group == "batch", definition.plural == "jobs", options.propagation == nil,
                options.orphanDependents == nil
            {
                scope.warn(
                    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set "
                        + "propagationPolicy=Orphan to suppress this warning")
            }
            let object = encoder(definition).value(current)
            let context = AdmissionContext(
                definition: definition, operation: .delete, subresource: nil, scope: scope, isDryRun: options.isDryRun)
            try await admission.validate(object, old: object, context)
            do throws(APIError) {
                return try await deleteOnce(definition, current, object, options)
            } catch {
                guard error.isLostRace, !Task.isCancelled else { throw error }
            }
        }
    }

    private func checkPreconditions(
        _ options: DeleteOptions, _ current: StoredObject, _ definition: ResourceDefinition
    ) throws(APIError) {
        let kind = ResourceName(group: definition.group, resource: definition.kind)
        if let uid = options.uid, uid != current.uid {
            throw .conflict(
                kind, name: current.name,
                "the UID in the precondition (\(uid)) does not match the UID in record (\(current.uid)). "
                    + "The object might have been deleted and then recreated")
        }
        if let version = options.resourceVersion, version != String(current.revision) {
            throw .conflict(
                kind, name: current.name,
                "the ResourceVersion in the precondition (\(version)) does not match the ResourceVersion in record "
                    + "(\(current.revision)). The object might have been modified")
        }
    }

    private func deleteOnce(
        _ definition: ResourceDefinition, _ current: StoredObject, _ old: JSONValue, _ options: DeleteOptions
    ) async throws(APIError) -> DeletionOutcome {
        switch Self.plan(old, definition, options, now: configuration.now()) {
        case .nothing: return DeletionOutcome(object: current, isGone: false)
        case .mark(let object, let thenRemove):
            if options.isDryRun {
                return DeletionOutcome(object: dryRunObject(object, definition, revision: current.revision), isGone: thenRemove)
            }
            let marked = prepared(object, definition)
            // Marked in one write and removed in another, it would stay for ever where only the first of them succeeds.
            if thenRemove { return try await remove(.retire(marked, expected: current.revision), definition, current, object) }
            let stored = try await commit(.update(marked, expected: current.revision), definition, name: current.name)
            await afterWrite(definition)
            return DeletionOutcome(object: stored, isGone: false)
        case .remove:
            if options.isDryRun { return DeletionOutcome(object: current, isGone: true) }
            return try await remove(.delete(key: current.key, expected: current.revision), definition, current, old)
        }
    }

    private func remove(
        _ operation: StoreWrite.Operation, _ definition: ResourceDefinition, _ current: StoredObject, _ object: JSONValue
    ) async throws(APIError) -> DeletionOutcome {
        let removed = try await commit(operation, definition, name: current.name)
        allocator.released(object, definition)
        await afterDelete(definition, name: current.name)
        return DeletionOutcome(object: removed, isGone: true)
    }

    // MARK: Planning

    enum DeletionPlan {
        case nothing
        /// Store the marked object; take it away with the same write where nothing holds it.
        case mark(JSONValue, thenRemove: Bool)
        case remove
    }

    static func plan(_ object: JSONValue, _ definition: ResourceDefinition, _ options: DeleteOptions, now: Date) -> DeletionPlan {
        var object = object
        let metadata = object["metadata"] ?? [:]
        let isMarked = metadata["deletionTimestamp"]?.string != nil
        if definition.group.isEmpty, definition.plural == "namespaces" { return planNamespace(object, options, now: now) }
        if definition.group == "apiextensions.k8s.io" { return planDefinition(object, now: now) }
        var grace: Int64?
        if definition.group.isEmpty, definition.plural == "pods" {
            let period = podGracePeriod(object, options)
            // Whose time is up already is not waited for: it goes as soon as nothing holds it.
            if isMarked, let remaining = metadata["deletionGracePeriodSeconds"]?.integer, remaining > 0 {
                guard let requested = options.gracePeriodSeconds else { return .nothing }
                let wanted = requested < 0 ? 1 : requested
                guard wanted < remaining else { return .nothing }
                if let end = metadata["deletionTimestamp"]?.string.flatMap(Timestamp.init) {
                    let moved = end.date.addingTimeInterval(Double(wanted - remaining))
                    object["metadata"]?["deletionTimestamp"] = .string(Timestamp(moved).description)
                }
                object["metadata"]?["deletionGracePeriodSeconds"] = .integer(wanted)
                grace = wanted
            } else if !isMarked {
                object["metadata"]?["deletionTimestamp"] = .string(Timestamp(now.addingTimeInterval(Double(period))).description)
                object["metadata"]?["deletionGracePeriodSeconds"] = .integer(period)
                bumpGeneration(&object)
                grace = period
            }
        }
        setDependentsFinalizer(&object, options, definition)
        let isHeld = !(object["metadata"]?["finalizers"]?.array ?? []).isEmpty
        if let grace { return .mark(object, thenRemove: grace == 0 && !isHeld) }
        guard isHeld else { return .remove }
        if isMarked {
            return metadata == object["metadata"] ? .nothing : .mark(object, thenRemove: false)
        }
        object["metadata"]?["deletionTimestamp"] = .string(Timestamp(now).description)
        if metadata["deletionGracePeriodSeconds"] == nil { bumpGeneration(&object) }
        object["metadata"]?["deletionGracePeriodSeconds"] = 0
        return .mark(object, thenRemove: false)
    }

    private static func planNamespace(_ object: JSONValue, _ options: DeleteOptions, now: Date) -> DeletionPlan {
        var object = object
        if object["metadata"]?["deletionTimestamp"]?.string == nil {
            object["metadata"]?["deletionTimestamp"] = .string(Timestamp(now).description)
            object["status"] = .object((object["status"]?.object ?? [:]).merging(["phase": "Terminating"]) { $1 })
            return .mark(
                object,
                thenRemove: (object["spec"]?["finalizers"]?.array ?? []).isEmpty
                    && (object["metadata"]?["finalizers"]?.array ?? []).isEmpty)
        }
        let isHeld =
            !(object["spec"]?["finalizers"]?.array ?? []).isEmpty || !(object["metadata"]?["finalizers"]?.array ?? []).isEmpty
        return isHeld ? .nothing : .remove
    }

    /// Definitions go when the cleanup controller has taken away their objects.
    private static func planDefinition(_ object: JSONValue, now: Date) -> DeletionPlan {
        guard object["metadata"]?["deletionTimestamp"]?.string == nil else { return .nothing }
        var object = object
        let finalizers = object["metadata"]?["finalizers"]?.array ?? []
        if !finalizers.contains(.string(DefinitionController.cleanupFinalizer)) {
            object["metadata"]?["finalizers"] = .array(finalizers + [.string(DefinitionController.cleanupFinalizer)])
        }
        var conditions = object["status"]?["conditions"]?.array ?? []
        conditions.append([
            "type": "Terminating", "status": "True", "reason": "InstanceDeletionPending",
            "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
            "lastTransitionTime": .string(Timestamp(now).description),
        ])
        if object["status"] == nil { object["status"] = [:] }
        object["status"]?["conditions"] = .array(conditions)
        object["metadata"]?["deletionTimestamp"] = .string(Timestamp(now).description)
        return .mark(object, thenRemove: false)
    }

    private static func podGracePeriod(_ pod: JSONValue, _ options: DeleteOptions) -> Int64 {
        if (pod["spec"]?["nodeName"]?.string ?? "").isEmpty { return 0 }
        let phase = pod["status"]?["phase"]?.string
        if phase == "Succeeded" || phase == "Failed" { return 0 }
        let period = options.gracePeriodSeconds ?? pod["spec"]?["terminationGracePeriodSeconds"]?.integer ?? 0
        return period < 0 ? 1 : period
    }

    private static func bumpGeneration(_ object: inout JSONValue) {
        guard let generation = object["metadata"]?["generation"]?.integer, generation > 0 else { return }
        object["metadata"]?["generation"] = .integer(generation + 1)
    }

    /// Kinds from before garbage collection keep what they made.
    private static func isOrphanedByDefault(_ definition: ResourceDefinition) -> Bool {
        definition.group.isEmpty && definition.plural == "replicationcontrollers"
            || definition.group == "batch" && definition.plural == "jobs"
    }

    private static func setDependentsFinalizer(
        _ object: inout JSONValue, _ options: DeleteOptions, _ definition: ResourceDefinition
    ) {
        let own = object["metadata"]?["finalizers"]?.array?.compactMap(\.string) ?? []
        var kept = own.filter { $0 != "orphan" && $0 != "foregroundDeletion" }
        let isOrphanedByDefault = Self.isOrphanedByDefault(definition)
        if let wanted = options.dependentsFinalizer(of: object, defaultsToOrphan: isOrphanedByDefault) { kept.append(wanted) }
        if Set(kept) == Set(own) { return }
        object["metadata"]?["finalizers"] = kept.isEmpty ? nil : .array(kept.map { .string($0) })
    }

    // MARK: Collections

    func deleteCollection(_ definition: ResourceDefinition, _ scope: RequestScope) async throws(APIError) -> APIResponse {
        let form = try ContentNegotiation.form(scope.request)
        let list = try ListOptions(scope.request, definition: definition, isWatch: false)
        let options = try DeleteOptions(scope.request)
        let page = try page(definition, namespace: scope.info.namespace, list)
        for object in page.objects {
            do throws(APIError) {
                _ = try await delete(definition, namespace: object.namespace, name: object.name, options, scope)
            } catch {
                if error.code != 404 { throw error }
            }
        }
        return try encoder(definition).response(list: page.objects, metadata: page.metadata, form: form, scope: scope)
    }
}
