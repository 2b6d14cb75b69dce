import ControllerRuntime
import KubernetesClient
import KubernetesTypes
import Logging
import Reconciliation
import Synchronization

/// Places pods: one pass over all that wait, the most important first, whenever something changes.
actor Scheduler {
    static let name = "default-scheduler"

    private let client: Client
    private let manager: Manager
    private let recorder: EventRecorder
    private let pods: Informer<Pod>
    private let nodes: Informer<Node>
    private let namespaces: Informer<Namespace>
    private let logger: Logger
    private let honesty: HonestyReporter
    private let signal: WorkQueue<String>
    /// Where pods were bound that the cache still shows without a node.
    private var promised: [String: (pod: Pod, node: String)] = [:]
    /// The last refusal that was told of each pod, and when.
    private var told: [String: (message: String, at: Duration)] = [:]

    init(context: ControllerContext) {
        client = context.client.named("kube-scheduler", fieldManager: "kube-scheduler")
        manager = context.manager
        recorder = EventRecorder(client: client, component: Self.name, logger: context.logger)
        honesty = HonestyReporter(recorder)
        pods = manager.informer(Pod.self)
        nodes = manager.informer(Node.self)
        namespaces = manager.informer(Namespace.self)
        logger = context.logger
        let signal = WorkQueue<String>(time: context.time)
        self.signal = signal
        pods.cache.onChange { change in
            // Another pass is due for pods that wait and for room that was given back.
            if case .updated(let old, let new) = change, Self.concernsNothing(old, new) { return }
            signal.add("pass")
        }
        nodes.cache.onChange { change in
            if case .updated(let old, let new) = change, old.spec == new.spec, old.metadata.labels == new.metadata.labels,
                old.status?.allocatable == new.status?.allocatable
            {
                return
            }
            signal.add("pass")
        }
    }

    private static func concernsNothing(_ old: Pod, _ new: Pod) -> Bool {
        old.spec == new.spec && PodPhase.isFinished(old) == PodPhase.isFinished(new) && old.isBeingDeleted == new.isBeingDeleted
            && old.metadata.labels == new.metadata.labels
    }

    nonisolated func run() async {
        while !Task.isCancelled, let key = await signal.next() {
            let isComplete = await pass()
            signal.done(key)
            if isComplete { signal.forget(key) } else { signal.addAfterFailure(key) }
        }
    }

    /// - Returns: false when something went wrong that another pass may mend.
    func pass() async -> Bool {
        let all = pods.cache.list()
        let present = Dictionary(all.map { ($0.uid, $0) }, uniquingKeysWith: { first, _ in first })
        promised = promised.filter { uid, _ in present[uid].map { ($0.spec.nodeName ?? "").isEmpty } ?? false }
        told = told.filter { present[$0.key] != nil }
        let waiting = all.filter { pod in
            (pod.spec.nodeName ?? "").isEmpty && !pod.isBeingDeleted && !PodPhase.isFinished(pod)
                && (pod.spec.schedulerName ?? Self.name) == Self.name && (pod.spec.schedulingGates ?? []).isEmpty
                && promised[pod.uid] == nil
        }
        guard !waiting.isEmpty else { return true }
        var placed = all.compactMap { pod -> (pod: Pod, node: String)? in
            guard let node = pod.spec.nodeName, !node.isEmpty else { return nil }
            return (pod, node)
        }
        placed += promised.values
        let labels = Dictionary(
            namespaces.cache.list().map { ($0.name, $0.metadata.labels ?? [:]) }, uniquingKeysWith: { first, _ in first })
        var snapshot = ClusterSnapshot(nodes: nodes.cache.list(), placed: placed, namespaceLabels: labels)
        // Room that was made for a pod by preemption is not given to a less important one.
        let nominated = waiting.filter { !($0.status?.nominatedNodeName ?? "").isEmpty }
        var isComplete = true
        for pod in waiting.sorted(by: Self.goesFirst) {
            if Task.isCancelled { return true }
            var trial = snapshot
            for other in nominated where other.uid != pod.uid && (other.spec.priority ?? 0) >= (pod.spec.priority ?? 0) {
                if promised[other.uid] == nil { trial.place(other, on: other.status?.nominatedNodeName ?? "") }
            }
            await honesty.report(UnhonouredFields.ofScheduling(pod), of: pod)
            let decision = Placement.decide(pod, trial)
            do {
                try await carryOut(decision, pod, &snapshot)
            } catch {
                isComplete = false
                logger.debug("pod not placed", metadata: ["pod": "\(pod.key)", "error": "\(error)"])
            }
        }
        return isComplete
    }

    private static func goesFirst(_ left: Pod, _ right: Pod) -> Bool {
        let priorities = (left.spec.priority ?? 0, right.spec.priority ?? 0)
        if priorities.0 != priorities.1 { return priorities.0 > priorities.1 }
        let times = (left.metadata.creationTimestamp ?? Timestamp(), right.metadata.creationTimestamp ?? Timestamp())
        return times.0 != times.1 ? times.0 < times.1 : left.key < right.key
    }

    private func carryOut(_ decision: PlacementDecision, _ pod: Pod, _ snapshot: inout ClusterSnapshot) async throws {
        switch decision {
        case .bind(let node):
            do {
                try await client.bind(pod: pod.key, uid: pod.uid, to: node)
            } catch let error as StatusError where error.isNotFound || error.isConflict {
                // Gone, replaced, or bound by a pass whose answer was lost: the cache will tell.
                return
            }
            promised[pod.uid] = (pod, node)
            snapshot.place(pod, on: node)
            told[pod.uid] = nil
            await recorder.record(
                PlannedEvent(.normal, reason: "Scheduled", message: "Successfully assigned \(pod.key) to \(node)"), about: pod)
        case .preempt(let node, let victims):
            let patch: JSONValue = ["status": ["nominatedNodeName": .string(node)]]
            try await client.patch(Pod.resourceType, pod.key, .merge(patch), subresource: "status")
            for key in victims {
                guard let victim = pods.cache.get(key), !victim.isBeingDeleted else { continue }
                await recorder.record(
                    PlannedEvent(.normal, reason: "Preempted", message: "Preempted by pod \(pod.uid) on node \(node)"),
                    about: victim)
                try await client.delete(Pod.resourceType, key, .of(uid: victim.uid))
            }
        case .wait(let message): try await refuse(pod, message)
        }
    }

    private func refuse(_ pod: Pod, _ message: String) async throws {
        let now = Timestamp(client.time.now())
        let present = pod.status?.conditions?.first { $0.type == "PodScheduled" }
        if present?.status != "False" || present?.reason != "Unschedulable" || present?.message != message {
            let condition: JSONValue = [
                "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": .string(message),
                "lastProbeTime": .null,
                "lastTransitionTime": .string(
                    (present?.status == "False" ? present?.lastTransitionTime ?? now : now).description),
                "observedGeneration": .integer(Int64(pod.metadata.generation ?? 1)),
            ]
            let patch: JSONValue = ["status": ["conditions": .array([condition])]]
            let answer = try await client.patch(Pod.resourceType, pod.key, .strategic(patch), subresource: "status")
            manager.wrote(Pod.resourceType, answer)
        }
        let uptime = client.time.uptime()
        if let last = told[pod.uid], last.message == message, uptime - last.at < .seconds(300) { return }
        told[pod.uid] = (message, uptime)
        await recorder.record(PlannedEvent(.warning, reason: "FailedScheduling", message: message), about: pod)
    }
}
