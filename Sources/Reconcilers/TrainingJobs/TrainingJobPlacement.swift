import ApusAPI
import KubernetesTypes
import Scheduling

/// A training job and the cluster's nodes as `Scheduling` sees them.
enum TrainingJobPlacement {
    /// The gang of the job's next attempt; nil where the template has no container to ask for anything.
    static func gang(_ observation: TrainingJobObservation) throws -> Gang? {
        let pods = TrainingPods(observation: observation, attempt: 1)
        guard let spec = try pods.all().first?.spec else { return nil }
        return Gang(replicas: pods.replicas, pod: shape(spec))
    }

    static func shape(_ spec: PodSpec) -> PodShape {
        var resources = vector(spec.totalRequests)
        resources[ResourceVector.pods] = 1
        let required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
        return PodShape(
            resources, nodeSelector: spec.nodeSelector ?? [:], affinity: (required?.nodeSelectorTerms ?? []).map(term),
            tolerations: (spec.tolerations ?? []).compactMap(toleration))
    }

    /// What nodes could give if nothing ran on them.
    static func snapshot(_ nodes: [Node]) -> ClusterSnapshot {
        ClusterSnapshot(
            nodes.map { node in
                var allocatable = vector(node.status?.allocatable ?? [:])
                if node.status?.allocatable?[ResourceVector.pods] == nil { allocatable[ResourceVector.pods] = .max }
                let keepsAway = (node.spec.taints ?? []).filter { $0.effect == "NoSchedule" || $0.effect == "NoExecute" }
                return NodeSnapshot(
                    node.name, allocatable: allocatable, labels: node.metadata.labels ?? [:],
                    // A node that is not ready for a moment carries such a taint; the job need not ask for less because of it.
                    taints: keepsAway.filter { !$0.key.hasPrefix("node.kubernetes.io/") }.map {
                        NodeTaint(key: $0.key, value: $0.value ?? "")
                    },
                    isSchedulable: node.spec.unschedulable != true)
            })
    }

    static func vector(_ quantities: [String: Quantity]) -> ResourceVector {
        ResourceVector(
            Dictionary(uniqueKeysWithValues: quantities.map { ($0, $0 == ResourceVector.cpu ? $1.milli : $1.roundedUp) }))
    }

    private static func toleration(_ toleration: Toleration) -> NodeToleration? {
        if let effect = toleration.effect, !effect.isEmpty, effect != "NoSchedule", effect != "NoExecute" { return nil }
        let key = toleration.key.flatMap { $0.isEmpty ? nil : $0 }
        return NodeToleration(key: key, value: toleration.operator == "Exists" ? nil : toleration.value ?? "")
    }

    private static func term(_ term: NodeSelectorTerm) -> [LabelRequirement] {
        (term.matchExpressions ?? []).map { requirement(.label($0.key), $0) }
            + (term.matchFields ?? []).map { requirement(.name, $0) }
    }

    private static func requirement(_ subject: LabelRequirement.Subject, _ requirement: NodeSelectorRequirement)
        -> LabelRequirement
    {
        let values = requirement.values ?? []
        let number = values.first.flatMap { Int($0) } ?? 0
        let operation: LabelRequirement.Operation =
            switch requirement.operator {
            case "NotIn": .isNoneOf(values)
            case "Exists": .exists
            case "DoesNotExist": .doesNotExist
            case "Gt": .isAbove(number)
            case "Lt": .isBelow(number)
            default: .isOneOf(values)
            }
        return LabelRequirement(subject, operation)
    }

    static func reason(_ shortage: Shortage) -> String {
        switch shortage.kind {
        case .noNodes: "NoNodes"
        case .noNodeAllowed: "NoNodeAllowed"
        case .replicaTooLarge where shortage.resources.contains(ResourceVector.gpu): "NoNodeHasEnoughGPUs"
        case .replicaTooLarge: "NoNodeIsLargeEnough"
        case .tooManyReplicas: "ClusterTooSmall"
        case .inUse: "ResourcesInUse"
        }
    }

    static func remedy(_ shortage: Shortage) -> String {
        switch shortage.kind {
        case .noNodes, .inUse: "Nothing has to be done when more nodes are on their way."
        case .noNodeAllowed: "Change the job's nodeSelector, affinity or tolerations, or open a node."
        case .replicaTooLarge where shortage.resources == [ResourceVector.gpu]:
            "Ask for less in spec.resources.gpus and take more replicas, or add a larger node."
        case .replicaTooLarge: "Ask for less in spec.resources, or add a larger node."
        case .tooManyReplicas: "Ask for fewer replicas or less in spec.resources, or add nodes."
        }
    }
}
