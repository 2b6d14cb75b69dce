import KubernetesTypes

/// The order in which upstream's types have their fields.
///
/// Members of JSON objects have no order that means anything, but some messages quote whole objects as Go wrote them. Fields are
/// mostly declared in the order of their protobuf numbers; what is declared elsewhere is listed here.
enum GoFieldOrder {
    /// Fields that are declared right behind another one, by type.
    private static let moved: [String: [(field: String, after: String)]] = [
        "~admissionregistration.v1.MutatingWebhook": [("matchPolicy", "failurePolicy"), ("objectSelector", "namespaceSelector")],
        "~admissionregistration.v1.ValidatingWebhook": [
            ("matchPolicy", "failurePolicy"), ("objectSelector", "namespaceSelector"),
        ],
        "~apps.v1.DeploymentCondition": [("lastUpdateTime", "status"), ("lastTransitionTime", "lastUpdateTime")],
        "~apps.v1.DeploymentStatus": [("terminatingReplicas", "unavailableReplicas")],
        "~apps.v1.ReplicaSetSpec": [("minReadySeconds", "replicas")],
        "~authentication.v1.TokenRequestSpec": [("expirationSeconds", "audiences")],
        "~batch.v1.JobSpec": [
            ("podFailurePolicy", "activeDeadlineSeconds"), ("successPolicy", "podFailurePolicy"),
            ("backoffLimit", "successPolicy"),
            ("backoffLimitPerIndex", "backoffLimit"), ("maxFailedIndexes", "backoffLimitPerIndex"),
        ],
        "~batch.v1.JobStatus": [("terminating", "failed")],
        "~core.v1.ConfigMap": [("immutable", "metadata")],
        "~core.v1.Secret": [("immutable", "metadata"), ("stringData", "data")],
        "~core.v1.Container": containerMoves,
        "~core.v1.EphemeralContainerCommon": containerMoves,
        "~core.v1.NodeSpec": [("podCIDRs", "podCIDR")],
        "~core.v1.PodSpec": [
            ("initContainers", "volumes"), ("ephemeralContainers", "containers"),
            ("automountServiceAccountToken", "serviceAccount"), ("shareProcessNamespace", "hostIPC"),
        ],
        "~core.v1.PodStatus": [
            ("observedGeneration", ""), ("nominatedNodeName", "reason"), ("hostIPs", "hostIP"), ("podIPs", "podIP"),
            ("initContainerStatuses", "startTime"),
        ],
        "~core.v1.ServiceSpec": [("clusterIPs", "clusterIP"), ("ipFamilyPolicy", "ipFamilies")],
        "~networking.v1.HTTPIngressPath": [("pathType", "path")],
        "~networking.v1.IngressSpec": [("ingressClassName", "")],
        "^OwnerReference": [("apiVersion", "")],
        "^StatusDetails": [("uid", "kind")],
    ]

    private static let containerMoves = [
        (field: "envFrom", after: "ports"), (field: "resizePolicy", after: "resources"),
        (field: "restartPolicy", after: "resizePolicy"), (field: "restartPolicyRules", after: "restartPolicy"),
        (field: "volumeDevices", after: "volumeMounts"), (field: "startupProbe", after: "readinessProbe"),
        (field: "terminationMessagePolicy", after: "terminationMessagePath"),
    ]

    /// Field names of a type in their order of declaration.
    /// - Parameter type: as in the OpenAPI documents, `io.k8s.api.core.v1.Pod`.
    static func fields(of type: String) -> [String] { fields(ofMessage: messageName(type)) }

    private static func fields(ofMessage message: String) -> [String] {
        var names: [String] = []
        for (_, field) in (ProtobufSchema.builtin.messages[message] ?? [:]).sorted(by: { $0.key < $1.key }) {
            if field.isInline { names += fields(ofMessage: field.type) } else { names.append(field.name) }
        }
        for (field, after) in moved[message] ?? [] {
            guard let from = names.firstIndex(of: field) else { continue }
            names.remove(at: from)
            let target = names.firstIndex(of: after).map { $0 + 1 } ?? 0
            names.insert(field, at: target)
        }
        return names
    }

    private static func messageName(_ type: String) -> String {
        for (prefix, short) in [
            ("io.k8s.api.", "~"), ("io.k8s.apimachinery.pkg.apis.meta.v1.", "^"),
            ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.", "%"), ("io.k8s.apimachinery.pkg.", "&"),
        ] where type.hasPrefix(prefix) {
            return short + type.dropFirst(prefix.count)
        }
        return type
    }

    /// The keys of an object of a type, as Go writes them: type first, then the fields, what the type does not have last.
    static func ordered(_ keys: some Sequence<String>, of type: String) -> [String] {
        let fields = fields(of: type)
        let order = ["kind", "apiVersion"].filter { !fields.contains($0) } + fields
        let ranks = Dictionary(order.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        return keys.sorted { (ranks[$0] ?? .max, $0) < (ranks[$1] ?? .max, $1) }
    }
}
