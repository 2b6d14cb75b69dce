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
        if pod.namespace == other.namespace, pod.name == other.name { return "has the same name" }
        let owners = Set((pod.metadata.ownerReferences ?? []).map(\.uid))
        if let owner = other.metadata.ownerReferences?.first(where: { !$0.uid.isEmpty && owners.contains($0.uid) }) {
            return "belongs to the same \(owner.kind) \(owner.name)"
        }
        let paths = writablePaths(pod)
        for path in writablePaths(other) {
            if paths.contains(where: { isWithin($0, path) || isWithin(path, $0) }) { return "writes to the same \(path)" }
        }
        return nil
    }

    /// What of the node a pod writes to: other volumes are its own, and readers disturb nobody.
    private static func writablePaths(_ pod: Pod) -> [String] {
        let mounts = pod.spec.allContainers.flatMap { $0.volumeMounts ?? [] }
        return (pod.spec.volumes ?? []).compactMap { volume in
            guard let path = volume.hostPath?.path, mounts.contains(where: { $0.name == volume.name && !($0.readOnly ?? false) })
            else { return nil }
            return path
        }
    }

    private static func isWithin(_ path: String, _ folder: String) -> Bool {
        let parts = path.split(separator: "/")
        return parts.starts(with: folder.split(separator: "/"))
    }
}
