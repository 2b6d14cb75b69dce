import Synchronization

/// Wakes one watcher when something it may care for has changed. Notifications that come while it is busy count as one.
final class WatchSignal: Sendable {
    private struct State {
        var isSet = false
        var isClosed = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let namespace: String?

    /// - Parameter namespace: changes elsewhere do not wake; nil for all.
    init(namespace: String?) { self.namespace = namespace }

    func concerns(_ namespace: String) -> Bool { self.namespace == nil || self.namespace == namespace }

    func notify() {
        let waiter = state.withLock { state in
            let waiter = state.waiter
            state.waiter = nil
            state.isSet = waiter == nil
            return waiter
        }
        waiter?.resume()
    }

    /// Wakes the watcher for good.
    func close() {
        let waiter = state.withLock { state in
            state.isClosed = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Returns after the next notification, or one that came since the last call. One watcher only.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.isSet || state.isClosed {
                        state.isSet = false
                        return true
                    }
                    state.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            close()
        }
    }
}
