import Foundation
import Logging
import ServiceLifecycle
import Synchronization

/// Starts a part, waits until it works, starts it again when it ends by itself, and stops it in order.
actor RunningPart {
    enum State: Sendable, Hashable {
        case starting
        case ready(String)
        /// It ended by itself and is being started again.
        case restarting(String)
        case stopped
    }

    /// One run of the part's service.
    private final class Run: Sendable {
        let group: ServiceGroup
        private let outcome = Mutex<Result<Void, any Error>?>(nil)
        private let task = Mutex<Task<Void, Never>?>(nil)

        init(_ service: any Service, logger: Logger) {
            group = ServiceGroup(services: [service], logger: logger)
        }

        /// The group runs detached: the cluster's own shutdown must not reach all parts at once, they stop one after the other.
        func start() {
            let running = Task.detached {
                do {
                    try await self.group.run()
                    self.outcome.withLock { $0 = .success(()) }
                } catch {
                    self.outcome.withLock { $0 = .failure(error) }
                }
            }
            task.withLock { $0 = running }
        }

        var end: Result<Void, any Error>? { outcome.withLock { $0 } }

        func finished() async { await task.withLock { $0 }?.value }

        func cancel() { task.withLock { $0 }?.cancel() }
    }

    nonisolated let part: any Part
    private(set) var state = State.starting
    private(set) var restarts = 0
    private let logger: Logger
    private let partLogger: Logger
    private var run: Run?
    private var watcher: Task<Void, Never>?
    private var isStopping = false

    init(_ part: any Part, logger: Logger) {
        self.part = part
        self.logger = logger
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .critical)
        partLogger = quiet
    }

    /// - Returns: where the part can be reached.
    /// - Throws: what kept it from working, or that it took too long.
    func start(within limit: Duration) async throws -> String {
        let detail = try await launch(within: limit)
        watcher = Task.detached { await self.watch() }
        return detail
    }

    private func launch(within limit: Duration) async throws -> String {
        let run = Run(try await part.makeService(), logger: partLogger)
        self.run = run
        run.start()
        let deadline = ContinuousClock.now + limit
        var lastError: (any Error)?
        while true {
            try Task.checkCancellation()
            switch run.end {
            case .failure(let error): throw error
            case .success: throw EmbeddedError(.partFailed, "the \(part.name) ended before it worked")
            case nil: break
            }
            do {
                if let detail = try await part.readiness() {
                    state = .ready(detail)
                    return detail
                }
            } catch {
                // Not reachable yet is what starting looks like; the last reason is told if it stays so.
                lastError = error
            }
            guard ContinuousClock.now < deadline else {
                throw EmbeddedError(.partFailed, "the \(part.name) did not work within \(limit)", cause: lastError)
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private func watch() async {
        while !isStopping, let run {
            await run.finished()
            if isStopping { return }
            var reason = "it ended"
            if case .failure(let error) = run.end { reason = "\(error)" }
            restarts += 1
            state = .restarting(reason)
            logger.error("the \(part.name) ended by itself; starting it again", metadata: ["reason": "\(reason)"])
            try? await Task.sleep(for: .milliseconds(200 << min(restarts, 7)))
            if isStopping { return }
            do {
                _ = try await launch(within: .seconds(30))
            } catch {
                logger.error("the \(part.name) does not start", metadata: ["reason": "\(error)"])
                self.run?.cancel()
            }
        }
    }

    /// Asks the part to end, and drops it if it does not within the limit.
    func stop(within limit: Duration) async {
        isStopping = true
        watcher?.cancel()
        guard let run else { return }
        await run.group.triggerGracefulShutdown()
        let deadline = ContinuousClock.now + limit
        while run.end == nil, ContinuousClock.now < deadline { try? await Task.sleep(for: .milliseconds(5)) }
        if run.end == nil {
            logger.warning("the \(part.name) did not stop in time")
            run.cancel()
        }
        state = .stopped
    }
}
