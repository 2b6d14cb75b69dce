import ControllerRuntime
import KubernetesClient
import KubernetesTypes
import Reconciliation
import Synchronization

/// Notices nodes that stopped reporting, and moves pods away from them.
enum NodeController {
    /// When a node was last heard of, by our own clock.
    private final class Heartbeats: Sendable {
        private let seen = Mutex<[String: (mark: String, at: Duration)]>([:])

        /// - Returns: for how long the mark has not changed.
        func silence(_ node: String, mark: String, uptime: Duration) -> Double {
            seen.withLock { seen in
                if let last = seen[node], last.mark == mark { return (uptime - last.at) / .seconds(1) }
                seen[node] = (mark, uptime)
                return 0
            }
        }

        func forget(_ node: String) { seen.withLock { $0[node] = nil } }
    }

    static func wire(_ context: ControllerContext, graceSeconds: Double) {
        let nodes = context.manager.informer(Node.self)
        let leases = context.manager.informer(Lease.self, InformerScope(namespace: "kube-node-lease"))
        let heartbeats = Heartbeats()
        let recorder = context.recorder("node-controller")
        let controller = context.controller("node-lifecycle") { key in
            guard var node = nodes.cache.get(key) else {
                heartbeats.forget(key.name)
                return .settled
            }
            let renewed = leases.cache.get(key.name, namespace: "kube-node-lease")?.spec.renewTime?.description ?? ""
            let reported = node.status?.conditions?.first { $0.type == "Ready" }?.lastHeartbeatTime?.description ?? ""
            let silence = heartbeats.silence(key.name, mark: renewed + reported, uptime: context.time.uptime())
            let decision = NodeDecision(node, silentSeconds: silence, graceSeconds: graceSeconds, now: context.time.now())
            if let conditions = decision.conditions {
                var status = node.status ?? NodeStatus()
                status.conditions = conditions
                node.status = status
                node = try await context.client.updateStatus(node)
                context.manager.wrote(node)
                await recorder.record(
                    PlannedEvent(.normal, reason: "NodeNotReady", message: "Node \(key.name) status is now: NodeNotReady"),
                    about: node)
            }
            if let taints = decision.taints {
                let patch: JSONValue = [
                    "metadata": ["resourceVersion": .string(node.metadata.resourceVersion ?? "")],
                    "spec": ["taints": taints.isEmpty ? .null : try JSONValue(encoding: taints)],
                ]
                context.manager.wrote(Node.resourceType, try await context.client.patch(Node.resourceType, key, .merge(patch)))
            }
            return decision.lookAgainAfterSeconds.map { .lookAgain(after: .seconds($0 + 0.1)) } ?? .lookAgain(after: .seconds(10))
        }
        controller.watch(nodes)
        controller.watch(mapped: leases) { [ObjectKey(name: $0.name)] }
        wireEviction(context, nodes)
        wireGarbage(context, nodes)
    }

    /// Deletes pods that do not tolerate what their node has come to.
    private static func wireEviction(_ context: ControllerContext, _ nodes: Informer<Node>) {
        let pods = context.manager.informer(Pod.self)
        pods.cache.addIndex("node") { $0.spec.nodeName.map { [$0] } ?? [] }
        let recorder = context.recorder("taint-eviction-controller")
        let controller = context.controller("taint-eviction", workers: 4) { key in
            guard let pod = pods.cache.get(key), !pod.isBeingDeleted, !PodPhase.isFinished(pod),
                let node = nodes.cache.get(pod.spec.nodeName ?? ""),
                let left = NodeDecision.secondsUntilEviction(pod, taints: node.spec.taints ?? [], now: context.time.now())
            else { return .settled }
            guard left <= 0 else { return .lookAgain(after: .seconds(left)) }
            await recorder.record(
                PlannedEvent(.normal, reason: "TaintManagerEviction", message: "Marking for deletion Pod \(key)"), about: pod)
            do {
                try await context.client.delete(Pod.resourceType, key, .of(uid: pod.uid))
            } catch let error as StatusError where error.isNotFound || error.isConflict {}
            return .settled
        }
        controller.watch(pods) { !($0.spec.nodeName ?? "").isEmpty }
        controller.watch(mapped: nodes) { node in
            guard node.spec.taints?.contains(where: { $0.effect == "NoExecute" }) == true else { return [] }
            return pods.cache.indexed("node", node.name).map(\.key)
        }
    }

    /// Removes pods that no kubelet will ever remove: their node is gone, or they were deleted before they had one.
    private static func wireGarbage(_ context: ControllerContext, _ nodes: Informer<Node>) {
        let pods = context.manager.informer(Pod.self)
        let recorder = context.recorder("pod-garbage-collector")
        let controller = context.controller("pod-garbage") { key in
            guard let pod = pods.cache.get(key) else { return .settled }
            let name = pod.spec.nodeName ?? ""
            if name.isEmpty {
                guard pod.isBeingDeleted else { return .settled }
            } else {
                guard nodes.cache.get(name) == nil else { return .settled }
                // A node may be registered anew after a restart: the answer of the server counts, and some patience.
                guard try await context.client.find(Node.self, name) == nil else { return .settled }
                let age = context.time.now().timeIntervalSince(pod.metadata.creationTimestamp?.date ?? context.time.now())
                guard pod.isBeingDeleted || age > 40 else { return .lookAgain(after: .seconds(41 - age)) }
                await recorder.record(
                    PlannedEvent(
                        .warning, reason: "NodeGone", message: "Node \(name) does not exist any more; the pod is removed"),
                    about: pod)
            }
            if !PodPhase.isFinished(pod), !name.isEmpty {
                let patch: JSONValue = [
                    "status": ["phase": "Failed", "reason": "NodeLost", "message": "PodGC: node no longer exists"]
                ]
                try await context.client.patch(Pod.resourceType, key, .merge(patch), subresource: "status")
            }
            do {
                try await context.client.delete(Pod.resourceType, key, .of(uid: pod.uid, grace: 0))
            } catch let error as StatusError where error.isNotFound || error.isConflict {}
            return .settled
        }
        controller.watch(pods) {
            ($0.spec.nodeName ?? "").isEmpty ? $0.isBeingDeleted : nodes.cache.get($0.spec.nodeName ?? "") == nil
        }
        nodes.cache.onChange { change in
            if case .deleted(let node) = change {
                for pod in pods.cache.indexed("node", node.name) { controller.queue.add(pod.key) }
            }
        }
    }
}
