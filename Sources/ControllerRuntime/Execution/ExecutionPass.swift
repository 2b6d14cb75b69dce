import KubernetesClient
import KubernetesTypes
import Reconciliation

/// One execution of one plan.
struct ExecutionPass {
    let executor: PlanExecutor
    let plan: Plan
    var owner: DynamicObject
    let children: [DynamicObject]
    var report = ExecutionReport()

    private var client: Client { executor.client }

    init(executor: PlanExecutor, plan: Plan, owner: DynamicObject, children: [DynamicObject]) {
        self.executor = executor
        self.plan = plan
        self.owner = owner
        self.children = children
    }

    mutating func run() async throws {
        let type = try await executor.types.type(of: owner.groupVersionKind)
        if plan.deletesObject { return try await deleteOwner(type) }
        let finalizers = plan.finalizers.map {
            Finalizers(wanted: $0, present: owner.finalizers, prefix: executor.finalizerPrefix)
        }
        if let finalizers, finalizers.adds { try await write(finalizers.afterAdding, type) }
        do {
            for child in plan.children { try await make(child) }
        } catch {
            if let refusal = Refusal(error) { await tell(refusal, type) }
            throw error
        }
        for patch in plan.patches { try await apply(patch) }
        try await deleteUnlisted()
        for effect in plan.effects { try await perform(effect) }
        if let status = plan.status { try await write(status: status, type) }
        for event in plan.events { await executor.recorder.record(event, about: owner) }
        if let finalizers, finalizers.removes { try await write(finalizers.afterRemoving, type) }
    }

    private mutating func deleteOwner(_ type: ResourceType) async throws {
        guard !owner.isBeingDeleted else { return }
        do {
            try await client.delete(
                type, owner.key, .of(uid: owner.uid, resourceVersion: owner.resourceVersion, propagation: .background))
            report.deleted += 1
        } catch let error as StatusError where error.isNotFound {}
    }

    // MARK: Children

    private mutating func make(_ child: PlannedChild) async throws {
        let type = try await executor.types.type(of: child.object.groupVersionKind)
        var wanted = child.object
        if type.isNamespaced, wanted.namespace.isEmpty { wanted.value["metadata"]?["namespace"] = .string(owner.namespace) }
        if child.ownership == .owned { wanted.value["metadata"]?["ownerReferences"] = .array([ownerReference]) }
        switch child {
        case .createOnce: try await createOnce(wanted, type, child.ownership)
        case .ensure(_, _, let observedUID): try await ensure(wanted, type, child.ownership, observedUID)
        }
    }

    private mutating func createOnce(_ wanted: DynamicObject, _ type: ResourceType, _ ownership: PlannedChild.Ownership)
        async throws
    {
        if let present = observed(wanted, type) { return try check(present, ownership) }
        do {
            let made = try await client.create(type, wanted, WriteOptions(fieldManager: PlanExecutor.childManager))
            report.created += 1
            executor.wrote(type, made)
        } catch let error as StatusError where error.isAlreadyExists {
            // Made by a pass that was cut off before its cache heard of it, or not ours at all.
            let present = try await client.get(type, wanted.key)
            try check(present, ownership)
            executor.wrote(type, present)
        }
    }

    private mutating func ensure(
        _ wanted: DynamicObject, _ type: ResourceType, _ ownership: PlannedChild.Ownership, _ observedUID: String?
    ) async throws {
        var wanted = wanted
        if let present = try await found(wanted, type) {
            if let observedUID, present.uid != observedUID {
                throw StalePlan(message: "\(type.kind) \(wanted.key) is another object than the one observed")
            }
            if observedUID == nil { try check(present, ownership) }
            if PlannedFields.areInForce(wanted.value, in: present, manager: PlanExecutor.childManager) { return }
            wanted.value["metadata"]?["uid"] = .string(present.uid)
        } else if let observedUID {
            wanted.value["metadata"]?["uid"] = .string(observedUID)
        }
        let made = try await client.apply(type, wanted, manager: PlanExecutor.childManager)
        report.applied += 1
        executor.wrote(type, made)
    }

