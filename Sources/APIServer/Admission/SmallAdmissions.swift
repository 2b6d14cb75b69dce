import KubernetesTypes

/// New nodes get no pods before they have said that they are ready.
enum NodeAdmission {
    static func taint(_ node: inout JSONValue) {
        var taints = node["spec"]?["taints"]?.array ?? []
        guard
            !taints.contains(where: {
                $0["key"]?.string == "node.kubernetes.io/not-ready" && $0["effect"]?.string == "NoSchedule"
            })
        else { return }
        taints.append(["key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"])
        if node["spec"] == nil { node["spec"] = [:] }
        node["spec"]?["taints"] = .array(taints)
    }
}

/// Volumes and claims in use are not taken away.
enum StorageProtection {
    static func protect(_ object: inout JSONValue, finalizer: String) {
        var finalizers = object["metadata"]?["finalizers"]?.array ?? []
        guard !finalizers.contains(.string(finalizer)) else { return }
        finalizers.append(.string(finalizer))
        object["metadata"]?["finalizers"] = .array(finalizers)
    }
}

/// One default among priority classes, and the system's own stay.
struct PriorityClassAdmission: Sendable {
    let store: ObjectStore

    func check(_ object: JSONValue, _ context: AdmissionContext) throws(APIError) {
        let name = object["metadata"]?["name"]?.string ?? ""
        if context.operation == .delete {
            guard name == "system-cluster-critical" || name == "system-node-critical" else { return }
            throw .forbidden(
                context.definition.name, name: name, "this is a system priority class and cannot be deleted")
        }
        guard object["globalDefault"]?.bool == true else { return }
        let classes = store.objects(ResourceName(group: "scheduling.k8s.io", resource: "priorityclasses")).objects
        if let other = classes.first(where: { $0.name != name && $0.value["globalDefault"]?.bool == true }) {
            throw .forbidden(
                context.definition.name, name: name,
                "PriorityClass \(other.name) is already marked as default. Only one default can exist")
        }
    }
}
