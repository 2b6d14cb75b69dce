import ControllerRuntime
import KubernetesClient
import KubernetesTypes

/// Lets claims and volumes go that are being deleted and that nothing uses: the server gives each a finalizer when it is made.
enum StorageProtectionController {
    static func wire(_ context: ControllerContext) {
        let pods = context.manager.informer(Pod.self)
        let claims = context.manager.informer(StorageProtection.claims)
        let volumes = context.manager.informer(StorageProtection.volumes)

        let claimController = context.controller("persistentvolumeclaim-protection") { key in
            guard let claim = claims.cache.get(key), StorageProtection.mayGo(claim: claim, pods: pods.cache.list()) else {
                return .settled
            }
            return try await release(claim, StorageProtection.claims, StorageProtection.claimFinalizer, context)
        }
        claimController.watch(claims) { $0.isBeingDeleted }
        claimController.watch(mapped: pods) { pod in
            StorageProtection.claimNames(of: pod).map { ObjectKey(namespace: pod.namespace, name: $0) }
        }

        let volumeController = context.controller("persistentvolume-protection") { key in
            guard let volume = volumes.cache.get(key), StorageProtection.mayGo(volume: volume) else { return .settled }
            return try await release(volume, StorageProtection.volumes, StorageProtection.volumeFinalizer, context)
        }
        volumeController.watch(volumes) { $0.isBeingDeleted }
    }

    private static func release(
        _ object: DynamicObject, _ type: ResourceType, _ finalizer: String, _ context: ControllerContext
    ) async throws -> Outcome {
        let left = object.finalizers.filter { $0 != finalizer }
        let patch: JSONValue = [
            "metadata": [
                "finalizers": .array(left.map(JSONValue.string)), "resourceVersion": .string(object.resourceVersion),
            ]
        ]
        do {
            _ = try await context.client.patch(type, object.key, .merge(patch))
        } catch let error as StatusError where error.isNotFound {}
        return .settled
    }
}

/// What is decided about it. Source: upstream's pvc-protection and pv-protection controllers.
enum StorageProtection {
    static let claimFinalizer = "kubernetes.io/pvc-protection"
    static let volumeFinalizer = "kubernetes.io/pv-protection"
    static let claims = ResourceType(
        group: "", version: "v1", kind: "PersistentVolumeClaim", plural: "persistentvolumeclaims", isNamespaced: true)
    static let volumes = ResourceType(
        group: "", version: "v1", kind: "PersistentVolume", plural: "persistentvolumes", isNamespaced: false)

    static func claimNames(of pod: Pod) -> [String] {
        (pod.spec.volumes ?? []).compactMap { volume in
            // A claim made for the pod alone is named after both.
            volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral == nil ? nil : "\(pod.name)-\(volume.name)")
        }
    }

    static func mayGo(claim: DynamicObject, pods: [Pod]) -> Bool {
        guard claim.isBeingDeleted, claim.finalizers.contains(claimFinalizer) else { return false }
        return !pods.contains { pod in
            pod.namespace == claim.namespace && pod.status?.phase != "Succeeded" && pod.status?.phase != "Failed"
                && claimNames(of: pod).contains(claim.name)
        }
    }

    static func mayGo(volume: DynamicObject) -> Bool {
        volume.isBeingDeleted && volume.finalizers.contains(volumeFinalizer)
            && volume.value["status"]?["phase"]?.string != "Bound"
    }
}
