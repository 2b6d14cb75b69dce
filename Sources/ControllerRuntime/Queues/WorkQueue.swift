public import KubernetesClient
import Synchronization

/// Keys to be looked at: each at most once in the queue, and never in the hands of two workers.
///
/// A key that is added while a worker holds it comes back when the worker is done. Failures wait longer each time, and all of
/// them together are held to a rate.
public final class WorkQueue<Key: Hashable & Sendable>: Sendable {
    private struct State {
        var waiting: [Key] = []
        /// The first element of `waiting` that was not handed out.
        var head = 0
        var dirty: Set<Key> = []
        var held: Set<Key> = []
        var failures: [Key: Int] = [:]
        var delayed: [Key: (deadline: Duration, task: Task<Void, Never>)] = [:]
        var takers: [UInt64: CheckedContinuation<Key?, Never>] = [:]
        var takerOrder: [UInt64] = []
        var cancelled: Set<UInt64> = []
        var nextID: UInt64 = 0
        var isClosed = false
        var bucket: TokenBucket
    }

    private let time: any TimeSource
    private let limits: RetryLimits
    private let state: Mutex<State>

    public init(time: any TimeSource, limits: RetryLimits = RetryLimits()) {
        self.time = time
        self.limits = limits
        state = Mutex(State(bucket: TokenBucket(perSecond: limits.retriesPerSecond, burst: limits.burst, now: time.uptime())))
    }

    /// How many keys wait to be handed out.
    public var depth: Int { state.withLock { $0.waiting.count - $0.head } }

    /// How many keys wait for their time.
    public var delayedCount: Int { state.withLock { $0.delayed.count } }

    public func add(_ key: Key) {
        let taker = state.withLock { state -> (CheckedContinuation<Key?, Never>)? in
            guard !state.isClosed, state.dirty.insert(key).inserted else { return nil }
            // Whoever holds it gives it back to the queue.
            if state.held.contains(key) { return nil }
            if let id = state.takerOrder.first {
                state.takerOrder.removeFirst()
                state.dirty.remove(key)
                state.held.insert(key)
                return state.takers.removeValue(forKey: id)
            }
            state.waiting.append(key)
            return nil
        }
        taker?.resume(returning: key)
    }

    /// Adds the key when the time has passed; of several, the soonest counts.
    public func add(_ key: Key, after delay: Duration) {
        guard delay > .zero else { return add(key) }
        let deadline = time.uptime() + delay
        state.withLock { state in
            guard !state.isClosed else { return }
            if let present = state.delayed[key] {
                guard deadline < present.deadline else { return }
                present.task.cancel()
            }
            let task = Task { [self] in
                do { try await time.sleep(for: delay) } catch { return }
                let isDue = self.state.withLock { state in
                    guard state.delayed[key]?.deadline == deadline else { return false }
                    state.delayed[key] = nil
                    return true
                }
                if isDue { add(key) }
            }
            state.delayed[key] = (deadline, task)
        }
    }

    /// Adds the key after a wait that doubles with each failure in a row.
    /// - Returns: the wait.
    @discardableResult
    public func addAfterFailure(_ key: Key) -> Duration {
        let wait = state.withLock { state in
            let failures = state.failures[key, default: 0]
            state.failures[key] = failures + 1
            return max(limits.wait(failures: failures), state.bucket.take(now: time.uptime()))
        }
        add(key, after: wait)
        return wait
    }

    /// Ends a row of failures.
    public func forget(_ key: Key) { state.withLock { _ = $0.failures.removeValue(forKey: key) } }

    public func failures(of key: Key) -> Int { state.withLock { $0.failures[key, default: 0] } }

    /// The next key, which is the caller's until `done`; nil when the queue is closed or the task cancelled.
    public func next() async -> Key? {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Key?, Never>) in
                let ready = state.withLock { state -> Key?? in
                    if state.cancelled.remove(id) != nil || state.isClosed { return .some(nil) }
                    if state.head < state.waiting.count {
                        let key = state.waiting[state.head]
                        state.head += 1
                        if state.head > 1024, state.head * 2 > state.waiting.count {
                            state.waiting.removeFirst(state.head)
                            state.head = 0
                        }
                        state.dirty.remove(key)
                        state.held.insert(key)
                        return .some(key)
                    }
                    state.takers[id] = continuation
                    state.takerOrder.append(id)
                    return nil
                }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            let taker = state.withLock { state -> CheckedContinuation<Key?, Never>? in
                guard let taker = state.takers.removeValue(forKey: id) else {
                    state.cancelled.insert(id)
                    return nil
                }
                state.takerOrder.removeAll { $0 == id }
                return taker
            }
            taker?.resume(returning: nil)
        }
    }

    /// Gives a key back; when it was added meanwhile it waits again.
    public func done(_ key: Key) {
        let isWanted = state.withLock { state in
            state.held.remove(key)
            return state.dirty.remove(key) != nil
        }
        if isWanted { add(key) }
    }

    /// Hands out nothing more.
    public func close() {
        let takers = state.withLock { state in
            state.isClosed = true
            for delayed in state.delayed.values { delayed.task.cancel() }
            state.delayed = [:]
            state.takerOrder = []
            defer { state.takers = [:] }
            return state.takers
        }
        for taker in takers.values { taker.resume(returning: nil) }
    }
}
