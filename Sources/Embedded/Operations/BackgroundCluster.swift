import Foundation

/// `apus up --detach`: the same program again, away from the terminal.
public enum BackgroundCluster {
    /// Returns when everything works.
    /// - Parameters:
    ///   - arguments: of `apus up` in the foreground.
    ///   - say: told the lines that the other process writes meanwhile.
    /// - Throws: ``EmbeddedError`` with what the other process said when it failed.
    public static func start(
        _ settings: ClusterSettings, arguments: [String], _ say: @Sendable (String) -> Void
    ) async throws {
        try settings.validate()
        try Prerequisites.check()
        if let holder = InstanceLock.holder(settings.paths) {
            throw EmbeddedError(
                .alreadyRunning,
                "a cluster already runs in \(settings.dataDirectory) (process \(holder.pid)); stop it with apus down\(settings.dataFlag)"
            )
        }
        try Files.makeFolder(settings.dataDirectory, mode: 0o711)
        try? FileManager.default.removeItem(atPath: settings.paths.state)
        let log = settings.paths.log
        if !Files.exists(log) { try Files.write("", to: log) }
        guard let output = FileHandle(forWritingAtPath: log), let input = FileHandle(forReadingAtPath: log) else {
            throw EmbeddedError(.fileAccess, "\(log) cannot be written")
        }
        try output.seekToEnd()
        try input.seekToEnd()
        let process = Process()
        // Foundation gives the child a process group of its own, so Ctrl-C does not reach it; nohup keeps a closing terminal from
        // ending it, and replaces itself by the program, so the number stays the same.
        process.executableURL = URL(filePath: "/usr/bin/nohup")
        process.arguments = [URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().path] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        do {
            try process.run()
        } catch {
            throw EmbeddedError(.partFailed, "apus up cannot be started in the background", cause: error)
        }
        try await follow(process, settings, input, say)
    }

    private static func follow(
        _ process: Process, _ settings: ClusterSettings, _ log: FileHandle, _ say: (String) -> Void
    ) async throws {
        var relay = LineRelay(log: log)
        while true {
            let isRunning = process.isRunning
            relay.passOn(to: say)
            if try isReady(settings, pid: process.processIdentifier) { return relay.passOn(to: say) }
            guard isRunning else {
                throw EmbeddedError(.partFailed, "apus up ended; its log is \(settings.paths.log)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Whether the process has written that all of its parts work.
    /// - Throws: ``EmbeddedError`` when it has written that one failed.
    private static func isReady(_ settings: ClusterSettings, pid: Int32) throws -> Bool {
        guard let state = ClusterState.load(settings.paths), state.pid == pid else { return false }
        if state.phase == .failed {
            throw EmbeddedError(.partFailed, state.message ?? "apus up failed; its log is \(settings.paths.log)")
        }
        return state.phase == .ready
    }
}

/// Passes on what is appended to a log, in whole lines, but for those that only the foreground command's reader needs.
private struct LineRelay {
    let log: FileHandle
    private var rest = ""

    init(log: FileHandle) { self.log = log }

    mutating func passOn(to say: (String) -> Void) {
        rest += String(decoding: log.availableData, as: UTF8.self)
        var lines = rest.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        rest = lines.removeLast()
        for line in lines where !line.hasPrefix("  export ") && !line.hasPrefix("apus: ") { say(line) }
    }
}
