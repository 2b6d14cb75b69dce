import ControllerRuntime
import KubernetesClient
import KubernetesTypes

/// Empties namespaces that are being deleted, and lets them go.
enum NamespaceController {
    static func wire(_ context: ControllerContext) {
        let namespaces = context.manager.informer(Namespace.self)
        let honesty = HonestyReporter(context.recorder("namespace-controller"))
        let controller = context.controller("namespace", workers: 4) { key in
            guard let namespace = namespaces.cache.get(key) else { return .settled }
            await honesty.report(UnhonouredFields.ofNamespace(namespace), of: namespace)
            guard namespace.isBeingDeleted, namespace.spec.finalizers?.contains("kubernetes") == true else { return .settled }
            let left = try await empty(key.name, context)
            guard left.isEmpty else {
                try await report(left, namespace, context)
                return .lookAgain(after: .milliseconds(500))
            }
            var released = namespace
            released.spec.finalizers?.removeAll { $0 == "kubernetes" }
            do {
                try await context.client.update(released, subresource: "finalize")
            } catch let error as StatusError where error.isNotFound {}
            return .settled
        }
        controller.watch(namespaces) { $0.isBeingDeleted || !UnhonouredFields.ofNamespace($0).isEmpty }
    }

    /// Deletes everything in a namespace.
    /// - Returns: how many objects of which kind are still there.
    private static func empty(_ name: String, _ context: ControllerContext) async throws -> [String: Int] {
        let client = context.client
        // Kinds come and go; what is emptied must be what is served now.
        let kinds = try await context.manager.discovery.refresh().filter {
            $0.type.isNamespaced && $0.isPreferredVersion && $0.verbs.contains("delete") && $0.verbs.contains("list")
        }
        var left: [String: Int] = [:]
        for kind in kinds where !["bindings", "events"].contains(kind.type.plural) || kind.type.group.isEmpty {
            do {
                var found = try await client.page(kind.type, namespace: name, ListOptions(limit: 500))
                guard !found.items.isEmpty else { continue }
                if kind.verbs.contains("deletecollection") {
                    try await client.deleteCollection(kind.type, namespace: name, ListOptions(), .of(propagation: .background))
                } else {
                    for object in found.items { try await client.delete(kind.type, object.key, .of(propagation: .background)) }
                }
                found = try await client.page(kind.type, namespace: name, ListOptions(limit: 500))
                if !found.items.isEmpty { left[kind.type.groupResource] = found.items.count }
            } catch let error as StatusError where error.isNotFound || error.code == 405 {
                // The kind was removed in between, or cannot be listed after all.
                continue
            }
        }
        return left
    }

    /// Says in the namespace's conditions what holds it.
    private static func report(_ left: [String: Int], _ namespace: Namespace, _ context: ControllerContext) async throws {
        let parts = left.sorted { $0.key < $1.key }.map { "\($0.key) has \($0.value) resource instances" }
        let message = "Some resources are remaining: " + parts.joined(separator: ", ")
        let conditions = namespace.status?.conditions ?? []
        let present = conditions.first { $0.type == "NamespaceContentRemaining" }
        guard present?.message != message else { return }
        var changed = namespace
        var status = changed.status ?? NamespaceStatus()
        status.conditions =
            conditions.filter { $0.type != "NamespaceContentRemaining" } + [
                NamespaceCondition(
                    lastTransitionTime: present?.status == "True" ? present?.lastTransitionTime : Timestamp(context.time.now()),
                    message: message, reason: "SomeResourcesRemain", status: "True", type: "NamespaceContentRemaining")
            ]
        changed.status = status
        do {
            try await context.client.updateStatus(changed)
        } catch let error as StatusError where error.isNotFound || error.isConflict {}
    }
}
