import Foundation
public import Logging

/// `apus down`: everything of a cluster ends, whether `apus up` still runs, has been stopped or was killed. Safe to repeat.
public struct ClusterShutdown: Sendable {
    private let dataDirectory: String
    private let purges: Bool
    private let logger: Logger

    /// - Parameter purges: whether the data folder is removed as well.
    public init(dataDirectory: String, purges: Bool, logger: Logger) {
        self.dataDirectory = dataDirectory
        self.purges = purges
        self.logger = logger
    }

    /// - Parameter say: told each thing that was done.
    /// - Throws: ``EmbeddedError`` when something could not be stopped.
    public func run(_ say: @Sendable (String) -> Void) async throws {
        guard let settings = try ClusterSettings.load(dataDirectory: dataDirectory) else {
            return say("nothing to stop in \(dataDirectory)")
        }
        guard geteuid() == 0 else {
            throw EmbeddedError(.notPrivileged, "stopping containers needs root; run it with sudo")
        }
        try await stopControlPlane(settings, say)
        let lock = try await InstanceLock.take(settings.paths)
        defer { withExtendedLifetime(lock) {} }
        await PrometheusProcess.endLeftover(settings.paths)
        try await NodePart.stopEverything(settings, logger: logger)
        try? FileManager.default.removeItem(atPath: settings.paths.state)
        say("pods, network and Prometheus are stopped")
        guard purges else { return say("what the cluster knows stays in \(settings.dataDirectory); --purge removes it") }
        if let file = try KubeconfigFile.removeFromDefault(settings) { say("removed the context apus from \(file)") }
        try DataRemoval.remove(settings.dataDirectory)
        say("removed \(settings.dataDirectory)")
    }

    private func stopControlPlane(_ settings: ClusterSettings, _ say: (String) -> Void) async throws {
        guard let process = InstanceLock.holder(settings.paths) else { return }
        guard await process.end(within: .seconds(60)) else {
            throw EmbeddedError(.partFailed, "process \(process.pid) does not end; end it by hand and repeat apus down")
        }
        say("control plane stopped")
    }
}

/// Removes a data folder, and nothing that is mounted into it.
enum DataRemoval {
    static func remove(_ folder: String) throws {
        // Another folder that is mounted somewhere below must never be emptied through its mount.
        for mount in mounts(below: folder, in: Files.text("/proc/self/mountinfo") ?? "").sorted(by: >) {
            guard umount2(mount, Int32(MNT_DETACH)) == 0 else {
                throw EmbeddedError(
                    .fileAccess, "\(mount) is still mounted and cannot be unmounted: \(String(cString: strerror(errno)))")
            }
        }
        do {
            try FileManager.default.removeItem(atPath: folder)
        } catch {
            throw EmbeddedError(.fileAccess, "\(folder) cannot be removed", cause: error)
        }
    }

    /// Mount points below a folder, the folder itself not included.
    static func mounts(below folder: String, in table: String) -> [String] {
        table.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 4 else { return nil }
            // Blanks and their like are written as octal numbers.
            let path = fields[4].replacing("\\040", with: " ").replacing("\\011", with: "\t").replacing("\\134", with: "\\")
            return path.hasPrefix(folder + "/") ? String(path) : nil
        }
    }
}
