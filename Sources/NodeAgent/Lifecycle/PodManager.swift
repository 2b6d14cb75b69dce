import Foundation
import KubernetesTypes
import Logging

/// Keeps one worker for each pod of this node: those the API server lists, and those found on disk that it no longer lists.
actor PodManager {
    let context: NodeContext
    private var workers: [String: PodWorker] = [:]
    private var tasks: [String: Task<Void, Never>] = [:]
    private var isSynced = false

    init(context: NodeContext) {
        self.context = context
    }

    /// Takes over what is on disk, and then follows the ends of containers until cancelled.
    func run() async {
        await adoptFromDisk()
        var seen = Files.modified(context.layout.exits)
        var round = 0
        while !Task.isCancelled {
            let modified = Files.modified(context.layout.exits)
            if modified != seen {
                seen = modified
                for worker in workers.values { await worker.poke() }
            }
            round += 1
            if round % 10 == 0 { await sweep() }
            try? await Task.sleep(for: .milliseconds(50))
        }
        for task in tasks.values { task.cancel() }
    }

    /// The pods that the records on disk know; they are adopted at once, API server or not.
    func adoptFromDisk() async {
        for uid in Files.list(context.layout.pods) {
            guard workers[uid] == nil else { continue }
            if let pod = Files.decode(Pod.self, from: context.layout.podObject(uid)) {
                begin(pod, isConfirmed: false, rejection: nil)
            } else if !Files.exists(context.layout.podObject(uid)) {
                // The object is the first thing written: without it nothing was begun.
                Files.remove(context.layout.pod(uid))
            } else {
                context.log.error("a pod's record cannot be read; it is left alone", metadata: ["uid": "\(uid)"])
            }
        }
    }

    /// The complete list of the node's pods: what is not in it was removed.
    func synchronize(_ pods: [Pod]) async {
        let listed = Set(pods.map(\.uid))
        for (uid, worker) in workers where !listed.contains(uid) { await worker.vanish() }
        for pod in pods { await update(pod) }
        isSynced = true
        for worker in workers.values { await worker.poke() }
    }

    /// A pod was added or changed.
    func update(_ pod: Pod) async {
        if let worker = workers[pod.uid] {
            await worker.update(pod)
        } else {
            // Another pod of this name was here before: it is gone from the API, whether or not we have heard so.
            for worker in workers.values {
                let other = await worker.pod
                if other.name == pod.name, other.namespace == pod.namespace { await worker.vanish() }
            }
            begin(pod, isConfirmed: true, rejection: await admission(pod))
        }
    }

    /// A pod was removed.
    func remove(uid: String) async {
        await workers[uid]?.vanish()
    }

    private func begin(_ pod: Pod, isConfirmed: Bool, rejection: Rejection?) {
        let worker = PodWorker(pod: pod, context: context, isConfirmed: isConfirmed, rejection: rejection) { [weak self] pod in
            await self?.permission(for: pod) ?? .unknown
        }
        workers[pod.uid] = worker
        tasks[pod.uid] = Task {
            if isConfirmed { await PodFields.report(pod, to: worker) }
            await worker.run()
        }
    }

    /// New containers wait for the end of the unwanted ones that they replace, so that nothing ever runs twice under the same name or
    /// for the same owner. A container that cannot be ended holds up its own replacement and no other pod.
    private func permission(for pod: Pod) async -> StartPermission {
        guard isSynced else { return .unknown }
        var unwanted: [Pod] = []
        for worker in workers.values where await worker.isUnwantedAndAlive { unwanted.append(await worker.pod) }
        return StartOrder.permission(for: pod, unwanted: unwanted)
    }

    private func sweep() async {
        for (uid, worker) in workers where await worker.isFinished {
            workers[uid] = nil
            tasks[uid] = nil
        }
    }

    // MARK: Admission

    /// Why this node cannot take a pod, judged by what its other pods hold.
    private func admission(_ pod: Pod) async -> Rejection? {
        guard pod.status?.phase != "Succeeded", pod.status?.phase != "Failed", !pod.isBeingDeleted else { return nil }
        var others: [Pod] = []
        for worker in workers.values {
            let other = await worker.pod
            if other.status?.phase != "Succeeded", other.status?.phase != "Failed" { others.append(other) }
        }
        return Admission.judge(
            pod, among: others, capacity: NodeCapacity.capacity(context.configuration, context.facts),
            hasDiskPressure: DiskSpace.isShort(context.configuration))
    }

    // MARK: For the endpoints

    func pods() async -> [Pod] {
        var result: [Pod] = []
        for worker in workers.values { result.append(await worker.pod) }
        return result.sorted { $0.key < $1.key }
    }

    /// The newest start of a container by the pod's names.
    func container(namespace: String, pod: String, container: String) async -> (Pod, ContainerObservation)? {
        for worker in workers.values {
            let candidate = await worker.pod
            guard candidate.name == pod, candidate.namespace == namespace else { continue }
            guard let seen = await context.runtime.observe(podUID: candidate.uid, container: container) else { return nil }
            return (candidate, seen)
        }
        return nil
    }

    func pod(namespace: String, name: String) async -> Pod? {
        await pods().first { $0.namespace == namespace && $0.name == name }
    }

    /// Ends every container on the node, whatever the API says: what `apus down` does.
    func stopEverything() async {
        for worker in workers.values { await worker.vanish() }
        while !Task.isCancelled, !workers.isEmpty {
            await sweep()
            try? await Task.sleep(for: .milliseconds(50))
        }
    }
}