    private func observed(_ wanted: DynamicObject, _ type: ResourceType) -> DynamicObject? {
        if let child = children.first(where: { $0.key == wanted.key && $0.groupVersionKind == wanted.groupVersionKind }) {
            return child
        }
        if case .present(let object) = executor.lookup(type, wanted.key) { return object }
        return nil
    }

    private func found(_ wanted: DynamicObject, _ type: ResourceType) async throws -> DynamicObject? {
        if let object = observed(wanted, type) { return object }
        if case .absent = executor.lookup(type, wanted.key) { return nil }
        do {
            return try await client.get(type, wanted.key)
        } catch let error as StatusError where error.isNotFound {
            return nil
        }
    }

    /// An owned child must be ours; an independent one is whoever's it is.
    private func check(_ present: DynamicObject, _ ownership: PlannedChild.Ownership) throws {
        guard ownership == .owned, !present.ownerReferences.contains(where: { $0.uid == owner.uid }) else { return }
        guard !present.isBeingDeleted else {
            throw ExecutionError(
                code: .nameTaken,
                message: "\(present.kind) \(present.key) of an earlier object is still ending; it is made when that is gone")
        }
        throw ExecutionError(
            code: .nameTaken,
            message:
                "\(present.kind) \(present.key) exists and does not belong to \(owner.kind) \(owner.name); delete or rename it")
    }

    private var ownerReference: JSONValue {
        [
            "apiVersion": .string(owner.apiVersion), "kind": .string(owner.kind), "name": .string(owner.name),
            "uid": .string(owner.uid), "controller": true, "blockOwnerDeletion": true,
        ]
    }

    private mutating func deleteUnlisted() async throws {
        var listed = Set<ChildName>()
        for child in plan.children { listed.insert(ChildName(child.object, in: owner.namespace)) }
        let kept = Set(plan.kept.map { ChildName(group: $0.type.group, kind: $0.type.kind, key: $0.key) })
        for child in children {
            let name = ChildName(child, in: owner.namespace)
            guard !listed.contains(name), !kept.contains(name), !child.isBeingDeleted else { continue }
            let type = try await executor.types.type(of: child.groupVersionKind)
            do {
                let answer = try await client.delete(type, child.key, .of(uid: child.uid, propagation: .background))
                report.deleted += 1
                if answer.kind == child.kind { executor.wrote(type, answer) }
            } catch let error as StatusError where error.isNotFound {
            } catch let error as StatusError where error.isConflict {
                // Another object has the name by now, and it is not ours to delete.
            }
        }
    }

    // MARK: Patches and effects

    private mutating func apply(_ named: NamedPatch) async throws {
        let observed = children.first { $0.key == named.target.key && $0.groupVersionKind == named.target.type.groupVersionKind }
        if let observed, MergePatch.applied(named.patch, to: observed.value) == observed.value { return }
        var patch = named.patch
        patch[path: ["metadata", "resourceVersion"]] = .string(named.observedResourceVersion)
        let options = WriteOptions(fieldManager: PlanExecutor.childManager)
        do {
            let answer = try await client.patch(
                named.target.type, named.target.key, .merge(patch), subresource: named.subresource, options)
            report.patched += 1
            executor.wrote(named.target.type, answer)
        } catch let error as StatusError where error.isNotFound {
            throw StalePlan(message: "\(named.name): \(error.message)")
        }
    }

    private mutating func perform(_ effect: Effect) async throws {
        guard let handler = executor.effects[effect.name] else {
            throw ExecutionError(code: .unknownEffect, message: "nothing does the effect \(effect.name)")
        }
        try await handler(effect, owner)
        report.effects += 1
    }

    // MARK: The object itself

