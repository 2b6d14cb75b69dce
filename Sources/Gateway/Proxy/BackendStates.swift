import Synchronization

/// What the gateway itself has seen of backends: requests under way, and failures.
///
/// A server that was killed stays in the cluster's list for a while; after a failure it is avoided for a moment that
/// doubles with each further one, so that not every request has to find out again.
final class BackendStates: Sendable {
    private struct State {
        var inFlight = 0
        var failures = 0
        var avoidedUntil: ContinuousClock.Instant?
    }

    private let states = Mutex<[Backend: State]>([:])
    private let now: @Sendable () -> ContinuousClock.Instant

    init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.now = now
    }

    /// Picks a backend and counts the request there, as one step: two requests at once see each other.
    func choose(
        _ key: ServiceKey, in table: RoutingTable, draw: Double, avoiding: Set<Backend>
    ) -> Result<Choice, NoChoice> {
        let now = now()
        return states.withLock { states in
            let result = table.choose(key, draw: draw, avoiding: avoiding) { backend in
                guard let state = states[backend] else { return 0 }
                if let until = state.avoidedUntil, until > now { return nil }
                return state.inFlight
            }
            if case .success(let choice) = result { states[choice.backend, default: State()].inFlight += 1 }
            return result
        }
    }

    /// A try at a backend is over.
    func finished(_ backend: Backend, failed: Bool) {
        let now = now()
        states.withLock { states in
            var state = states[backend] ?? State()
            state.inFlight = max(0, state.inFlight - 1)
            if failed {
                state.failures += 1
                state.avoidedUntil = now + .milliseconds(min(10_000, 250 << min(state.failures - 1, 6)))
            } else {
                state.failures = 0
                state.avoidedUntil = nil
            }
            // Nothing worth remembering: the map must not grow with every pod that ever was.
            states[backend] = state.inFlight == 0 && state.failures == 0 ? nil : state
        }
    }

    /// A try ended for a reason that says nothing about the backend.
    func abandoned(_ backend: Backend) {
        states.withLock { states in
            guard var state = states[backend] else { return }
            state.inFlight = max(0, state.inFlight - 1)
            states[backend] = state.inFlight == 0 && state.failures == 0 ? nil : state
        }
    }

    func inFlight(_ backend: Backend) -> Int { states.withLock { $0[backend]?.inFlight ?? 0 } }

    /// Forgets backends that are in no table any more and have nothing under way.
    func keepOnly(_ backends: Set<Backend>) {
        states.withLock { $0 = $0.filter { backends.contains($0.key) || $0.value.inFlight > 0 } }
    }
}

/// Bounds retries to a share of requests, so that a failing fleet is not hit harder than a healthy one.
final class RetryBudget: Sendable {
    private let tokens: Mutex<Double>
    private let maximum: Double
    private let perRequest: Double

    /// - Parameters:
    ///   - maximum: how many retries may come in a burst.
    ///   - perRequest: how many retries a request pays for.
    init(maximum: Double = 100, perRequest: Double = 0.2) {
        tokens = Mutex(maximum)
        self.maximum = maximum
        self.perRequest = perRequest
    }

    func deposit() { tokens.withLock { $0 = min(maximum, $0 + perRequest) } }

    func withdraw() -> Bool {
        tokens.withLock {
            guard $0 >= 1 else { return false }
            $0 -= 1
            return true
        }
    }
}
