import Foundation
import KubernetesTypes

/// What should be said of a node that may have stopped reporting.
struct NodeDecision: Sendable, Equatable {
    /// Conditions to write; nil leaves them.
    var conditions: [NodeCondition]?
    /// Taints to write; nil leaves them.
    var taints: [Taint]?
    /// When the lease will have run out.
    var lookAgainAfterSeconds: Double?

    static let notReady = "node.kubernetes.io/not-ready"
    static let unreachable = "node.kubernetes.io/unreachable"
    private static let pressures = [
        "MemoryPressure": "node.kubernetes.io/memory-pressure", "DiskPressure": "node.kubernetes.io/disk-pressure",
        "PIDPressure": "node.kubernetes.io/pid-pressure", "NetworkUnavailable": "node.kubernetes.io/network-unavailable",
    ]

    /// - Parameter silentSeconds: how long neither the node's lease nor its status has changed, by our own clock.
    init(_ node: Node, silentSeconds: Double, graceSeconds: Double, now: Date) {
        var conditions = node.status?.conditions ?? []
        if silentSeconds >= graceSeconds {
            for type in ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"] {
                let index = conditions.firstIndex { $0.type == type }
                let present = index.map { conditions[$0] }
                if present?.status == "Unknown" { continue }
                let condition = NodeCondition(
                    lastHeartbeatTime: present?.lastHeartbeatTime ?? node.metadata.creationTimestamp,
                    lastTransitionTime: Timestamp(now),
                    message: present == nil ? "Kubelet never posted node status." : "Kubelet stopped posting node status.",
                    reason: present == nil ? "NodeStatusNeverUpdated" : "NodeStatusUnknown", status: "Unknown", type: type)
                if let index { conditions[index] = condition } else { conditions.append(condition) }
            }
            if conditions != node.status?.conditions ?? [] { self.conditions = conditions }
        } else {
            lookAgainAfterSeconds = graceSeconds - silentSeconds
        }
        let taints = Self.taints(node, conditions, now)
        if taints != node.spec.taints ?? [] { self.taints = taints }
    }

    private static func taints(_ node: Node, _ conditions: [NodeCondition], _ now: Date) -> [Taint] {
        let ready = conditions.first { $0.type == "Ready" }?.status ?? "Unknown"
        var wanted: [Taint] = []
        func add(_ key: String, _ effect: String, isTimed: Bool = false) {
            wanted.append(Taint(effect: effect, key: key, timeAdded: isTimed ? Timestamp(now) : nil))
        }
        switch ready {
        case "True": break
        case "False":
            add(notReady, "NoSchedule")
            add(notReady, "NoExecute", isTimed: true)
        default:
            add(unreachable, "NoSchedule")
            add(unreachable, "NoExecute", isTimed: true)
        }
        for (type, key) in pressures.sorted(by: { $0.key < $1.key })
        where conditions.contains(where: { $0.type == type && $0.status == "True" }) {
            add(key, "NoSchedule")
        }
        if node.spec.unschedulable == true { add("node.kubernetes.io/unschedulable", "NoSchedule") }
        let ours = Set([notReady, unreachable, "node.kubernetes.io/unschedulable"] + pressures.values)
        let present = node.spec.taints ?? []
        var result = present.filter { taint in
            !ours.contains(taint.key) || wanted.contains { $0.key == taint.key && $0.effect == taint.effect }
        }
        for taint in wanted where !result.contains(where: { $0.key == taint.key && $0.effect == taint.effect }) {
            result.append(taint)
        }
        return result
    }

    /// Seconds until a pod must leave a node; nil when it may stay.
    static func secondsUntilEviction(_ pod: Pod, taints: [Taint], now: Date) -> Double? {
        var soonest: Double?
        for taint in taints where taint.effect == "NoExecute" {
            let matching = (pod.spec.tolerations ?? []).filter { NodeMatching.tolerates($0, taint) }
            guard !matching.isEmpty else { return 0 }
            // A toleration without a time is for ever.
            if matching.contains(where: { $0.tolerationSeconds == nil }) { continue }
            let allowed = Double(matching.compactMap(\.tolerationSeconds).min() ?? 0)
            let passed = taint.timeAdded.map { now.timeIntervalSince($0.date) } ?? 0
            let left = max(0, allowed - passed)
            soonest = min(soonest ?? left, left)
        }
        return soonest
    }
}
