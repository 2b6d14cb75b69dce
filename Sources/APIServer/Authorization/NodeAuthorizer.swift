import KubernetesTypes
import Synchronization

/// What a node may do, after upstream's node authorizer: what every kubelet needs, and of secrets and the like only what its own
/// pods name.
///
/// What it may write of the objects that it may write is up to ``NodeRestriction``.
final class NodeAuthorizer: Sendable {
    /// What pods lead to.
    enum Target: Hashable, Sendable {
        case pod(namespace: String, name: String)
        case secret(namespace: String, name: String)
        case configMap(namespace: String, name: String)
        case claim(namespace: String, name: String)
        case serviceAccount(namespace: String, name: String)
    }

    private struct Entry: Sendable {
        var revision: UInt64
        var node: String
        var targets: Set<Target>
    }

    private static let pods = ResourceName(group: "", resource: "pods")
    private static let readVerbs: Set<String> = ["get", "list", "watch"]

    private let store: ObjectStore
    private let known = Mutex<[String: Entry]>([:])

    init(store: ObjectStore) { self.store = store }

    /// The name of the node that a caller is; nil for all others.
    static func node(_ user: UserInfo) -> String? {
        let prefix = "system:node:"
        guard user.isIn("system:nodes"), user.name.hasPrefix(prefix), user.name.count > prefix.count else { return nil }
        return String(user.name.dropFirst(prefix.count))
    }

    func decide(node: String, _ info: RequestInfo) -> Authorizer.Decision {
        guard info.isResourceRequest else { return .denied }
        let isRead = Self.readVerbs.contains(info.verb)
        func allowed(_ isAllowed: Bool, _ reason: String = "") -> Authorizer.Decision {
            Authorizer.Decision(isAllowed: isAllowed, reason: isAllowed ? "" : reason)
        }
        switch (info.group, info.resource, info.subresource) {
        case ("", "secrets", ""):
            return related(node, info, isVerb: isRead) { .secret(namespace: $0, name: $1) }
        case ("", "configmaps", ""):
            return related(node, info, isVerb: isRead) { .configMap(namespace: $0, name: $1) }
        case ("", "persistentvolumeclaims", ""):
            return related(node, info, isVerb: info.verb == "get") { .claim(namespace: $0, name: $1) }
        case ("", "persistentvolumeclaims", "status"):
            return related(node, info, isVerb: ["get", "update", "patch"].contains(info.verb)) { .claim(namespace: $0, name: $1) }
        case ("", "persistentvolumes", ""): return volume(node, info)
        case ("", "serviceaccounts", "token"):
            return related(node, info, isVerb: info.verb == "create") { .serviceAccount(namespace: $0, name: $1) }
        case ("", "serviceaccounts", ""):
            return related(node, info, isVerb: info.verb == "get") { .serviceAccount(namespace: $0, name: $1) }
        case ("", "pods", ""): return pod(node, info)
        case ("", "pods", "status"): return allowed(["update", "patch"].contains(info.verb))
        case ("", "pods", "eviction"): return allowed(info.verb == "create")
        case ("", "nodes", ""):
            if isRead {
                return allowed(info.name == node, "node '\(node)' cannot read '\(info.name)', only its own Node object")
            }
            return allowed(["create", "update", "patch"].contains(info.verb))
        case ("", "nodes", "status"): return allowed(["update", "patch"].contains(info.verb))
        case ("", "services", ""): return allowed(isRead)
        case ("", "endpoints", ""): return allowed(info.verb == "get")
        case ("", "events", ""), ("events.k8s.io", "events", ""):
            return allowed(["create", "update", "patch"].contains(info.verb))
        case ("coordination.k8s.io", "leases", ""): return lease(node, info)
        case ("node.k8s.io", "runtimeclasses", ""), ("storage.k8s.io", "csidrivers", ""): return allowed(isRead)
        case ("authentication.k8s.io", "tokenreviews", ""), ("authorization.k8s.io", "subjectaccessreviews", ""),
            ("authorization.k8s.io", "localsubjectaccessreviews", ""):
            return allowed(info.verb == "create")
        default: return .denied
        }
    }

    private static func noRelationship(_ node: String) -> Authorizer.Decision {
        Authorizer.Decision(
            isAllowed: false, reason: "no relationship found between node '\(node)' and this object")
    }

    private func related(
        _ node: String, _ info: RequestInfo, isVerb: Bool, _ target: (String, String) -> Target
    ) -> Authorizer.Decision {
        guard isVerb else {
            return Authorizer.Decision(isAllowed: false, reason: "can only get individual resources of this type")
        }
        if info.name.isEmpty { return Authorizer.Decision(isAllowed: false, reason: "No Object name found") }
        return reaches(node, target(info.namespace, info.name))
            ? Authorizer.Decision(isAllowed: true, reason: "") : Self.noRelationship(node)
    }

    private func pod(_ node: String, _ info: RequestInfo) -> Authorizer.Decision {
        switch info.verb {
        case "get":
            return reaches(node, .pod(namespace: info.namespace, name: info.name))
                ? Authorizer.Decision(isAllowed: true, reason: "") : Self.noRelationship(node)
        case "list", "watch":
            if info.selectedNode == node { return Authorizer.Decision(isAllowed: true, reason: "") }
            return Authorizer.Decision(isAllowed: false, reason: "can only list/watch pods with spec.nodeName field selector")
        case "create", "delete": return Authorizer.Decision(isAllowed: true, reason: "")
        default: return .denied
        }
    }

