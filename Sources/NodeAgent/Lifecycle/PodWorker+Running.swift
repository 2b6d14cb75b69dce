import Foundation
import KubernetesTypes
import Logging

/// What goes on while a pod's containers run: probes, volumes that follow the API, limits on disk, log rotation.
extension PodWorker {
    func followProbes(_ observation: PodObservation) async {
        for (name, seen) in observation.containers {
            guard let container = pod.spec.container(named: name) else { continue }
            if !seen.isRunning || observation.stopping.contains(name) {
                probes[name]?.cancel()
                continue
            }
            if probes[name]?.attempt == seen.attempt { continue }
            probes[name]?.cancel()
            probes[name] = ProbeSet(
                container: container, attempt: seen.attempt, identity: seen.record.identity,
                address: observation.sandbox?.address ?? "", context: context
            ) { [weak self] kind, result in
                await self?.probed(name, attempt: seen.attempt, kind: kind, result: result)
            }
        }
    }

    private func probed(_ name: String, attempt: Int, kind: ProbeState.Kind, result: ProbeState.Result) async {
        guard probes[name]?.attempt == attempt else { return }
        let before = probes[name]?.states[kind]
        probes[name]?.states[kind]?.record(result)
        if case .failure(let message) = result {
            let title = kind.rawValue.prefix(1).uppercased() + kind.rawValue.dropFirst()
            await tell(.warning("Unhealthy", "\(title) probe failed: \(message)", container: name), again: true)
        }
        let after = probes[name]?.states[kind]
        if before?.passes != after?.passes || after?.isFatal ?? false { signal.yield() }
    }

    /// Whether the startup probe of a container has passed, so that the others may begin.
    func hasStarted(_ name: String, attempt: Int) -> Bool {
        guard let set = probes[name], set.attempt == attempt else { return false }
        return set.states[.startup]?.passes ?? true
    }

    /// Config maps, secrets and tokens in volumes follow the API within about a minute.
    func refreshVolumes(_ observation: PodObservation) async {
        guard let last = refreshedAt, observation.sandbox != nil, context.now().timeIntervalSince(last) > 60,
            observation.containers.values.contains(where: \.isRunning)
        else {
            if refreshedAt == nil { refreshedAt = context.now() }
            return
        }
        refreshedAt = context.now()
        let starter = ContainerStarter(context: context, pod: pod)
        do {
            try await starter.prepareVolumes(podIP: observation.sandbox?.address ?? "")
        } catch {
            log.warning("cannot refresh volumes", metadata: ["error": "\(error)"])
        }
        for over in context.volumes.oversized(pod) {
            rejection = Rejection(
                reason: "Evicted",
                message: "Usage of EmptyDir volume \"\(over.volume)\" exceeds the limit \"\(Quantity.bytes(over.limit))\".")
            await tell(.warning("Evicted", rejection?.message ?? ""))
            signal.yield()
        }
    }

    /// At every look, not once in a while: a container that prints as fast as it can fills a disk within minutes.
    func rotateLogs(_ observation: PodObservation) {
        for seen in observation.containers.values where seen.isRunning {
            LogRotation.rotate(
                path: seen.record.logPath, control: context.layout.attempt(seen.record.identity).control,
                above: context.configuration.logBytes)
        }
    }
}
