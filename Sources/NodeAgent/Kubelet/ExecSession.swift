import AsyncAlgorithms
import Foundation
import Glibc
import KubernetesTypes
import NIOCore
import NIOPosix
import Subprocess
import Synchronization
import SystemPackage

/// Runs a command in a container with its streams joined to a client's.
struct ExecSession: Sendable {
    let context: NodeContext
    let identity: ContainerIdentity
    var command: [String]
    var hasInput: Bool
    var hasTerminal: Bool

    /// Runs to the command's end. The command is ended when the client has gone, which its input's end tells, or cancellation.
    func run(_ input: AsyncChannel<StreamInput>, _ sink: any StreamSink) async throws {
        let process = ExecProcess(directory: context.layout.attempt(identity).directory)
        // Not cancelled with this task: whatever happens the command is waited for, and what there is of it taken away.
        let work = Task {
            hasTerminal ? try await inTerminal(input, sink, process) : try await withPipes(input, sink, process)
        }
        let outcome: TerminationStatus
        do {
            outcome = try await withTaskCancellationHandler {
                try await work.value
            } onCancel: {
                process.hangUp()
            }
        } catch {
            try await sink.finish(Self.failure("InternalError", "error executing command in container: \(error)"))
            return
        }
        try await sink.finish(Self.status(outcome))
    }

    static func status(_ outcome: TerminationStatus) -> JSONValue {
        let code: Int
        switch outcome {
        case .exited(let value): code = Int(value)
        case .signaled(let signal): code = 128 + Int(signal)
        }
        if code == 0 { return ["metadata": [:], "status": "Success"] }
        return [
            "metadata": [:], "status": "Failure", "reason": "NonZeroExitCode",
            "message": .string("command terminated with non-zero exit code: exit status \(code)"),
            "details": ["causes": [["reason": "ExitCode", "message": .string(String(code))]]],
        ]
    }

    static func failure(_ reason: String, _ message: String) -> JSONValue {
        ["metadata": [:], "status": "Failure", "reason": .string(reason), "message": .string(message), "code": 500]
    }

    private func configuration(_ process: ExecProcess) -> Subprocess.Configuration {
        let options = ["--root", context.layout.runtime, "exec", "--pid-file", process.path] + (hasTerminal ? ["--tty"] : [])
        return Subprocess.Configuration(
            executable: .path("/usr/sbin/runc"), arguments: Arguments(options + [identity.id] + command))
    }

    // MARK: Pipes

    private func withPipes(
        _ input: AsyncChannel<StreamInput>, _ sink: any StreamSink, _ process: ExecProcess
    ) async throws -> TerminationStatus {
        defer { process.ended() }
        let result = try await Subprocess.run(
            configuration(process), input: .inputWriter, output: .sequence, error: .sequence
        ) { execution in
            process.began(execution.processIdentifier.value)
            try await withThrowingTaskGroup(of: Void.self) { group in
                let writer = execution.standardInputWriter
                let feeder = Task {
                    if !hasInput { try await writer.finish() }
                    // Read to the end even so: that end tells that the client has gone.
                    for await event in input {
                        switch event {
                        // A command that takes no more leaves the rest of the input to nobody.
                        case .bytes(let bytes) where hasInput: _ = try? await writer.write(bytes)
                        case .closed where hasInput: try await writer.finish()
                        default: break
                        }
                    }
                    if !Task.isCancelled { process.hangUp() }
                }
                group.addTask {
                    for try await buffer in execution.standardOutput {
                        await process.pass { try await sink.standardOutput(buffer.withUnsafeBytes { Array($0) }) }
                    }
                }
                group.addTask {
                    for try await buffer in execution.standardError {
                        await process.pass { try await sink.standardError(buffer.withUnsafeBytes { Array($0) }) }
                    }
                }
                try await group.waitForAll()
                feeder.cancel()
            }
        }
        return result.terminationStatus
    }

    // MARK: Terminal

    private func inTerminal(
        _ input: AsyncChannel<StreamInput>, _ sink: any StreamSink, _ process: ExecProcess
    ) async throws -> TerminationStatus {
        defer { process.ended() }
        let terminal = try PseudoTerminal()
        defer { terminal.leave() }
        let master = try await NIOPipeBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .takingOwnershipOfDescriptor(inputOutput: terminal.master) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let slave = FileDescriptor(rawValue: terminal.slave)
        return try await master.executeThenClose { inbound, outbound in
            // The end of the terminal is told as an error once its last user is gone.
            let reader = Task {
                do {
                    for try await buffer in inbound {
                        await process.pass { try await sink.standardOutput(Array(buffer: buffer)) }
                    }
                } catch {}
            }
            let result = try await Subprocess.run(
                configuration(process), input: .fileDescriptor(slave, closeAfterSpawningProcess: false),
                output: .fileDescriptor(slave, closeAfterSpawningProcess: false),
                error: .fileDescriptor(slave, closeAfterSpawningProcess: false)
            ) { execution in
                terminal.leave()
                process.began(execution.processIdentifier.value)
                let feeder = Task {
                    for await event in input {
                        switch event {
                        case .bytes(let bytes): try await outbound.write(ByteBuffer(bytes: bytes))
                        case .closed: try await outbound.write(ByteBuffer(bytes: [4]))
                        case .resize(let width, let height):
                            terminal.resize(width: width, height: height)
                            process.resized()
                        }
                    }
                    if !Task.isCancelled { process.hangUp() }
                }
                await reader.value
                feeder.cancel()
                // Until then it may still use the terminal by its number.
                _ = await feeder.result
            }
            return result.terminationStatus
        }
    }
}

/// A pair of terminal ends. The C library's helpers are not in Swift's module, so the kernel is asked directly.
final class PseudoTerminal: Sendable {
    /// The client's end, which belongs to the channel that it is made into.
    let master: Int32
    /// The command's end.
    let slave: Int32
    private let hasLeft = Mutex(false)

    private static let unlock: UInt = 0x4004_5431  // TIOCSPTLCK
    private static let number: UInt = 0x8004_5430  // TIOCGPTN

    init() throws {
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard master >= 0 else { throw NodeAgentError(.invalid, "no terminal is left on the machine") }
        var zero: Int32 = 0
        var index: UInt32 = 0
        guard ioctl(master, Self.unlock, &zero) == 0, ioctl(master, Self.number, &index) == 0 else {
            close(master)
            throw NodeAgentError(.invalid, "cannot make a terminal")
        }
        slave = open("/dev/pts/\(index)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard slave >= 0 else {
            close(master)
            throw NodeAgentError(.invalid, "cannot open the terminal /dev/pts/\(index)")
        }
        resize(width: 80, height: 24)
    }

    func resize(width: Int, height: Int) {
        var size = winsize(
            ws_row: UInt16(clamping: height), ws_col: UInt16(clamping: width), ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }

    /// Closes the command's end on our side: from then on it is the command's alone, and over with it.
    func leave() {
        hasLeft.withLock { hasLeft in
            if !hasLeft { close(slave) }
            hasLeft = true
        }
    }
}
