import Foundation
import KubernetesTypes

/// Ends one container gracefully: `preStop`, the stop signal, and after the grace period the kill.
struct ContainerStopper: Sendable {
    let context: NodeContext
    let container: Container
    let identity: ContainerIdentity

    private struct Marker: Codable { var hookRan: Bool }

    /// - Parameter deadline: when to kill; asked again and again, as it may move closer.
    func stop(
        address: String, deadline: @escaping @Sendable () async -> Date, tell: @escaping @Sendable (PodEvent) async -> Void
    ) async {
        let paths = context.layout.attempt(identity)
        // Recorded, so that after a restart of the agent the hook does not run a second time.
        let isRepeated = Files.decode(Marker.self, from: paths.stopping) != nil
        try? Files.writeDurably(json: Marker(hookRan: true), to: paths.stopping)
        let end = await deadline()
        if let hook = container.lifecycle?.preStop, !isRepeated, end > context.now() {
            let left = end.timeIntervalSince(context.now())
            let result = await HandlerRunner(context: context).run(
                hook, container: container, identity: identity, address: address, timeout: .seconds(left))
            if case .failure(let message) = result {
                await tell(.warning("FailedPreStopHook", "PreStopHook failed: \(message)", container: container.name))
            }
        }
        await context.runtime.signal(identity, container.lifecycle?.stopSignal ?? "SIGTERM")
        // A hook that used the grace up still leaves the process two seconds, as upstream does.
        let least = context.now().addingTimeInterval(end <= context.now() ? 2 : 0.5)
        while context.runtime.isLive(identity) {
            if context.now() >= max(await deadline(), least) {
                await context.runtime.kill(identity)
                try? await Task.sleep(for: .milliseconds(200))
                continue
            }
            try? await Task.sleep(for: .milliseconds(50))
        }
    }
}
