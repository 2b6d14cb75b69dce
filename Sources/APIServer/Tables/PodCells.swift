import FoundationEssentials
import KubernetesTypes

/// The cells of a pod: above all the one-word status that sums up its containers.
struct PodCells: Sendable {
    let now: Date

    func cells(_ pod: JSONValue) -> [JSONValue] {
        let spec = pod["spec"] ?? [:]
        let status = pod["status"] ?? [:]
        let summary = summary(pod)
        let total = (spec["containers"]?.array?.count ?? 0) + sidecars(spec).count
        var restarts = String(summary.restarts)
        if summary.restarts > 0, let last = summary.lastRestart {
            restarts += " (\(Ages.human(now.timeIntervalSince(last))) ago)"
        }
        let gates = spec["readinessGates"]?.array ?? []
        let held = gates.filter { gate in
            status["conditions"]?.array?.contains { $0["type"] == gate["conditionType"] && $0["status"]?.string == "True" }
                ?? false
        }
        func orNone(_ value: JSONValue?) -> JSONValue { (value?.string ?? "").isEmpty ? "<none>" : value ?? "<none>" }
        return [
            pod["metadata"]?["name"] ?? "", .string("\(summary.ready)/\(total)"), .string(summary.reason), .string(restarts),
            .string(Ages.since(pod["metadata"]?["creationTimestamp"], now: now)),
            orNone(status["podIPs"]?.array?.first?["ip"] ?? status["podIP"]), orNone(spec["nodeName"]),
            orNone(status["nominatedNodeName"]),
            gates.isEmpty ? "<none>" : .string("\(held.count)/\(gates.count)"),
        ]
    }

    private struct Summary {
        var reason: String
        var ready = 0
        var restarts: Int64 = 0
        var lastRestart: Date?
    }

    private func sidecars(_ spec: JSONValue) -> Set<String> {
        Set(
            (spec["initContainers"]?.array ?? []).filter { $0["restartPolicy"]?.string == "Always" }.compactMap {
                $0["name"]?.string
            })
    }

    private func summary(_ pod: JSONValue) -> Summary {
        let status = pod["status"] ?? [:]
        let spec = pod["spec"] ?? [:]
        var summary = Summary(reason: status["phase"]?.string ?? "")
        if let reason = status["reason"]?.string, !reason.isEmpty { summary.reason = reason }
        let scheduled = status["conditions"]?.array?.first { $0["type"]?.string == "PodScheduled" }
        if scheduled?["reason"]?.string == "SchedulingGated" { summary.reason = "SchedulingGated" }
        let isInitializing = summarizeInit(status, spec, &summary)
        if !isInitializing { summarizeContainers(status, &summary) }
        if pod["metadata"]?["deletionTimestamp"]?.string != nil {
            if status["reason"]?.string == "NodeLost" {
                summary.reason = "Unknown"
            } else if !["Succeeded", "Failed"].contains(status["phase"]?.string ?? "") {
                summary.reason = "Terminating"
            }
        }
        return summary
    }

    private func noteRestart(_ container: JSONValue, _ summary: inout Summary) {
        summary.restarts += container["restartCount"]?.integer ?? 0
        if let finished = container["lastState"]?["terminated"]?["finishedAt"]?.string.flatMap(RFC3339.parse) {
            summary.lastRestart = max(summary.lastRestart ?? finished, finished)
        }
    }

    /// Whether init containers still determine the status.
    private func summarizeInit(_ status: JSONValue, _ spec: JSONValue, _ summary: inout Summary) -> Bool {
        let sidecars = sidecars(spec)
        let total = spec["initContainers"]?.array?.count ?? 0
        for (index, container) in (status["initContainerStatuses"]?.array ?? []).enumerated() {
            noteRestart(container, &summary)
            let state = container["state"] ?? [:]
            if let terminated = state["terminated"] {
                if terminated["exitCode"]?.integer == 0 { continue }
                summary.reason = "Init:" + terminationReason(terminated)
                return true
            }
            if sidecars.contains(container["name"]?.string ?? ""), container["started"]?.bool == true {
                if container["ready"]?.bool == true { summary.ready += 1 }
                continue
            }
            if let reason = state["waiting"]?["reason"]?.string, !reason.isEmpty, reason != "PodInitializing" {
                summary.reason = "Init:\(reason)"
            } else {
                summary.reason = "Init:\(index)/\(total)"
            }
            return true
        }
        return false
    }

    private func terminationReason(_ terminated: JSONValue) -> String {
        if let reason = terminated["reason"]?.string, !reason.isEmpty { return reason }
        if let signal = terminated["signal"]?.integer, signal != 0 { return "Signal:\(signal)" }
        return "ExitCode:\(terminated["exitCode"]?.integer ?? 0)"
    }

    private func summarizeContainers(_ status: JSONValue, _ summary: inout Summary) {
        var hasRunning = false
        let containers = status["containerStatuses"]?.array ?? []
        if summary.restarts > 0 { summary.restarts = 0 }
        for container in (status["initContainerStatuses"]?.array ?? []) where container["started"]?.bool == true {
            noteRestart(container, &summary)
        }
        for container in containers.reversed() {
            noteRestart(container, &summary)
            let state = container["state"] ?? [:]
            if let reason = state["waiting"]?["reason"]?.string, !reason.isEmpty {
                summary.reason = reason
            } else if let terminated = state["terminated"] {
                summary.reason = terminationReason(terminated)
            } else if container["ready"]?.bool == true, state["running"] != nil {
                hasRunning = true
                summary.ready += 1
            }
        }
        if summary.reason == "Completed", hasRunning {
            let isReady =
                status["conditions"]?.array?.contains { $0["type"]?.string == "Ready" && $0["status"]?.string == "True" } ?? false
            summary.reason = isReady ? "Running" : "NotReady"
        }
    }
}
