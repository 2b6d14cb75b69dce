public import Foundation
public import KubernetesClient
import Synchronization

/// A clock that stands still until it is advanced. Sleepers wake in order of their time.
public final class VirtualTime: TimeSource {
    private struct Sleeper {
        var id: UInt64
        var wakesAt: Duration
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var uptime: Duration = .zero
        var sleepers: [Sleeper] = []
        var nextID: UInt64 = 0
        var cancelled: Set<UInt64> = []
    }

    private let start: Date
    private let state = Mutex(State())

    public init(start: Date = Date(timeIntervalSince1970: 1_767_225_600)) {
        self.start = start
    }

    public func now() -> Date {
        let uptime = uptime()
        return start.addingTimeInterval(Double(uptime.components.seconds) + Double(uptime.components.attoseconds) / 1e18)
    }

    public func uptime() -> Duration { state.withLock { $0.uptime } }

    public func sleep(for duration: Duration) async throws {
        guard duration > .zero else {
            try Task.checkCancellation()
            return await Task.yield()
        }
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let isCancelled = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return true }
                    state.sleepers.append(
                        Sleeper(id: id, wakesAt: state.uptime + duration, continuation: continuation))
                    return false
                }
                if isCancelled { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            let sleeper = state.withLock { state -> Sleeper? in
                guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return state.sleepers.remove(at: index)
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// How many tasks are asleep.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// When the next sleeper wakes; nil when nobody sleeps.
    public var nextWake: Duration? { state.withLock { $0.sleepers.map(\.wakesAt).min() } }

    /// Moves the clock and wakes whoever's time has come.
    public func advance(by duration: Duration) {
        let woken = state.withLock { state in
            state.uptime += duration
            let woken = state.sleepers.filter { $0.wakesAt <= state.uptime }
                .sorted { ($0.wakesAt, $0.id) < ($1.wakesAt, $1.id) }
            state.sleepers.removeAll { $0.wakesAt <= state.uptime }
            return woken
        }
        for sleeper in woken { sleeper.continuation.resume() }
    }
}
