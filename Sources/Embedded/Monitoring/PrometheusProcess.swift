import Foundation
import Logging
import Prometheus
import ServiceLifecycle
import Subprocess
import SystemPackage

/// Debian's Prometheus as a child process with its own folder.
///
/// It is not tied to its parent by PR_SET_PDEATHSIG: that signal comes when the *thread* which started the child ends, and
/// threads of the concurrency pool come and go. Its number and start time are recorded instead; the next `apus up`, or
/// `apus down`, ends what a killed one left behind.
struct PrometheusProcess: Service {
    let paths: ClusterPaths
    let program: String
    let listenAddress: String
    let configuration: PrometheusConfiguration
    let logger: Logger

    private static func record(_ paths: ClusterPaths) -> String { paths.prometheus + "/process.json" }

    func run() async throws {
        try Files.makeFolder(paths.prometheus)
        let file = paths.prometheus + "/prometheus.yml"
        try Files.write(configuration.yaml, to: file)
        let arguments = PrometheusConfiguration.arguments(
            configurationFile: file, dataDirectory: paths.prometheus + "/data", listenAddress: listenAddress)
        let log = try FileDescriptor.open(
            FilePath(paths.prometheus + "/prometheus.log"), .writeOnly, options: [.create, .append, .closeOnExec],
            permissions: [.ownerReadWrite])
        var options = PlatformOptions()
        // Ctrl-C in a terminal goes to the whole group; this one is stopped in its turn.
        options.createSession = true
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(10))]
        let paths = paths
        let (program, settings) = (program, options)
        let status = try await cancelWhenGracefulShutdown {
            try await log.closeAfter {
                try await Subprocess.run(
                    .path(FilePath(program)), arguments: Arguments(arguments), platformOptions: settings, input: .none,
                    output: .fileDescriptor(log, closeAfterSpawningProcess: false),
                    error: .fileDescriptor(log, closeAfterSpawningProcess: false)
                ) { execution in
                    let pid = Int32(execution.processIdentifier.value)
                    if let identity = ProcessIdentity(pid: pid) {
                        try Files.write(try JSONEncoder().encode(identity), to: Self.record(paths))
                    }
                    // The child is ended by cancellation, and otherwise ends by itself.
                    while ProcessIdentity(pid: pid) != nil { try await Task.sleep(for: .milliseconds(200)) }
                }.terminationStatus
            }
        }
        try? FileManager.default.removeItem(atPath: Self.record(paths))
        guard !Task.isShuttingDownGracefully, !Task.isCancelled else { return }
        throw EmbeddedError(
            .partFailed, "prometheus ended (\(status)); its log is \(paths.prometheus)/prometheus.log")
    }

    /// The Prometheus that an `apus up` which was killed has left behind, if it still runs.
    static func leftover(_ paths: ClusterPaths) -> ProcessIdentity? {
        guard let data = FileManager.default.contents(atPath: record(paths)),
            let identity = try? JSONDecoder().decode(ProcessIdentity.self, from: data), identity.isAlive
        else { return nil }
        return identity
    }

    static func endLeftover(_ paths: ClusterPaths) async {
        guard let identity = leftover(paths) else { return }
        await identity.end(within: .seconds(10))
        try? FileManager.default.removeItem(atPath: record(paths))
    }
}

extension FileDescriptor {
    fileprivate func closeAfter<Value>(_ body: () async throws -> Value) async throws -> Value {
        let value: Value
        do {
            value = try await body()
        } catch {
            try? close()
            throw error
        }
        try close()
        return value
    }
}
