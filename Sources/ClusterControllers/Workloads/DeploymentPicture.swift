import KubernetesTypes

/// A deployment's replica sets, sorted into new and old.
struct DeploymentPicture: Sendable {
    let sets: [ReplicaSet]
    let newSet: ReplicaSet?
    let oldSets: [ReplicaSet]

    init(_ deployment: Deployment, sets: [ReplicaSet]) {
        self.sets = sets
        // Of several with the template the oldest counts, so that all observers agree.
        let candidates = sets.filter { set in
            set.spec.template.map { PodTemplates.areEqual($0, deployment.spec.template) } ?? false
        }
        let new = candidates.min(by: ReplicaSet.isOlder)
        newSet = new
        oldSets = sets.filter { $0.key != new?.key }
    }

    var highestOldRevision: Int { oldSets.map { DeploymentDecision.revision(of: $0) }.max() ?? 0 }

    /// Whether the deployment's size was changed since its replica sets were last sized.
    func isScaling(_ deployment: Deployment) -> Bool {
        sets.contains { set in
            guard set.size > 0, let desired = set.metadata.annotations?[DeploymentDecision.desiredKey].flatMap({ Int($0) })
            else { return false }
            return desired != deployment.spec.replicas ?? 1
        }
    }

    func isComplete(_ deployment: Deployment) -> Bool {
        let wanted = deployment.spec.replicas ?? 1
        return newSet?.status?.replicas ?? 0 == wanted && newSet?.status?.availableReplicas ?? 0 == wanted
            && sets.reduce(0) { $0 + ($1.status?.replicas ?? 0) } == wanted
    }
}

/// The numbers of a rolling update.
struct RollingBounds: Sendable, Equatable {
    var maxSurge = 0
    var maxUnavailable = 0

    init(_ deployment: Deployment) {
        let replicas = deployment.spec.replicas ?? 1
        guard deployment.spec.strategy?.type != "Recreate", replicas > 0 else { return }
        let rolling = deployment.spec.strategy?.rollingUpdate
        maxSurge = (rolling?.maxSurge ?? .string("25%")).scaled(total: replicas, roundingUp: true) ?? 0
        maxUnavailable = (rolling?.maxUnavailable ?? .string("25%")).scaled(total: replicas, roundingUp: false) ?? 0
        // Both at nothing would never get anywhere.
        if maxSurge == 0, maxUnavailable == 0 { maxUnavailable = 1 }
        maxUnavailable = min(maxUnavailable, replicas)
    }
}

extension ReplicaSet {
    /// The pods that it should have.
    var size: Int { spec.replicas ?? 1 }

    static func isOlder(_ left: ReplicaSet, _ right: ReplicaSet) -> Bool {
        let births = (left.metadata.creationTimestamp ?? Timestamp(), right.metadata.creationTimestamp ?? Timestamp())
        return births.0 != births.1 ? births.0 < births.1 : left.key < right.key
    }
}
