import Synchronization

/// A version that one task writes and another reads after it.
final class LastVersion: Sendable {
    private let state: Mutex<String>

    init(_ version: String) {
        state = Mutex(version)
    }

    var value: String { state.withLock { $0 } }

    func set(_ version: String) {
        guard !version.isEmpty else { return }
        state.withLock { $0 = version }
    }
}
