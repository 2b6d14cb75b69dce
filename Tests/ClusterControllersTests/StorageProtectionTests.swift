import Foundation
import KubernetesTypes
import Testing

@testable import ClusterControllers

@Suite struct StorageProtectionTests {
    private func object(_ kind: String, deleted: Bool = true, finalizers: [String], phase: String? = nil) -> DynamicObject {
        var value: JSONValue = [
            "apiVersion": "v1", "kind": .string(kind),
            "metadata": ["name": "data", "namespace": "n", "finalizers": .array(finalizers.map(JSONValue.string))],
        ]
        if deleted { value["metadata"]?["deletionTimestamp"] = "2026-01-01T00:00:00Z" }
        if let phase { value["status"] = ["phase": .string(phase)] }
        return DynamicObject(value)
    }

    private func pod(_ namespace: String, claim: String, phase: String) -> Pod {
        var volume = Volume(name: "v")
        volume.persistentVolumeClaim = PersistentVolumeClaimVolumeSource(claimName: claim)
        return Pod(
            metadata: ObjectMeta(name: "p", namespace: namespace), spec: PodSpec(containers: [], volumes: [volume]),
            status: PodStatus(phase: phase))
    }

    @Test func claimsGoWhenNoPodUsesThem() {
        let claim = object("PersistentVolumeClaim", finalizers: ["kubernetes.io/pvc-protection"])
        #expect(StorageProtection.mayGo(claim: claim, pods: []))
        #expect(!StorageProtection.mayGo(claim: claim, pods: [pod("n", claim: "data", phase: "Running")]))
        #expect(!StorageProtection.mayGo(claim: claim, pods: [pod("n", claim: "data", phase: "Pending")]))
        for phase in ["Succeeded", "Failed"] {
            #expect(StorageProtection.mayGo(claim: claim, pods: [pod("n", claim: "data", phase: phase)]))
        }
        #expect(StorageProtection.mayGo(claim: claim, pods: [pod("other", claim: "data", phase: "Running")]))
        let kept = object("PersistentVolumeClaim", deleted: false, finalizers: ["kubernetes.io/pvc-protection"])
        #expect(!StorageProtection.mayGo(claim: kept, pods: []))
        #expect(!StorageProtection.mayGo(claim: object("PersistentVolumeClaim", finalizers: ["mine"]), pods: []))
    }

    @Test func volumesGoUnlessTheyAreBound() {
        let finalizers = ["kubernetes.io/pv-protection"]
        #expect(StorageProtection.mayGo(volume: object("PersistentVolume", finalizers: finalizers, phase: "Available")))
        #expect(!StorageProtection.mayGo(volume: object("PersistentVolume", finalizers: finalizers, phase: "Bound")))
    }
}
