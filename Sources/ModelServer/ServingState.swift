internal import Synchronization

/// Loading, ready, draining: what the probes are told.
final class ServingState: Sendable {
    /// A model and the queue in front of it.
    struct Serving: Sendable {
        var model: LoadedModel
        var queue: InferenceQueue
    }

    private struct State {
        var serving: Serving?
        var isDraining = false
    }

    private let state = Mutex(State())

    /// The model, as soon as it is warmed up and as long as the process runs: draining still answers.
    var serving: Serving? { state.withLock { $0.serving } }

    /// Whether new requests should be sent here.
    var isReady: Bool { state.withLock { $0.serving != nil && !$0.isDraining } }

    var name: String {
        state.withLock { $0.isDraining ? "draining" : $0.serving == nil ? "loading" : "ready" }
    }

    func serve(_ serving: Serving) { state.withLock { $0.serving = serving } }

    func drain() { state.withLock { $0.isDraining = true } }
}
