import ControllerRuntime
import KubernetesClient
import KubernetesTypes
import Logging
import Reconciliation
import Synchronization

/// What every built-in controller is made from.
struct ControllerContext: Sendable {
    let client: Client
    let manager: Manager
    let logger: Logger

    var time: any TimeSource { client.time }

    func recorder(_ component: String) -> EventRecorder {
        EventRecorder(client: client, component: component, logger: logger)
    }

    func controller(
        _ name: String, workers: Int = 2, reconcile: @escaping @Sendable (ObjectKey) async throws -> Outcome
    ) -> Controller {
        let controller = Controller(name, workers: workers, time: client.time, logger: logger, reconcile: reconcile)
        manager.add(controller)
        return controller
    }
}

/// Objects that were deleted and may still be in a cache: they are not counted again.
final class Departed: Sendable {
    private let uids = Mutex<Set<String>>([])

    func insert(_ uid: String) {
        uids.withLock { uids in
            // The cache forgets objects sooner than this fills.
            if uids.count > 10_000 { uids.removeAll() }
            uids.insert(uid)
        }
    }

    func contains(_ uid: String) -> Bool { uids.withLock { $0.contains(uid) } }
}

extension KubernetesResource {
    /// The owner that manages this object.
    var controllerReference: OwnerReference? { metadata.ownerReferences?.first { $0.controller == true } }

    func isControlled(by owner: some KubernetesResource) -> Bool { controllerReference?.uid == owner.uid }

    /// A reference that makes this object the manager of another.
    var asController: OwnerReference {
        let type = Swift.type(of: self).resourceType
        return OwnerReference(
            apiVersion: type.apiVersion, blockOwnerDeletion: true, controller: true, kind: type.kind, name: name, uid: uid)
    }
}

/// Sends many requests, one at first and twice as many with each round that goes well, so that what cannot work is not tried
/// a thousand times.
func slowStart(_ count: Int, _ operation: @escaping @Sendable (Int) async throws -> Void) async throws {
    var done = 0
    var batch = 1
    while done < count {
        let range = done..<min(done + batch, count)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in range { group.addTask { try await operation(index) } }
            try await group.waitForAll()
        }
        done = range.upperBound
        batch *= 2
    }
}
