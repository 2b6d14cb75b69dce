import KubernetesTypes

/// Upstream's admission plugin of the same name: a node writes its own Node, the pods on it and its lease, and nothing else.
struct NodeRestriction: Sendable {
    let store: ObjectStore

    private static let pods = ResourceName(group: "", resource: "pods")
    private static let mirrorAnnotation = "kubernetes.io/config.mirror"

    /// - Parameter object: as it would be stored; of a deletion, what is to go.
    func check(_ object: JSONValue, old: JSONValue?, _ context: AdmissionContext) throws(APIError) {
        guard let node = NodeAuthorizer.node(context.scope.user) else { return }
        switch (context.definition.group, context.definition.plural) {
        case ("", "pods"): try checkPod(object, old: old, node, context)
        case ("", "nodes"): try checkNode(object, old: old, node, context)
        case ("coordination.k8s.io", "leases"): try checkLease(object, node, context)
        default: return
        }
    }

    private func refusal(_ object: JSONValue, _ context: AdmissionContext, _ why: String) -> APIError {
        .forbidden(context.definition.name, name: object[path: ["metadata", "name"]]?.string ?? "", why)
    }

    // MARK: Pods

    private func checkPod(_ pod: JSONValue, old: JSONValue?, _ node: String, _ context: AdmissionContext) throws(APIError) {
        let place = (old ?? pod)[path: ["spec", "nodeName"]]?.string ?? ""
        switch (context.operation, context.subresource) {
        case (.create, nil): try checkMirror(pod, node, context)
        case (.delete, _):
            if place != node {
                throw refusal(pod, context, "node \"\(node)\" can only delete pods with spec.nodeName set to itself")
            }
        case (.update, "status"):
            if place != node {
                throw refusal(
                    pod, context, "node \"\(node)\" can only update pod status for pods with spec.nodeName set to itself")
            }
            if labels(old) != labels(pod) {
                throw refusal(pod, context, "node \"\(node)\" cannot update labels through pod status")
            }
        default: throw refusal(pod, context, "unexpected pod subresource or operation for node \"\(node)\"")
        }
    }

    private func labels(_ object: JSONValue?) -> [String: JSONValue] {
        object?[path: ["metadata", "labels"]]?.object ?? [:]
    }

    /// A node makes no pods but the images of those that it has from files, which must not reach into the cluster.
    private func checkMirror(_ pod: JSONValue, _ node: String, _ context: AdmissionContext) throws(APIError) {
        let spec = pod["spec"] ?? [:]
        guard pod[path: ["metadata", "annotations", Self.mirrorAnnotation]] != nil else {
            throw refusal(
                pod, context,
                "pod does not have \"\(Self.mirrorAnnotation)\" annotation, node \"\(node)\" can only create mirror pods")
        }
        if spec.text("nodeName") != node {
            throw refusal(pod, context, "node \"\(node)\" can only create pods with spec.nodeName set to itself")
        }
        let targets = PodReferences.targets(spec, namespace: "", name: "")
        for target in targets {
            switch target {
            case .serviceAccount:
                throw refusal(pod, context, "node \"\(node)\" can not create pods that reference a service account")
            case .secret: throw refusal(pod, context, "node \"\(node)\" can not create pods that reference secrets")
            case .configMap: throw refusal(pod, context, "node \"\(node)\" can not create pods that reference configmaps")
            case .claim: throw refusal(pod, context, "node \"\(node)\" can not create pods that reference persistentvolumeclaims")
            case .pod: continue
            }
        }
    }

    // MARK: Nodes

