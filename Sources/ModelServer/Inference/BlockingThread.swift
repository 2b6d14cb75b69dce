import Foundation

/// Runs work that blocks (reading and checking gigabytes) on a thread of its own, not on one of Swift's concurrency.
func onOwnThread<Value: Sendable>(_ name: String, _ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        let thread = Thread { continuation.resume(with: Result(catching: work)) }
        thread.name = name
        thread.start()
    }
}
