import ControllerRuntime
import Foundation
import KubernetesTypes

/// The status that a deployment should show.
enum DeploymentStatusDecision {
    /// - Parameters:
    ///   - creation: the name of the replica set that this pass made.
    ///   - unhonoured: what there is to say of fields without effect.
    static func status(
        _ deployment: Deployment, sets: [ReplicaSet], creation: String?, unhonoured: String? = nil, now: Date
    ) -> DeploymentStatus {
        let picture = DeploymentPicture(deployment, sets: sets)
        let previous = deployment.status ?? DeploymentStatus()
        func sum(_ field: (ReplicaSetStatus) -> Int?) -> Int { sets.reduce(0) { $0 + ($1.status.flatMap(field) ?? 0) } }
        func count(_ number: Int) -> Int? { number > 0 ? number : nil }
        let wanted = deployment.spec.replicas ?? 1
        let available = sum(\.availableReplicas)
        var status = DeploymentStatus()
        status.observedGeneration = deployment.metadata.generation
        status.replicas = count(sum { $0.replicas })
        status.updatedReplicas = count(picture.newSet?.status?.replicas ?? 0)
        status.readyReplicas = count(sum(\.readyReplicas))
        status.availableReplicas = count(available)
        status.unavailableReplicas = count(max(0, sets.reduce(0) { $0 + $1.size } - available))
        status.terminatingReplicas = sum(\.terminatingReplicas)
        status.collisionCount = previous.collisionCount
        var conditions = DeploymentConditions(previous.conditions ?? [], now: now)
        if available >= wanted - RollingBounds(deployment).maxUnavailable {
            conditions.set("Available", true, "MinimumReplicasAvailable", "Deployment has minimum availability.")
        } else {
            conditions.set("Available", false, "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        }
        progress(deployment, picture, status, previous, creation, &conditions, now)
        let failures = sets.flatMap { $0.status?.conditions ?? [] }.filter { $0.type == "ReplicaFailure" }
        if let failure = failures.first {
            conditions.set("ReplicaFailure", true, failure.reason ?? "", failure.message ?? "")
        } else {
            conditions.remove("ReplicaFailure")
        }
        status.conditions = HonestyCondition.noted(conditions.entries, unhonoured, type: \.type, message: \.message) {
            DeploymentCondition(
                lastTransitionTime: Timestamp(now), lastUpdateTime: Timestamp(now), message: $0,
                reason: FieldTable.conditionReason, status: "True", type: FieldTable.condition)
        }
        return status
    }

    private static func progress(
        _ deployment: Deployment, _ picture: DeploymentPicture, _ status: DeploymentStatus, _ previous: DeploymentStatus,
        _ creation: String?, _ conditions: inout DeploymentConditions, _ now: Date
    ) {
        guard let deadline = deployment.spec.progressDeadlineSeconds, deadline != Int(Int32.max) else {
            return conditions.remove("Progressing")
        }
        let present = conditions.entries.first { $0.type == "Progressing" }
        if deployment.spec.paused == true {
            if present?.reason != "DeploymentPaused" {
                conditions.set("Progressing", nil, "DeploymentPaused", "Deployment is paused")
            }
            return
        }
        if present?.reason == "DeploymentPaused" {
            return conditions.set("Progressing", nil, "DeploymentResumed", "Deployment is resumed")
        }
        if let creation {
            return conditions.set("Progressing", true, "NewReplicaSetCreated", "Created new replica set \"\(creation)\"")
        }
        let wanted = deployment.spec.replicas ?? 1
        let subject = picture.newSet.map { "ReplicaSet \"\($0.name)\"" } ?? "Deployment \"\(deployment.name)\""
        let isComplete =
            status.updatedReplicas ?? 0 == wanted && status.replicas ?? 0 == wanted && status.availableReplicas ?? 0 == wanted
        if isComplete, picture.newSet != nil {
            return conditions.set("Progressing", true, "NewReplicaSetAvailable", "\(subject) has successfully progressed.")
        }
        // What was available once and lost pods since has not stopped progressing.
        if present?.reason == "NewReplicaSetAvailable", status.updatedReplicas == previous.updatedReplicas { return }
        let old = (status.replicas ?? 0) - (status.updatedReplicas ?? 0)
        let previousOld = (previous.replicas ?? 0) - (previous.updatedReplicas ?? 0)
        let hasMoved =
            status.updatedReplicas ?? 0 > previous.updatedReplicas ?? 0 || status.readyReplicas ?? 0 > previous.readyReplicas ?? 0
            || status.availableReplicas ?? 0 > previous.availableReplicas ?? 0 || old < previousOld
        if hasMoved || present == nil {
            conditions.set("Progressing", true, "ReplicaSetUpdated", "\(subject) is progressing.", isUpdate: true)
        } else if let since = present?.lastUpdateTime?.date, now.timeIntervalSince(since) > Double(deadline) {
            conditions.set("Progressing", false, "ProgressDeadlineExceeded", "\(subject) has timed out progressing.")
        }
    }

    /// When the progress deadline should be looked at, if it is running.
    static func lookAgainAfterSeconds(_ deployment: Deployment, _ status: DeploymentStatus, now: Date) -> Double? {
        guard let deadline = deployment.spec.progressDeadlineSeconds, deployment.spec.paused != true,
            let progressing = status.conditions?.first(where: { $0.type == "Progressing" }), progressing.status == "True",
            progressing.reason != "NewReplicaSetAvailable", let since = progressing.lastUpdateTime?.date
        else { return nil }
        return max(1, Double(deadline) - now.timeIntervalSince(since) + 1)
    }
}

/// The conditions of a deployment under change.
struct DeploymentConditions: Sendable {
    private(set) var entries: [DeploymentCondition]
    private let now: Date

    init(_ entries: [DeploymentCondition], now: Date) {
        self.entries = entries
        self.now = now
    }

    /// - Parameter isUpdate: moves the update time even when nothing but time changed.
    mutating func set(_ type: String, _ value: Bool?, _ reason: String, _ message: String, isUpdate: Bool = false) {
        let status = value.map { $0 ? "True" : "False" } ?? "Unknown"
        let index = entries.firstIndex { $0.type == type }
        let present = index.map { entries[$0] }
        if let present, present.status == status, present.reason == reason, !isUpdate { return }
        let condition = DeploymentCondition(
            lastTransitionTime: present?.status == status ? present?.lastTransitionTime : Timestamp(now),
            lastUpdateTime: Timestamp(now), message: message, reason: reason, status: status, type: type)
        // A condition that changes goes to the end, where upstream puts it.
        if let index { entries.remove(at: index) }
        entries.append(condition)
    }

    mutating func remove(_ type: String) { entries.removeAll { $0.type == type } }
}
