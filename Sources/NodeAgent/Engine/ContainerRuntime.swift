import Foundation
import Glibc
import KubernetesTypes

/// Makes, watches and ends containers with `runc`, each under a `conmon` that outlives this process.
///
/// The disk is the only memory. Order of a start: record the attempt, create the container, set the mark that it
/// may have run, start it. So after a crash at any point it is known whether the process may ever have run.
struct ContainerRuntime: Sendable {
    let layout: DiskLayout
    let now: @Sendable () -> Date

    private var runtimeArguments: [String] { ["--root", layout.runtime] }

    /// Creates and starts one attempt, whose directory and record this call makes.
    /// - Throws: `CreateContainerError` where the runtime refused; the attempt then counts as ended.
    func start(
        _ record: AttemptRecord, spec: RuntimeSpec, lower: String, input: InputMode
    ) async throws {
        let paths = layout.attempt(record.identity)
        try Files.makeDirectory(paths.directory)
        try Files.writeDurably(json: record, to: paths.record)
        do {
            try await create(record, paths: paths, spec: spec, lower: lower, input: input)
        } catch {
            // An agent that is told to stop has not failed: the next one finds how far this start came, and goes on from there.
            try Task.checkCancellation()
            try await failStart(record, paths: paths, error: error)
            throw error
        }
        try Files.writeDurably(Array("\(now().timeIntervalSince1970)".utf8), to: paths.started)
        do {
            try await run(["start", record.id])
        } catch {
            // An agent that is told to stop has not failed: the next one finds how far this start came, and goes on from there.
            try Task.checkCancellation()
            try await failStart(record, paths: paths, error: error)
            throw error
        }
    }

    private func create(
        _ record: AttemptRecord, paths: AttemptPaths, spec: RuntimeSpec, lower: String, input: InputMode
    ) async throws {
        for path in [paths.upper, paths.work, paths.rootfs] { try Files.makeDirectory(path) }
        try Files.mount(
            "overlay", on: paths.rootfs, type: "overlay",
            data: "lowerdir=\(lower),upperdir=\(paths.upper),workdir=\(paths.work)")
        try Files.write(try JSONEncoder().encode(spec), to: paths.configuration)
        if !Files.exists(paths.terminationMessage) { try Files.write([], to: paths.terminationMessage, mode: 0o666) }
        try await shim(record, paths: paths, spec: spec, input: input)
    }

