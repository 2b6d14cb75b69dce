import Foundation
import Glibc
import Synchronization

/// A command that runs beside a container's own process, and the `runc exec` that waits for it.
///
/// The command is no child of ours, and `runc` passes a client's going on to nobody: without being ended it would stay for as long as
/// its container does.
final class ExecProcess: Sendable {
    private struct State {
        /// `runc exec`, while it runs.
        var runner: pid_t?
        var hasEnded = false
        var isUnwanted = false
    }

    /// Where `runc` writes the command's number.
    let path: String
    private let state = Mutex(State())

    /// How long a command may take to end by itself after the line was hung up.
    private static let grace = Duration.seconds(2)

    init(directory: String) {
        path = directory + "/exec-\(UUID().uuidString).pid"
    }

    func began(_ runner: pid_t) {
        let isUnwanted = state.withLock { state in
            state.runner = runner
            return state.isUnwanted
        }
        if isUnwanted { end() }
    }

    /// `runc` was waited for: nothing is there to be signalled any more.
    func ended() {
        state.withLock { state in
            state.runner = nil
            state.hasEnded = true
        }
        Files.remove(path)
    }

    /// Nobody listens any more: the command is ended, as on a terminal whose line was lost. At most once.
    func hangUp() {
        let begins = state.withLock { state in
            defer { state.isUnwanted = true }
            return !state.isUnwanted && state.runner != nil
        }
        if begins { end() }
    }

    /// Hands output on. Where nobody takes it the command is ended, and what it still says is dropped.
    func pass(_ write: () async throws -> Void) async {
        guard !state.withLock({ $0.isUnwanted }) else { return }
        do { try await write() } catch { hangUp() }
    }

    /// The client's terminal has another size.
    func resized() {
        state.withLock { state in if let runner = state.runner { _ = kill(runner, SIGWINCH) } }
    }

    private func end() {
        Task {
            if await signal(SIGHUP) { return }
            if await signal(SIGKILL) { return }
            // What is left may hold the streams open for ever; `runc` does not have to wait for it.
            state.withLock { state in if let runner = state.runner { _ = kill(runner, SIGKILL) } }
        }
    }

    /// Sends a signal to the command and those it began, and waits for the end.
    /// - Returns: whether it came.
    private func signal(_ number: Int32) async -> Bool {
        let deadline = ContinuousClock.now + Self.grace
        var isSent = false
        while ContinuousClock.now < deadline {
            let hasEnded = state.withLock { state in
                // While `runc` runs the number is its child's and nobody else's.
                guard let runner = state.runner else { return true }
                if !isSent, let process = Self.child(of: runner, recordedAt: path) {
                    // The command leads a session, and so a group, of its own.
                    isSent = kill(-process, number) == 0 || kill(process, number) == 0
                }
                return state.hasEnded
            }
            if hasEnded { return true }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    private static func child(of runner: pid_t, recordedAt path: String) -> pid_t? {
        guard let process = Files.text(path).flatMap({ pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines)) }), process > 1,
            // After the name, which may hold anything, come the state and the parent.
            let fields = Files.text("/proc/\(process)/stat")?.split(separator: ")").last?.split(separator: " "), fields.count > 1
        else { return nil }
        return pid_t(fields[1]) == runner ? process : nil
    }
}
