import Foundation
import KubernetesTypes

/// Whether a pod's containers may start.
enum StartPermission: Sendable, Equatable {
    case granted
    /// What the API server wants of this node is not known yet.
    case unknown
    /// Containers that nobody wants any more still run where this pod's would; in words for an event.
    case waits(String)
}

/// Which pods must not run beside each other: a replacement waits for the end of what it replaces. Pure.
///
/// What is replaced has the same name or the same owner. That two pods write to the same folder of the node does not make one the
/// other's successor: many share one, as trainings share the artifact store, and one that cannot be ended would hold up all of them.
enum StartOrder {
    /// - Parameter unwanted: pods that were removed and whose containers may still run.
    static func permission(for pod: Pod, unwanted: [Pod]) -> StartPermission {
        for other in unwanted where other.uid != pod.uid {
            guard let why = conflict(pod, other) else { continue }
            return .waits(
                "waits for the end of the removed pod \(other.namespace)/\(other.name) (\(other.uid)), which \(why); its containers "
                    + "are being stopped")
        }
        return .granted
    }

    private static func conflict(_ pod: Pod, _ other: Pod) -> String? {
        guard pod.namespace == other.namespace else { return nil }
        if pod.name == other.name { return "has the same name" }
        for old in other.metadata.ownerReferences ?? [] {
            for owner in pod.metadata.ownerReferences ?? [] {
                // An owner that was removed and made again is another one for the API, but does the same over the same volumes.
                let isSame = !owner.uid.isEmpty && owner.uid == old.uid
                if isSame || owner.kind == old.kind && lineage(owner, of: pod) == lineage(old, of: other) {
                    return "belongs to the same \(old.kind) \(old.name)"
                }
            }
        }
        return nil
    }

    /// An owner's name without what tells one version of a Deployment's pods from the next.
    private static func lineage(_ owner: OwnerReference, of pod: Pod) -> String {
        guard let hash = pod.metadata.labels?["pod-template-hash"], owner.name.hasSuffix("-" + hash) else { return owner.name }
        return String(owner.name.dropLast(hash.count + 1))
    }
}
