import Synchronization

/// A value that is computed from what may change meanwhile: it is kept only when nothing changed while it was computed.
final class DerivedValue<Value: Sendable>: Sendable {
    private struct State: Sendable {
        var value: Value?
        /// How often what the value is made from has changed.
        var generation: UInt64 = 0
    }

    private let state = Mutex(State())

    /// What the value was made from has changed.
    func invalidate() {
        state.withLock { state in
            state.value = nil
            state.generation += 1
        }
    }

    /// The kept value, or a new one. One that was overtaken by a change is good for this caller, who began before it, and no other.
    func get(_ make: () -> Value) -> Value {
        let before = state.withLock { ($0.value, $0.generation) }
        if let value = before.0 { return value }
        let made = make()
        state.withLock { state in
            if state.generation == before.1 { state.value = made }
        }
        return made
    }
}
