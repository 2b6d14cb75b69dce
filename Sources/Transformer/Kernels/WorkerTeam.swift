import Dispatch
import Foundation
internal import Synchronization

/// Threads that run one piece of work together: the caller is the first of them.
///
/// A forward pass is one call; inside it the workers meet at barriers. Work is divided here, by rows, and not inside the
/// matrix library, because nearly everything between two meetings is independent from row to row.
final class WorkerTeam: Sendable {
    let size: Int
    private let helpers: [Helper]
    private let finished = DispatchSemaphore(value: 0)
    private let arrived = Atomic<Int>(0)
    private let generation = Atomic<Int>(0)

    init(size: Int) {
        self.size = max(1, size)
        helpers = (1..<max(1, size)).map { Helper(name: "apus-compute-\($0)") }
    }

    deinit { for helper in helpers { helper.stop() } }

    /// Runs `body` once on each worker, and returns when all have returned.
    func run(_ body: @escaping @Sendable (_ worker: Int) -> Void) {
        let finished = finished
        for (index, helper) in helpers.enumerated() {
            helper.start {
                body(index + 1)
                finished.signal()
            }
        }
        body(0)
        for _ in helpers { finished.wait() }
    }

    /// Waits until every worker has come here. Waiting is short, so it spins, and yields when it is not.
    func meet() {
        guard size > 1 else { return }
        let current = generation.load(ordering: .acquiring)
        if arrived.add(1, ordering: .acquiringAndReleasing).newValue == size {
            arrived.store(0, ordering: .relaxed)
            generation.store(current + 1, ordering: .releasing)
            return
        }
        var spins = 0
        while generation.load(ordering: .acquiring) == current {
            spins += 1
            if spins > 4000 { sched_yield() }
        }
    }

    /// One thread that waits for work.
    private final class Helper: Sendable {
        private final class Mailbox: Sendable {
            let task = Mutex<(@Sendable () -> Void)?>(nil)
            let wake = DispatchSemaphore(value: 0)
        }

        private let mailbox = Mailbox()

        init(name: String) {
            let thread = Thread { [mailbox] in
                while true {
                    mailbox.wake.wait()
                    // Woken without a task means that the team is gone.
                    guard let task = mailbox.task.withLock({ $0.take() }) else { return }
                    task()
                }
            }
            thread.name = name
            thread.start()
        }

        func start(_ task: @escaping @Sendable () -> Void) {
            mailbox.task.withLock { $0 = task }
            mailbox.wake.signal()
        }

        func stop() { mailbox.wake.signal() }
    }
}
