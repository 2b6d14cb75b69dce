import FoundationEssentials
import Subprocess
import SystemPackage

/// Runs the host's programs (`runc`, `conmon`, `skopeo`, `nft`, CNI plugins) and collects what they say.
struct Command: Sendable {
    /// What a program printed and how it ended.
    struct Result: Sendable {
        var exitCode: Int
        var output: String
        var error: String

        var succeeded: Bool { exitCode == 0 }
        /// The last line that is worth showing to a person.
        var complaint: String {
            let text = error.isEmpty ? output : error
            return text.split(whereSeparator: \.isNewline).last.map(String.init) ?? "exit code \(exitCode)"
        }
    }

    var program: String
    var arguments: [String] = []
    var environment: [String: String] = [:]
    var input: [UInt8] = []
    var timeout: Duration = .seconds(60)

    /// Runs to the end.
    /// - Throws: `CommandMissing`, `CommandTimedOut`. A non-zero exit is a result, not an error.
    func run() async throws -> Result {
        let command = self
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await command.execute() }
            group.addTask {
                try await Task.sleep(for: command.timeout)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            guard let result = first else {
                throw NodeAgentError(
                    .commandTimedOut, "\(command.program) \(command.arguments.first ?? "") took over \(command.timeout)")
            }
            return result
        }
    }

    /// Runs to the end and insists on success.
    @discardableResult
    func check(_ code: NodeAgentError.Code = .commandFailed) async throws -> Result {
        let result = try await run()
        guard result.succeeded else {
            throw NodeAgentError(code, "\(program) \(arguments.first ?? ""): \(result.complaint)")
        }
        return result
    }

    private func execute() async throws -> Result {
        var variables: [Environment.Key: String?] = [:]
        for (key, value) in environment {
            guard let key = Environment.Key(rawValue: key) else { continue }
            variables[key] = value
        }
        var options = PlatformOptions()
        // Cancellation means a time-out: whatever the program does is not wanted any more.
        options.teardownSequence = []
        let executable: Executable = program.contains("/") ? .path(FilePath(program)) : .name(program)
        do {
            let outcome = try await Subprocess.run(
                executable, arguments: Arguments(arguments), environment: .inherit.updating(variables),
                platformOptions: options, input: .array(input), output: .bytes(limit: 8 << 20), error: .bytes(limit: 1 << 20))
            let code: Int
            switch outcome.terminationStatus {
            case .exited(let status): code = Int(status)
            case .signaled(let signal): code = 128 + Int(signal)
            }
            return Result(
                exitCode: code, output: String(decoding: outcome.standardOutput, as: UTF8.self),
                error: String(decoding: outcome.standardError, as: UTF8.self))
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw NodeAgentError(
                .commandMissing, "\(program) is not installed; on Debian: apt-get install \(Self.package(of: program))")
        }
    }

    /// The Debian package that brings a program.
    static func package(of program: String) -> String {
        let name = program.split(separator: "/").last.map(String.init) ?? program
        return switch name {
        case "nft": "nftables"
        case "ip": "iproute2"
        case "bridge", "host-local", "portmap", "loopback": "containernetworking-plugins"
        case "unshare", "nsenter", "mount", "umount": "util-linux"
        default: name
        }
    }
}
