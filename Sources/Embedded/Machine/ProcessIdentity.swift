import Foundation

/// A process that is recognised even when its number has been given to another one since.
struct ProcessIdentity: Codable, Sendable, Hashable {
    var pid: Int32
    /// Clock ticks between the machine's boot and the start of the process.
    var startTicks: UInt64
    /// Numbers begin anew at each boot.
    var bootID: String

    /// The process with a number, as it is now; nil where there is none.
    init?(pid: Int32) {
        guard let ticks = Self.startTicks(of: pid) else { return nil }
        self.pid = pid
        startTicks = ticks
        bootID = Self.currentBootID
    }

    static var current: ProcessIdentity? { ProcessIdentity(pid: getpid()) }

    /// Whether the same process is still there and has not just ended.
    var isAlive: Bool { bootID == Self.currentBootID && Self.startTicks(of: pid) == startTicks }

    /// Sends a signal, if the process is still the same.
    func send(_ signal: Int32) {
        if isAlive { kill(pid, signal) }
    }

    /// Asks the process to end, and after a while makes it.
    /// - Returns: whether it is gone.
    @discardableResult
    func end(within limit: Duration) async -> Bool {
        send(SIGTERM)
        if await isGone(within: limit) { return true }
        send(SIGKILL)
        return await isGone(within: .seconds(5))
    }

    private func isGone(within limit: Duration) async -> Bool {
        let deadline = ContinuousClock.now + limit
        while isAlive {
            guard ContinuousClock.now < deadline else { return false }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return true
    }

    private static var currentBootID: String {
        (Files.text("/proc/sys/kernel/random/boot_id") ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Field 22 of `/proc/<pid>/stat`; nil where the process is gone or only waits to be collected.
    private static func startTicks(of pid: Int32) -> UInt64? {
        // The name in parentheses may contain anything, so fields are counted from the last one.
        guard let text = Files.text("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
        return UInt64(fields[19])
    }
}
