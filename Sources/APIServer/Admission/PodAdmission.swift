import FoundationEssentials
import KubernetesTypes

/// What admission adds to new pods: service account and its token, priority, tolerations of short node trouble.
struct PodAdmission: Sendable {
    static let tokenMountPath = "/var/run/secrets/kubernetes.io/serviceaccount"

    let store: ObjectStore
    let configuration: APIServerCore.Configuration

    func admit(_ pod: inout JSONValue, _ context: AdmissionContext) throws(APIError) {
        try addServiceAccount(&pod, context)
        try PriorityAdmission(store: store).admit(&pod, context)
        Self.addTolerations(&pod)
    }

    private func addServiceAccount(_ pod: inout JSONValue, _ context: AdmissionContext) throws(APIError) {
        // Pods that a kubelet mirrors from files have no account.
        if pod["metadata"]?["annotations"]?["kubernetes.io/config.mirror"] != nil { return }
        var name = pod["spec"]?["serviceAccountName"]?.string ?? ""
        if name.isEmpty { name = "default" }
        pod["spec"]?["serviceAccountName"] = .string(name)
        pod["spec"]?["serviceAccount"] = .string(name)
        let namespace = context.scope.info.namespace
        let key = StoredKey.key(namespace: namespace, name: name)
        guard let account = store.object(ResourceName(group: "", resource: "serviceaccounts"), key: key)?.value else {
            throw .forbidden(
                context.definition.name, name: pod["metadata"]?["name"]?.string ?? "",
                "error looking up service account \(namespace)/\(name): serviceaccount \"\(name)\" not found")
        }
        let mounts = pod["spec"]?["automountServiceAccountToken"]?.bool ?? account["automountServiceAccountToken"]?.bool ?? true
        if mounts { mountToken(&pod) }
        if (pod["spec"]?["imagePullSecrets"]?.array ?? []).isEmpty, let secrets = account["imagePullSecrets"]?.array,
            !secrets.isEmpty
        {
            pod["spec"]?["imagePullSecrets"] = .array(secrets)
        }
    }

    private func mountToken(_ pod: inout JSONValue) {
        var volumes = pod["spec"]?["volumes"]?.array ?? []
        let existing = volumes.compactMap { $0["name"]?.string }.first { $0.hasPrefix("kube-api-access-") }
        let name = existing ?? "kube-api-access-\(configuration.makeNameSuffix())"
        var isNeeded = false
        let mount: JSONValue = ["name": .string(name), "readOnly": true, "mountPath": .string(Self.tokenMountPath)]
        for list in ["initContainers", "containers"] {
            guard var containers = pod["spec"]?[list]?.array else { continue }
            for index in containers.indices {
                var mounts = containers[index]["volumeMounts"]?.array ?? []
                if mounts.contains(where: { $0["mountPath"]?.string == Self.tokenMountPath }) { continue }
                mounts.append(mount)
                containers[index]["volumeMounts"] = .array(mounts)
                isNeeded = true
            }
            pod["spec"]?[list] = .array(containers)
        }
        guard isNeeded, existing == nil else { return }
        volumes.append([
            "name": .string(name),
            "projected": [
                "defaultMode": 420,
                "sources": [
                    ["serviceAccountToken": ["expirationSeconds": 3607, "path": "token"]],
                    ["configMap": ["name": "kube-root-ca.crt", "items": [["key": "ca.crt", "path": "ca.crt"]]]],
                    [
                        "downwardAPI": [
                            "items": [
                                ["path": "namespace", "fieldRef": ["apiVersion": "v1", "fieldPath": "metadata.namespace"]]
                            ]
                        ]
                    ],
                ],
            ],
        ])
        pod["spec"]?["volumes"] = .array(volumes)
    }

    /// On updates too: they cannot be taken away.
    static func addTolerations(_ pod: inout JSONValue) {
        var tolerations = pod["spec"]?["tolerations"]?.array ?? []
        for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
            let isTolerated = tolerations.contains { toleration in
                let effect = toleration["effect"]?.string ?? ""
                let tolerated = toleration["key"]?.string ?? ""
                return (tolerated == key || tolerated.isEmpty) && (effect == "NoExecute" || effect.isEmpty)
            }
            if isTolerated { continue }
            tolerations.append([
                "key": .string(key), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300,
            ])
        }
        pod["spec"]?["tolerations"] = .array(tolerations)
    }
}

/// Resolves `priorityClassName` to the number that the scheduler goes by.
struct PriorityAdmission: Sendable {
    let store: ObjectStore

    func admit(_ pod: inout JSONValue, _ context: AdmissionContext) throws(APIError) {
        let classes = store.objects(ResourceName(group: "scheduling.k8s.io", resource: "priorityclasses")).objects
        var name = pod["spec"]?["priorityClassName"]?.string ?? ""
        var value: Int64 = 0
        var policy = "PreemptLowerPriority"
        let podName = pod["metadata"]?["name"]?.string ?? ""
        var chosen: JSONValue?
        if name.isEmpty {
            chosen = classes.map(\.value).filter { $0["globalDefault"]?.bool == true }.min {
                ($0["value"]?.integer ?? 0) < ($1["value"]?.integer ?? 0)
            }
        } else {
            chosen = classes.first { $0.name == name }?.value
            if chosen == nil {
                throw .forbidden(context.definition.name, name: podName, "no PriorityClass with name \(name) was found")
            }
        }
        if let chosen {
            name = chosen["metadata"]?["name"]?.string ?? ""
            value = chosen["value"]?.integer ?? 0
            policy = chosen["preemptionPolicy"]?.string ?? policy
            pod["spec"]?["priorityClassName"] = .string(name)
        }
        if let given = pod["spec"]?["priority"]?.integer, given != value {
            throw .forbidden(
                context.definition.name, name: podName,
                "the integer value of priority (\(given)) must not be provided in pod spec; priority admission controller computed "
                    + "\(value) from the given PriorityClass name")
        }
        pod["spec"]?["priority"] = .integer(value)
        if pod["spec"]?["preemptionPolicy"] == nil { pod["spec"]?["preemptionPolicy"] = .string(policy) }
    }
}
