import KubernetesTypes
import Synchronization

/// Rules of the built-in kinds and of custom resources.
final class SchemaRulesProvider: ObjectRulesProvider {
    private let known = Mutex<[GroupVersionKind: BuiltinRules]>([:])

    func rules(group: String, version: String, kind: String) -> any ObjectRules {
        let key = GroupVersionKind(group: group, version: version, kind: kind)
        if let rules = known.withLock({ $0[key] }) { return rules }
        guard KubernetesSchema.builtin.typeName(of: key) != nil else { return PassThroughRules() }
        let rules = BuiltinRules(kind: key, behavior: KindBehaviors.behavior(of: key))
        known.withLock { $0[key] = rules }
        return rules
    }

    func rules(definition: JSONValue, version: String) -> any ObjectRules {
        CustomResourceRules(definition: definition, version: version)
    }
}

/// Which behaviour each kind has.
enum KindBehaviors {
    static func behavior(of kind: GroupVersionKind) -> KindBehavior {
        switch (kind.group, kind.kind) {
        case ("", "Pod"): PodBehavior.pod
        case ("", "PodTemplate"): PodBehavior.podTemplate
        case ("", "Service"): ServiceBehavior.service
        case ("", "Namespace"): CoreBehaviors.namespace
        case ("", "ConfigMap"): CoreBehaviors.configMap
        case ("", "Secret"): CoreBehaviors.secret
        case ("", "Node"): CoreBehaviors.node
        case ("", "PersistentVolumeClaim"): CoreBehaviors.persistentVolumeClaim
        case ("", "PersistentVolume"): CoreBehaviors.persistentVolume
        case ("", "LimitRange"): CoreBehaviors.limitRange
        case ("", "Endpoints"): CoreBehaviors.endpoints
        case ("", "ResourceQuota"): KindBehavior(hasStatus: true)
        case ("", "ReplicationController"): WorkloadBehaviors.replicationController
        case ("apps", "Deployment"): WorkloadBehaviors.deployment
        case ("apps", "ReplicaSet"): WorkloadBehaviors.replicaSet
        case ("apps", "DaemonSet"): WorkloadBehaviors.daemonSet
        case ("apps", "StatefulSet"): WorkloadBehaviors.statefulSet
        case ("batch", "Job"): JobBehaviors.job
        case ("batch", "CronJob"): JobBehaviors.cronJob
        case ("networking.k8s.io", "NetworkPolicy"): PolicyBehaviors.networkPolicy
        case ("networking.k8s.io", "Ingress"): KindBehavior(hasStatus: true, hasGeneration: true)
        case ("policy", "PodDisruptionBudget"): KindBehavior(hasStatus: true, hasGeneration: true)
        case ("scheduling.k8s.io", "PriorityClass"): PolicyBehaviors.priorityClass
        case ("rbac.authorization.k8s.io", "RoleBinding"), ("rbac.authorization.k8s.io", "ClusterRoleBinding"):
            PolicyBehaviors.roleBinding
        case ("node.k8s.io", "RuntimeClass"): PolicyBehaviors.runtimeClass
        case ("discovery.k8s.io", "EndpointSlice"): CoreBehaviors.endpointSlice
        case ("storage.k8s.io", "StorageClass"): PolicyBehaviors.storageClass
        case ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): AdmissionBehaviors.policy
        case ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): AdmissionBehaviors.binding
        case ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): AdmissionBehaviors.mutatingWebhooks
        case ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): AdmissionBehaviors.validatingWebhooks
        case ("apiextensions.k8s.io", "CustomResourceDefinition"): DefinitionBehavior.definition
        case ("autoscaling", "HorizontalPodAutoscaler"): KindBehavior(hasStatus: true)
        default: KindBehavior()
        }
    }
}