    private func checkNode(_ object: JSONValue, old: JSONValue?, _ node: String, _ context: AdmissionContext) throws(APIError) {
        let name = object[path: ["metadata", "name"]]?.string ?? ""
        if name != node { throw refusal(object, context, "node \"\(node)\" is not allowed to modify node \"\(name)\"") }
        switch context.operation {
        case .create:
            try checkLabels(labels(object).keys.sorted(), "set", object, node, context)
            if !(object["metadata"]?.elements("ownerReferences") ?? []).isEmpty {
                throw refusal(object, context, "node \"\(node)\" is not allowed to set ownerReferences")
            }
        case .update:
            let before = labels(old)
            let after = labels(object)
            let changed = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
            try checkLabels(changed.sorted(), "modify", object, node, context)
            if old?[path: ["spec", "taints"]] ?? .null != object[path: ["spec", "taints"]] ?? .null {
                throw refusal(object, context, "node \"\(node)\" is not allowed to modify taints")
            }
            if old?[path: ["metadata", "ownerReferences"]] ?? .null != object[path: ["metadata", "ownerReferences"]] ?? .null {
                throw refusal(object, context, "node \"\(node)\" is not allowed to modify ownerReferences")
            }
        case .delete: throw refusal(object, context, "node \"\(node)\" is not allowed to delete nodes")
        }
    }

    /// Labels by which people keep workloads apart are not a node's to change.
    private func checkLabels(
        _ changed: [String], _ what: String, _ object: JSONValue, _ node: String, _ context: AdmissionContext
    ) throws(APIError) {
        let refused = changed.filter { !Self.mayChange($0) }
        guard !refused.isEmpty else { return }
        throw refusal(
            object, context, "is not allowed to \(what) the following labels: \(refused.joined(separator: ", "))")
    }

    private static let ownLabels: Set<String> = [
        "kubernetes.io/hostname", "kubernetes.io/arch", "kubernetes.io/os", "beta.kubernetes.io/arch", "beta.kubernetes.io/os",
        "topology.kubernetes.io/zone", "topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region", "node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type",
    ]

    private static func mayChange(_ label: String) -> Bool {
        if ownLabels.contains(label) { return true }
        guard label.contains("/"), let prefix = label.split(separator: "/").first else { return true }
        func isBelow(_ domain: String) -> Bool { prefix == domain || prefix.hasSuffix(".\(domain)") }
        if isBelow("kubelet.kubernetes.io") || isBelow("node.kubernetes.io") { return true }
        return !isBelow("kubernetes.io") && !isBelow("k8s.io")
    }

    // MARK: Leases and tokens

    private func checkLease(_ lease: JSONValue, _ node: String, _ context: AdmissionContext) throws(APIError) {
        if context.scope.info.namespace != "kube-node-lease" {
            throw refusal(lease, context, "can only access leases in the \"kube-node-lease\" system namespace")
        }
        if context.operation == .create, lease[path: ["metadata", "name"]]?.string != node {
            throw refusal(lease, context, "can only access node lease with the same name as the requesting node")
        }
    }

    /// A node asks for tokens only on behalf of pods that run on it.
    func checkToken(_ request: JSONValue, _ scope: RequestScope, _ definition: ResourceDefinition) throws(APIError) {
        guard let node = NodeAuthorizer.node(scope.user) else { return }
        func refusal(_ why: String) -> APIError { .forbidden(definition.name, name: scope.info.name, why) }
        let reference = request[path: ["spec", "boundObjectRef"]] ?? .null
        guard reference.text("kind") == "Pod", ["", "v1"].contains(reference.text("apiVersion")), !reference.text("name").isEmpty
        else { throw refusal("node requested token not bound to a pod") }
        guard !reference.text("uid").isEmpty else { throw refusal("node requested token with a pod binding without a uid") }
        let key = StoredKey.key(namespace: scope.info.namespace, name: reference.text("name"))
        guard let pod = store.object(Self.pods, key: key)?.value else {
            throw .notFound(Self.pods, name: reference.text("name"))
        }
        if pod[path: ["metadata", "uid"]] != reference["uid"] {
            throw refusal(
                "the UID in the bound object reference (\(reference.text("uid"))) does not match the UID in record. "
                    + "The object might have been deleted and then recreated")
        }
        if pod[path: ["spec", "nodeName"]]?.string != node {
            throw refusal("node requested token bound to a pod scheduled on a different node")
        }
        if pod[path: ["metadata", "annotations", Self.mirrorAnnotation]] != nil {
            throw refusal("node requested token bound to a mirror pod")
        }
    }
}
