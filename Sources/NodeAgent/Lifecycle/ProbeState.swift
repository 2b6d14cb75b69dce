import KubernetesTypes

/// One probe's results so far, as thresholds see them. Pure.
struct ProbeState: Sendable, Equatable {
    enum Kind: String, Sendable, CaseIterable {
        case startup, liveness, readiness
    }
    enum Result: Sendable, Equatable {
        case success
        case failure(String)
    }

    var kind: Kind
    var successThreshold: Int
    var failureThreshold: Int
    private(set) var successes = 0
    private(set) var failures = 0
    /// What holds now. Readiness and startup begin as failing, liveness as passing.
    private(set) var passes: Bool
    private(set) var message = ""

    init(_ kind: Kind, _ probe: Probe) {
        self.kind = kind
        successThreshold = max(1, probe.successThreshold ?? 1)
        failureThreshold = max(1, probe.failureThreshold ?? 3)
        passes = kind == .liveness
    }

    /// Whether startup or liveness has failed often enough for the container to be stopped.
    var isFatal: Bool { kind != .readiness && failures >= failureThreshold }

    mutating func record(_ result: Result) {
        switch result {
        case .success:
            successes += 1
            failures = 0
            if successes >= successThreshold { passes = true }
        case .failure(let text):
            failures += 1
            successes = 0
            message = text
            if failures >= failureThreshold { passes = false }
        }
    }
}

extension Probe {
    var handler: LifecycleHandler { LifecycleHandler(exec: exec, httpGet: httpGet, tcpSocket: tcpSocket) }
}
