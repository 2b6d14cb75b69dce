import Foundation
import KubernetesTypes

/// The probes of one running attempt: each asks at its period; liveness and readiness wait for startup.
struct ProbeSet: Sendable {
    let attempt: Int
    var states: [ProbeState.Kind: ProbeState] = [:]
    private let tasks: [Task<Void, Never>]

    init(
        container: Container, attempt: Int, identity: ContainerIdentity, address: String, context: NodeContext,
        report: @escaping @Sendable (ProbeState.Kind, ProbeState.Result) async -> Void
    ) {
        self.attempt = attempt
        let definitions: [(ProbeState.Kind, Probe?)] = [
            (.startup, container.startupProbe), (.liveness, container.livenessProbe), (.readiness, container.readinessProbe),
        ]
        let gate = StartGate(isOpen: container.startupProbe == nil)
        var tasks: [Task<Void, Never>] = []
        for case (let kind, let probe?) in definitions {
            states[kind] = ProbeState(kind, probe)
            let local = ProbeState(kind, probe)
            tasks.append(
                Task {
                    await Self.follow(
                        kind, probe, state: local, gate: gate, container: container, identity: identity, address: address,
                        context: context, report: report)
                })
        }
        self.tasks = tasks
    }

    func cancel() {
        for task in tasks { task.cancel() }
    }

    private static func follow(
        _ kind: ProbeState.Kind, _ probe: Probe, state: ProbeState, gate: StartGate, container: Container,
        identity: ContainerIdentity, address: String, context: NodeContext,
        report: @escaping @Sendable (ProbeState.Kind, ProbeState.Result) async -> Void
    ) async {
        var state = state
        try? await Task.sleep(for: .seconds(probe.initialDelaySeconds ?? 0))
        while !Task.isCancelled {
            let isOpen = await gate.isOpen
            if kind == .startup || isOpen {
                let result = await HandlerRunner(context: context).run(
                    probe.handler, container: container, identity: identity, address: address,
                    timeout: .seconds(max(1, probe.timeoutSeconds ?? 1)))
                if Task.isCancelled { return }
                state.record(result)
                await report(kind, result)
                if kind == .startup, state.passes {
                    await gate.open()
                    return
                }
                if state.isFatal { return }
            }
            let isWaiting = kind != .startup && !isOpen
            try? await Task.sleep(for: isWaiting ? .milliseconds(100) : .seconds(max(1, probe.periodSeconds ?? 10)))
        }
    }
}

/// Opens when the startup probe has passed.
private actor StartGate {
    private(set) var isOpen: Bool

    init(isOpen: Bool) { self.isOpen = isOpen }

    func open() { isOpen = true }
}
