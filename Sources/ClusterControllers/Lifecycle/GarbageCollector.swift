import ControllerRuntime
import KubernetesClient
import KubernetesTypes
import Logging

/// Deletes objects whose owners are gone, and lets owners go that wait for their dependents.
actor GarbageCollector {
    static let definitions = ResourceType(
        group: "apiextensions.k8s.io", version: "v1", kind: "CustomResourceDefinition", plural: "customresourcedefinitions",
        isNamespaced: false)

    private let context: ControllerContext
    private let graph = ObjectGraph()
    private let honesty: HonestyReporter
    private let queue: WorkQueue<String>
    private var followed: [ResourceType: Task<Void, Never>] = [:]
    /// Owners that the server said do not exist.
    private var absent: Set<String> = []

    init(context: ControllerContext) {
        self.context = context
        queue = WorkQueue(time: context.time)
        honesty = HonestyReporter(context.recorder("controller-manager"))
    }

    func run() async throws {
        defer { for task in followed.values { task.cancel() } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.followKinds() }
            for _ in 0..<4 { group.addTask { await self.work() } }
            defer {
                group.cancelAll()
                queue.close()
            }
            try await group.next()
        }
    }

    // MARK: Kinds

    /// Kinds come with custom resource definitions, and go with them.
    private func followKinds() async throws {
        let news = context.manager.informer(Self.definitions)
        let changed = WorkQueue<String>(time: context.time)
        news.cache.onChange { _ in
            // A definition is served a moment after it is written.
            changed.add("kinds")
            changed.add("kinds", after: .seconds(1))
        }
        changed.add("kinds")
        while let key = await changed.next() {
            do {
                try await refreshKinds()
                changed.forget(key)
                changed.add(key, after: .seconds(60))
            } catch is CancellationError {
                break
            } catch {
                changed.addAfterFailure(key)
            }
            changed.done(key)
        }
        changed.close()
        try Task.checkCancellation()
    }

    private func refreshKinds() async throws {
        let served = try await context.manager.discovery.refresh().filter {
            $0.isPreferredVersion && $0.verbs.contains("list") && $0.verbs.contains("watch") && $0.verbs.contains("delete")
                && !($0.type.plural == "events")
        }
        let types = Set(served.map(\.type))
        for (type, task) in followed where !types.contains(type) {
            task.cancel()
            followed[type] = nil
            graph.removeAll(of: type)
        }
        for type in types where followed[type] == nil {
            let informer = Informer<DynamicObject>(
                type: type, client: context.client, logger: context.logger, transform: ObjectGraph.head)
            if UnhonouredKinds.contains(type) {
                informer.cache.onChange { [honesty] change in
                    if case .added(let object) = change { Task { await honesty.reportKind(of: object) } }
                }
            }
            informer.cache.onChange { [graph, queue] change in
                switch change {
                case .added(let object), .updated(_, let object):
                    graph.put(object, type)
                    if object.isBeingDeleted {
                        queue.add(object.uid)
                        for uid in graph.dependentUIDs(of: object.uid) { queue.add(uid) }
                    } else if !object.ownerReferences.isEmpty {
                        queue.add(object.uid)
                    }
                case .deleted(let object):
                    graph.remove(object.uid)
                    for uid in graph.dependentUIDs(of: object.uid) { queue.add(uid) }
                    // Owners in foreground deletion wait for this.
                    for owner in object.ownerReferences { queue.add(owner.uid) }
                }
            }
            followed[type] = Task { await informer.run() }
        }
    }

    // MARK: Objects

    private nonisolated func work() async {
        while !Task.isCancelled, let uid = await queue.next() {
            do {
                try await look(at: uid)
                queue.forget(uid)
            } catch is CancellationError {
                return
            } catch {
                context.logger.debug("garbage collection failed", metadata: ["uid": "\(uid)", "error": "\(error)"])
                queue.addAfterFailure(uid)
            }
            queue.done(uid)
        }
    }

    private func look(at uid: String) async throws {
        guard let (node, object) = graph.object(uid) else { return }
        if object.isBeingDeleted {
            if object.finalizers.contains(GarbageDecision.orphanFinalizer) { return try await orphan(node, object) }
            if object.finalizers.contains(GarbageDecision.foregroundFinalizer) { return try await finishForeground(node, object) }
            return
        }
        var owners: [(reference: OwnerReference, state: GarbageDecision.Owner)] = []
        for reference in object.ownerReferences { owners.append((reference, try await state(of: reference, for: object))) }
        let decision = GarbageDecision.decide(object, owners: owners, hasDependents: !graph.dependentUIDs(of: uid).isEmpty)
        switch decision {
        case .keep: return
        case .dropReferences(let uids): try await dropReferences(uids, node, object)
        case .delete(let propagation):
            let policy: KubernetesClient.Propagation =
                switch propagation {
                case .background: .background
                case .foreground: .foreground
                case .orphan: .orphan
                }
            try await tolerating {
                try await context.client.delete(
                    node.type, node.key, .of(uid: uid, resourceVersion: object.resourceVersion, propagation: policy))
            }
        }
    }

    private func state(of reference: OwnerReference, for object: DynamicObject) async throws -> GarbageDecision.Owner {
        if let owner = graph.object(reference.uid)?.object {
            let isWaiting = owner.isBeingDeleted && owner.finalizers.contains(GarbageDecision.foregroundFinalizer)
            return isWaiting && reference.blockOwnerDeletion == true ? .waiting : .present
        }
        if absent.contains(reference.uid) { return .absent }
        // What the graph has not heard of may be new, or of a kind that it does not follow: the server knows.
        let type: ResourceType
        do {
            type = try await context.manager.discovery.type(
                of: GroupVersionKind(apiVersion: reference.apiVersion, kind: reference.kind))
        } catch let error as StatusError where error.isNotFound {
            return .present
        }
        do {
            let key = ObjectKey(namespace: type.isNamespaced ? object.namespace : "", name: reference.name)
            let found = try await context.client.get(type, key)
            if found.uid == reference.uid { return .present }
        } catch let error as StatusError where error.isNotFound {}
        if absent.count > 5000 { absent.removeAll() }
        absent.insert(reference.uid)
        return .absent
    }

    private func tolerating(_ write: () async throws -> Void) async throws {
        do {
            try await write()
        } catch let error as StatusError where error.isNotFound {
        } catch let error as StatusError where error.isConflict {
            // The object has changed since; the change brings it here again, unless that has passed already.
            throw error
        }
    }

    private func dropReferences(_ uids: Set<String>, _ node: GraphNode, _ object: DynamicObject) async throws {
        let kept = object.ownerReferences.filter { !uids.contains($0.uid) }
        let patch: JSONValue = [
            "metadata": [
                "uid": .string(object.uid), "resourceVersion": .string(object.resourceVersion),
                "ownerReferences": kept.isEmpty ? .null : try JSONValue(encoding: kept),
            ]
        ]
        try await tolerating { try await context.client.patch(node.type, node.key, .merge(patch)) }
    }

    private func orphan(_ node: GraphNode, _ object: DynamicObject) async throws {
        for dependent in graph.dependents(of: object.uid) {
            try await dropReferences([object.uid], dependent.node, dependent.object)
        }
        try await removeFinalizer(GarbageDecision.orphanFinalizer, node, object)
    }

    private func finishForeground(_ node: GraphNode, _ object: DynamicObject) async throws {
        let dependents = graph.dependents(of: object.uid)
        for dependent in dependents { queue.add(dependent.object.uid) }
        if GarbageDecision.mayGo(dependents: dependents.map(\.object), ownerUID: object.uid) {
            try await removeFinalizer(GarbageDecision.foregroundFinalizer, node, object)
        }
    }

    private func removeFinalizer(_ name: String, _ node: GraphNode, _ object: DynamicObject) async throws {
        let kept = object.finalizers.filter { $0 != name }.map(JSONValue.string)
        let patch: JSONValue = [
            "metadata": [
                "uid": .string(object.uid), "resourceVersion": .string(object.resourceVersion),
                "finalizers": kept.isEmpty ? .null : .array(kept),
            ]
        ]
        try await tolerating { try await context.client.patch(node.type, node.key, .merge(patch)) }
    }
}