    /// Starts the shim, which creates the container and from then on keeps its log and waits for its end.
    private func shim(
        _ record: AttemptRecord, paths: AttemptPaths, spec: RuntimeSpec, input: InputMode
    ) async throws {
        let conmon = [
            "conmon", "--api-version", "1", "-c", record.id, "-u", record.id, "-n", record.identity.name, "-r", "/usr/sbin/runc",
            "-b", paths.directory, "--persist-dir", paths.directory, "-p", paths.pid, "-P", paths.shimPid, "-l",
            "k8s-file:" + record.logPath, "--exit-dir", layout.exits, "--full-attach", "--log-level", "error", "--runtime-arg",
            "--root=" + layout.runtime, "--runtime-arg", "--log=" + paths.runtimeLog, "--runtime-arg", "--log-format=json",
        ]
        let options = (spec.process.terminal ? ["-t"] : []) + input.shimOptions
        // The shim leaves a mark in its working directory when memory ran out, so that is the attempt's own.
        // The result of the creation goes to a file, not a pipe: it is there for the agent after this one as well.
        let script =
            "cd \"${1%/*}\"; exec 3>\"$1\" </dev/null >/dev/null 2>\"$2\"; shift 2; export _OCI_SYNCPIPE=3; exec \"$@\""
        try await Command(
            program: "/bin/sh",
            arguments: ["-c", script, "sh", paths.sync, paths.directory + "/conmon.err"] + conmon + options
        ).check(.createContainer)
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if let text = Files.text(paths.sync), text.hasSuffix("\n") {
                let answer = try JSONDecoder().decode(SyncAnswer.self, from: Data(text.utf8))
                if answer.data > 0 { return }
                throw NodeAgentError(.createContainer, Self.readable(answer.message, log: Files.text(paths.runtimeLog)))
            }
            try await Task.sleep(for: .milliseconds(4))
        }
        throw NodeAgentError(.createContainer, "the container was not created within 60 seconds")
    }

    private struct SyncAnswer: Codable {
        var data: Int
        var message: String?
    }

    /// The runtime's own words without its nesting.
    private static func readable(_ message: String?, log: String?) -> String {
        struct Line: Codable { var msg: String }
        let lines = (log ?? "").split(separator: "\n").compactMap { line in
            try? JSONDecoder().decode(Line.self, from: Data(line.utf8))
        }
        let text = lines.last?.msg ?? message ?? "the container runtime gave no reason"
        return text.replacing("runc create failed: ", with: "").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func failStart(_ record: AttemptRecord, paths: AttemptPaths, error: any Error) async throws {
        await endCreation(record.id)
        await clean(record, paths: paths)
        let message = (error as? NodeAgentError)?.message ?? "\(error)"
        let termination = Termination(
            exitCode: 128, reason: "StartError", message: message, startedAt: nil, finishedAt: now(), containerID: record.id)
        try Files.writeDurably(json: termination, to: paths.finished)
    }

    /// What the disk and the process table say of a container now. Ends that were not yet written down are written here.
    func observe(podUID: String, container: String) async -> ContainerObservation? {
        let directory = layout.container(podUID, container)
        guard let attempt = Files.list(directory).compactMap({ Int($0) }).max() else { return nil }
        let identity = ContainerIdentity(podUID: podUID, name: container, attempt: attempt)
        let paths = layout.attempt(identity)
        let previous =
            attempt > 0
            ? Files.decode(
                Termination.self,
                from: layout.attempt(.init(podUID: podUID, name: container, attempt: attempt - 1)).finished) : nil
        guard let record = Files.decode(AttemptRecord.self, from: paths.record) else {
            // One that is there and cannot be read now is no reason to start anything a second time.
            guard !Files.exists(paths.record) else {
                return ContainerObservation(record: .unreadable(identity, paths), phase: .running(since: .distantPast))
            }
            // The record is the first thing written; without it nothing was begun.
            Files.remove(paths.directory)
            return attempt == 0 ? nil : await observe(podUID: podUID, container: container)
        }
        return ContainerObservation(record: record, phase: await phase(record, paths: paths), previous: previous)
    }

    private func phase(_ record: AttemptRecord, paths: AttemptPaths) async -> ContainerObservation.Phase {
        if let termination = Files.decode(Termination.self, from: paths.finished) { return .exited(termination) }
        guard let started = Files.text(paths.started).flatMap(Double.init) else { return .prepared }
        let since = Date(timeIntervalSince1970: started)
        // The shim is looked at before the exit file: it writes that file last thing before it goes.
        let lives = record.bootID == Files.bootID && shimLives(paths)
        if let code = Files.text(paths.exit).flatMap({ Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }) {
            return .exited(await finish(record, paths: paths, since: since, exitCode: code))
        }
        if lives { return .running(since: since) }
        return .exited(await finish(record, paths: paths, since: since, exitCode: nil))
    }

    private func shimLives(_ paths: AttemptPaths) -> Bool {
        guard let pid = Files.text(paths.shimPid).flatMap({ Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) })
        else { return false }
        return Files.processLives(pid, marker: paths.id)
    }

    /// Writes down how an attempt ended and frees what it held. Without an exit code the shim is gone and so must the rest be.
    private func finish(_ record: AttemptRecord, paths: AttemptPaths, since: Date, exitCode: Int?) async -> Termination {
        let outOfMemory = Files.exists(paths.outOfMemory)
        await clean(record, paths: paths)
        let termination = ContainerEnd.termination(
            exitCode: exitCode, outOfMemory: outOfMemory,
            message: ContainerEnd.message(at: paths.terminationMessage), logTail: { LogTail.last(of: record.logPath) },
            policy: record.terminationMessagePolicy, since: since,
            finishedAt: exitCode == nil ? now() : Files.modified(paths.exit) ?? now(), containerID: record.id)
        do {
            try Files.writeDurably(json: termination, to: paths.finished)
            Files.remove(paths.exit)
        } catch {
            // A full disk: the exit file stays, and the next look tries again.
        }
        return termination
    }

    /// Ends whatever of an attempt still runs and takes its mounts and writable layer away. The log and records stay.
    private func clean(_ record: AttemptRecord, paths: AttemptPaths) async {
        _ = try? await Command(program: "/usr/sbin/runc", arguments: runtimeArguments + ["delete", "--force", record.id]).run()
        if shimLives(paths), let pid = Files.text(paths.shimPid).flatMap({ Int32($0.trimmingCharacters(in: .whitespaces)) }) {
            kill(pid, SIGKILL)
        }
        for point in Files.mounts(under: paths.directory) { Files.unmount(point) }
        for path in [paths.upper, paths.work, paths.rootfs, paths.hidden] { Files.remove(path) }
        ControlGroups.remove(record.cgroupsPath)
    }

    /// A creation that an earlier agent began, or that took too long, goes on without us, and must not come to its end after the container was cleaned
    /// away: everything whose command line names the container is the shim or the runtime that it called.
    private func endCreation(_ id: String) async {
        let deadline = ContinuousClock.now + .seconds(5)
        while ContinuousClock.now < deadline {
            let processes = Files.processes(marker: id)
            if processes.isEmpty { return }
            for process in processes { kill(process, SIGKILL) }
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Frees an attempt that was recorded but surely never ran.
    func discard(_ observation: ContainerObservation) async {
        let paths = layout.attempt(observation.record.identity)
        await endCreation(observation.record.id)
        await clean(observation.record, paths: paths)
        Files.remove(paths.exit)
        Files.remove(paths.directory)
    }

    /// After this process was away: a container that was created and marked but whose start was not carried out is started now.
    func resume(_ observation: ContainerObservation) async {
        guard observation.isRunning else { return }
        struct State: Codable { var status: String }
        let command = Command(
            program: "/usr/sbin/runc", arguments: runtimeArguments + ["state", observation.record.id])
        guard let result = try? await command.run(), result.succeeded,
            let state = try? JSONDecoder().decode(State.self, from: Data(result.output.utf8)), state.status == "created"
        else { return }
        _ = try? await run(["start", observation.record.id])
    }

    /// Sends a signal to the container's first process; one that is gone already is fine.
    func signal(_ identity: ContainerIdentity, _ name: String) async {
        _ = try? await run(["kill", identity.id, name])
    }

    /// Kills every process of the container.
    func kill(_ identity: ContainerIdentity) async {
        _ = try? await run(["kill", "--all", identity.id, "KILL"])
    }

    /// Whether the shim still waits for the container's end.
    func isLive(_ identity: ContainerIdentity) -> Bool {
        shimLives(layout.attempt(identity))
    }

    /// Runs a command beside the container's own process and collects what it says.
    func execute(_ identity: ContainerIdentity, _ arguments: [String], timeout: Duration) async throws -> Command.Result {
        try await Command(
            program: "/usr/sbin/runc", arguments: runtimeArguments + ["exec", identity.id] + arguments, timeout: timeout
        ).run()
    }

    /// The pid of the container's first process, on the machine.
    func processIdentifier(_ identity: ContainerIdentity) -> Int? {
        Files.text(layout.attempt(identity).pid).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    private func run(_ arguments: [String]) async throws {
        try await Command(program: "/usr/sbin/runc", arguments: runtimeArguments + arguments).check(.startContainer)
    }

    private func kill(_ pid: Int32, _ signal: Int32) {
        _ = Glibc.kill(pid, signal)
    }
}

/// What a container's standard input is.
enum InputMode: Sendable, Equatable {
    case none
    /// Open until the first client that was joined to it ends its input or goes.
    case once
    /// Open for as long as the container runs.
    case open

    init(_ container: Container) {
        self = !(container.stdin ?? false) ? .none : container.stdinOnce ?? false ? .once : .open
    }

    fileprivate var shimOptions: [String] {
        switch self {
        case .none: []
        case .once: ["-i"]
        case .open: ["-i", "--leave-stdin-open"]
        }
    }
}

/// How a container's end is told.
enum ContainerEnd {
    /// Bytes of a termination message that are told, as upstream has it: the last ones.
    static let maximumMessage = 4096

    /// What a container left in its termination message file.
    static func message(at path: String) -> String? {
        Files.tail(ofUntrusted: path, limit: maximumMessage).map { String(decoding: $0, as: UTF8.self) }
    }

    static func termination(
        exitCode: Int?, outOfMemory: Bool, message: String?, logTail: () -> String, policy: String, since: Date,
        finishedAt: Date, containerID: String
    ) -> Termination {
        guard let exitCode else {
            return Termination(
                exitCode: 137, reason: "ContainerStatusUnknown",
                message: "The container's shim and processes were gone (killed from outside, or the machine restarted), "
                    + "so its real exit status is not known",
                startedAt: since, finishedAt: finishedAt, containerID: containerID)
        }
        var text = message
        if text?.isEmpty ?? true, exitCode != 0, policy == "FallbackToLogsOnError" { text = logTail() }
        return Termination(
            exitCode: exitCode, reason: outOfMemory ? "OOMKilled" : exitCode == 0 ? "Completed" : "Error",
            message: text?.isEmpty ?? true ? nil : text, startedAt: since, finishedAt: finishedAt, containerID: containerID)
    }
}

/// The cgroup tree under this agent's parent, in whichever hierarchies the machine mounts.
enum ControlGroups {
    static let base = "/sys/fs/cgroup"

    /// The directories of one cgroup path, one for each v1 controller, or the one of v2.
    static func directories(_ path: String) -> [String] {
        if Files.exists(base + "/cgroup.controllers") { return [base + path] }
        return Files.list(base).map { base + "/" + $0 + path }.filter(Files.isDirectory)
    }

    static func remove(_ path: String) {
        for directory in directories(path) { rmdir(directory) }
    }

    /// Whether limits on memory and CPU will be applied.
    static var hasLimits: Bool {
        if let controllers = Files.text(base + "/cgroup.controllers") {
            return controllers.contains("memory") && controllers.contains("cpu")
        }
        return Files.exists(base + "/memory/memory.limit_in_bytes") && Files.exists(base + "/cpu/cpu.cfs_quota_us")
    }

    /// Memory in use and CPU time of one cgroup path, in bytes and nanoseconds.
    static func usage(_ path: String) -> (memory: Int?, cpu: Int?) {
        func number(_ path: String) -> Int? {
            Files.text(path).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        }
        if Files.exists(base + "/cgroup.controllers") {
            let micro = (Files.text(base + path + "/cpu.stat") ?? "").split(separator: "\n")
                .first { $0.hasPrefix("usage_usec") }?.split(separator: " ").last.flatMap { Int($0) }
            return (number(base + path + "/memory.current"), micro.map { $0 * 1000 })
        }
        return (
            number(base + "/memory" + path + "/memory.usage_in_bytes"), number(base + "/cpuacct" + path + "/cpuacct.usage")
        )
    }
}