    private func lease(_ node: String, _ info: RequestInfo) -> Authorizer.Decision {
        guard ["get", "create", "update", "patch", "delete"].contains(info.verb) else {
            return Authorizer.Decision(
                isAllowed: false, reason: "can only get, create, update, patch, or delete a node lease")
        }
        guard info.namespace == "kube-node-lease" else {
            return Authorizer.Decision(
                isAllowed: false, reason: "can only access leases in the \"kube-node-lease\" system namespace")
        }
        // The name of a new lease is in its body, which admission looks at.
        if info.verb != "create", info.name != node {
            return Authorizer.Decision(
                isAllowed: false, reason: "can only access node lease with the same name as the requesting node")
        }
        return Authorizer.Decision(isAllowed: true, reason: "")
    }

    /// A volume is reached through the claim that it is bound to.
    private func volume(_ node: String, _ info: RequestInfo) -> Authorizer.Decision {
        guard info.verb == "get", !info.name.isEmpty else {
            return Authorizer.Decision(isAllowed: false, reason: "can only get individual resources of this type")
        }
        let claims = store.objects(ResourceName(group: "", resource: "persistentvolumeclaims")).objects
        let isReached = claims.contains { claim in
            reaches(node, .claim(namespace: claim.namespace, name: claim.name))
                && claim.value[path: ["spec", "volumeName"]]?.string == info.name
        }
        return isReached ? Authorizer.Decision(isAllowed: true, reason: "") : Self.noRelationship(node)
    }

    // MARK: The graph

    /// Whether a pod on the node leads to the target.
    private func reaches(_ node: String, _ target: Target) -> Bool {
        let pods = store.objects(Self.pods).objects
        return known.withLock { known in
            // Only pods that changed since the last question are read again.
            var current: [String: Entry] = [:]
            current.reserveCapacity(pods.count)
            for pod in pods {
                if let entry = known[pod.key], entry.revision == pod.revision {
                    current[pod.key] = entry
                } else {
                    current[pod.key] = Self.entry(pod)
                }
            }
            known = current
            return current.values.contains { $0.node == node && $0.targets.contains(target) }
        }
    }

    private static func entry(_ pod: StoredObject) -> Entry {
        let value = pod.value
        let spec = value["spec"] ?? [:]
        let node = spec["nodeName"]?.string ?? ""
        guard !node.isEmpty else { return Entry(revision: pod.revision, node: "", targets: []) }
        var targets: Set<Target> = [.pod(namespace: pod.namespace, name: pod.name)]
        // A pod that a node mirrors from a file of its own must not open anything to it.
        if value[path: ["metadata", "annotations", "kubernetes.io/config.mirror"]] == nil {
            targets.formUnion(PodReferences.targets(spec, namespace: pod.namespace, name: pod.name))
        }
        return Entry(revision: pod.revision, node: node, targets: targets)
    }
}

/// What the spec of a pod names.
enum PodReferences {
    static func targets(_ spec: JSONValue, namespace: String, name: String) -> Set<NodeAuthorizer.Target> {
        var targets: Set<NodeAuthorizer.Target> = []
        func secret(_ name: JSONValue?) {
            if let name = name?.string, !name.isEmpty { targets.insert(.secret(namespace: namespace, name: name)) }
        }
        func configMap(_ name: JSONValue?) {
            if let name = name?.string, !name.isEmpty { targets.insert(.configMap(namespace: namespace, name: name)) }
        }
        let account = spec.text("serviceAccountName")
        if !account.isEmpty { targets.insert(.serviceAccount(namespace: namespace, name: account)) }
        for reference in spec.elements("imagePullSecrets") { secret(reference["name"]) }
        for list in ["initContainers", "containers", "ephemeralContainers"] {
            for container in spec.elements(list) {
                for variable in container.elements("env") {
                    secret(variable[path: ["valueFrom", "secretKeyRef", "name"]])
                    configMap(variable[path: ["valueFrom", "configMapKeyRef", "name"]])
                }
                for source in container.elements("envFrom") {
                    secret(source[path: ["secretRef", "name"]])
                    configMap(source[path: ["configMapRef", "name"]])
                }
            }
        }
        for volume in spec.elements("volumes") {
            secret(volume[path: ["secret", "secretName"]])
            configMap(volume[path: ["configMap", "name"]])
            for source in volume["projected"]?.elements("sources") ?? [] {
                secret(source[path: ["secret", "name"]])
                configMap(source[path: ["configMap", "name"]])
            }
            for driver in ["cephfs", "flexVolume", "iscsi", "rbd", "scaleIO", "storageos"] {
                secret(volume[path: [driver, "secretRef", "name"]])
            }
            secret(volume[path: ["azureFile", "secretName"]])
            secret(volume[path: ["csi", "nodePublishSecretRef", "name"]])
            if let claim = volume[path: ["persistentVolumeClaim", "claimName"]]?.string {
                targets.insert(.claim(namespace: namespace, name: claim))
            }
            if volume.isSet("ephemeral") {
                targets.insert(.claim(namespace: namespace, name: "\(name)-\(volume.text("name"))"))
            }
        }
        return targets
    }
}
