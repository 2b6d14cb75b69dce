import FoundationEssentials
import KubernetesTypes

/// One write on its way through admission.
struct AdmissionContext: Sendable {
    enum Operation: String, Sendable { case create = "CREATE", update = "UPDATE", delete = "DELETE" }

    var definition: ResourceDefinition
    var operation: Operation
    var subresource: String?
    var scope: RequestScope
    var isDryRun: Bool
}

/// Upstream's default admission plugins, as far as a cluster like this one needs them: first those that change the object,
/// then those that only judge it.
struct AdmissionChain: Sendable {
    let store: ObjectStore
    let registry: ResourceRegistry
    let authorizer: Authorizer
    let merging: any ObjectMerging
    let configuration: APIServerCore.Configuration

    /// The object as the cluster's policies change it before it is validated.
    func mutated(_ object: JSONValue, old: JSONValue?, _ context: AdmissionContext) async throws(APIError) -> JSONValue {
        try NamespaceLifecycle(store: store).check(object, context)
        guard context.definition.group.isEmpty, context.subresource == nil else { return object }
        var object = object
        let isCreate = context.operation == .create
        switch context.definition.plural {
        case "namespaces": setNameLabel(&object)
        case "pods" where isCreate:
            LimitRangeAdmission(store: store).applyDefaults(&object, context)
            try PodAdmission(store: store, configuration: configuration).admit(&object, context)
        case "pods": PodAdmission.addTolerations(&object)
        case "nodes" where isCreate: NodeAdmission.taint(&object)
        case "persistentvolumeclaims" where isCreate:
            StorageProtection.protect(&object, finalizer: "kubernetes.io/pvc-protection")
        case "persistentvolumes" where isCreate: StorageProtection.protect(&object, finalizer: "kubernetes.io/pv-protection")
        default: break
        }
        return object
    }

    /// Judges the final object; of a deletion, the object that is to go.
    func validate(_ object: JSONValue, old: JSONValue?, _ context: AdmissionContext) async throws(APIError) {
        if context.operation == .delete {
            try NamespaceLifecycle(store: store).checkDeletion(context, name: object["metadata"]?["name"]?.string ?? "")
        }
        try NodeRestriction(store: store).check(object, old: old, context)
        if context.definition.group == "scheduling.k8s.io" { try PriorityClassAdmission(store: store).check(object, context) }
        try EscalationCheck(store: store, authorizer: authorizer).check(object, old: old, context)
        if context.definition.group.isEmpty, context.definition.plural == "pods", context.operation == .create {
            try LimitRangeAdmission(store: store).validate(object, context)
        }
        try PolicyAdmission(store: store, registry: registry).validate(object, old: old, context)
        // Last, because it charges.
        try await QuotaAdmission(store: store, registry: registry, merging: merging, now: configuration.now).admit(
            object, context)
    }

    private func setNameLabel(_ namespace: inout JSONValue) {
        var labels = namespace["metadata"]?["labels"]?.object ?? [:]
        labels["kubernetes.io/metadata.name"] = namespace["metadata"]?["name"]
        namespace["metadata"]?["labels"] = .object(labels)
    }
}

/// Nothing is made in a namespace that does not exist or is going; the namespaces that the cluster stands on stay.
struct NamespaceLifecycle: Sendable {
    static let immortal: Set<String> = ["default", "kube-system", "kube-public"]

    let store: ObjectStore

    func check(_ object: JSONValue, _ context: AdmissionContext) throws(APIError) {
        let namespace = context.scope.info.namespace
        guard context.definition.isNamespaced, !namespace.isEmpty, context.operation == .create else { return }
        if context.definition.kind.hasSuffix("AccessReview") { return }
        guard let found = store.object(ResourceName(group: "", resource: "namespaces"), key: namespace) else {
            throw .notFound(ResourceName(group: "", resource: "namespaces"), name: namespace)
        }
        guard found.value["metadata"]?["deletionTimestamp"]?.string != nil else { return }
        let name = object["metadata"]?["name"]?.string ?? ""
        var error = APIError.forbidden(
            context.definition.name, name: name,
            "unable to create new content in namespace \(namespace) because it is being terminated")
        error.details?["causes"] = [
            [
                "reason": "NamespaceTerminating", "message": .string("namespace \(namespace) is being terminated"),
                "field": "metadata.namespace",
            ]
        ]
        throw error
    }

    func checkDeletion(_ context: AdmissionContext, name: String) throws(APIError) {
        guard context.definition.group.isEmpty, context.definition.plural == "namespaces", Self.immortal.contains(name) else {
            return
        }
        throw .forbidden(context.definition.name, name: name, "this namespace may not be deleted")
    }
}