    /// Says on the object what stands in the way of a child; its owner does not read a controller's log.
    private mutating func tell(_ refusal: Refusal, _ type: ResourceType) async {
        await executor.recorder.record(
            PlannedEvent(.warning, reason: refusal.reason, message: refusal.message), about: owner)
        guard plan.status != nil else { return }
        // The plan's own status tells of children that are not there: it is the one before that still holds.
        var status = owner.value["status"] ?? .object([:])
        let previous = try? status["conditions"]?.decode([Condition].self)
        var conditions = ConditionSet(previous, generation: owner.generation, now: client.time.now())
        conditions.reconciling(reason: refusal.reason, message: refusal.message)
        do {
            status["conditions"] = try JSONValue(encoding: conditions.conditions)
            try await write(status: status, type)
        } catch {
            // The refusal itself is what the pass ends with; the next pass tells it again.
        }
    }

    private mutating func write(status: JSONValue, _ type: ResourceType) async throws {
        let head: JSONValue = [
            "apiVersion": .string(owner.apiVersion), "kind": .string(owner.kind),
            "metadata": ["name": .string(owner.name)], "status": status,
        ]
        if PlannedFields.areInForce(head, in: owner, manager: PlanExecutor.statusManager, subresource: "status") { return }
        var body = head
        if type.isNamespaced { body["metadata"]?["namespace"] = .string(owner.namespace) }
        body["metadata"]?["resourceVersion"] = .string(owner.resourceVersion)
        let finished = body
        owner = try await written(type) { [client] key in
            try await client.patch(
                type, key, .apply(finished, manager: PlanExecutor.statusManager, force: true), subresource: "status")
        }
        report.wroteStatus = true
    }

    private mutating func write(_ finalizers: [String], _ type: ResourceType) async throws {
        let patch: JSONValue = [
            "metadata": [
                "finalizers": .array(finalizers.map(JSONValue.string)), "resourceVersion": .string(owner.resourceVersion),
            ]
        ]
        owner = try await written(type) { [client] key in
            try await client.patch(type, key, .merge(patch), WriteOptions(fieldManager: PlanExecutor.childManager))
        }
        report.wroteFinalizers = true
    }

    private func written(_ type: ResourceType, _ write: @Sendable (ObjectKey) async throws -> DynamicObject) async throws
        -> DynamicObject
    {
        do {
            let answer = try await write(owner.key)
            executor.wrote(type, answer)
            return answer
        } catch let error as StatusError where error.isNotFound {
            throw StalePlan(message: error.message)
        }
    }
}

/// Why a child cannot be made until somebody changes something.
private struct Refusal {
    let reason: String
    let message: String

    /// - Returns: nil for what passes by itself.
    init?(_ error: any Error) {
        switch error {
        case let error as ExecutionError where error.code == .nameTaken:
            reason = "NameTaken"
            message = "\(error.message)."
        case let error as StatusError where error.code == 403 || error.code == 422 || error.code == 400:
            reason = "CreateRefused"
            message = "The server refuses what this needs: \(error.message). It is tried again; the objection has to be removed."
        default: return nil
        }
    }
}

/// A child's identity as plans give it: its version does not matter.
private struct ChildName: Hashable {
    var group: String
    var kind: String
    var key: ObjectKey

    init(group: String, kind: String, key: ObjectKey) {
        self.group = group
        self.kind = kind
        self.key = key
    }

    init(_ object: DynamicObject, in namespace: String) {
        // A plan may leave the namespace to its owner's.
        let key = object.namespace.isEmpty ? ObjectKey(namespace: namespace, name: object.name) : object.key
        self.init(group: object.groupVersionKind.group, kind: object.kind, key: key)
    }
}

/// Which finalizers an object should carry, others' left as they are.
struct Finalizers {
    let present: [String]
    let afterAdding: [String]
    let afterRemoving: [String]

    init(wanted: [String], present: [String], prefix: String) {
        self.present = present
        afterAdding = present + wanted.filter { !present.contains($0) }
        afterRemoving = afterAdding.filter { !$0.hasPrefix(prefix) || wanted.contains($0) }
    }

    var adds: Bool { afterAdding != present }
    var removes: Bool { afterRemoving != afterAdding }
}
