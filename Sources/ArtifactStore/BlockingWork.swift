import Dispatch
import Synchronization

/// Runs work that waits for a disk off the threads of Swift concurrency, of which there are only as many as cores.
enum BlockingWork {
    // Several at a time, so that a large copy does not hold up the reading of a small manifest.
    private static let queue = DispatchQueue(label: "apus.artifacts", qos: .utility, attributes: .concurrent)
    @TaskLocal private static var flag: CancellationFlag?

    private final class CancellationFlag: Sendable {
        let isSet = Atomic<Bool>(false)
    }

    /// Runs `work` on a thread that may block. Cancelling the task makes ``checkCancellation()`` throw inside it.
    static func run<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try Task.checkCancellation()
        let flag = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.async {
                    let result = Swift.Result { try Self.$flag.withValue(flag) { try work() } }
                    continuation.resume(with: result)
                }
            }
        } onCancel: {
            flag.isSet.store(true, ordering: .relaxed)
        }
    }

    /// Throws `CancellationError` when the task that started the current work was cancelled.
    static func checkCancellation() throws {
        if let flag, flag.isSet.load(ordering: .relaxed) { throw CancellationError() }
    }
}
