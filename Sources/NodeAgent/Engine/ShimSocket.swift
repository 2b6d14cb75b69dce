import Foundation
import Glibc
import NIOCore
import NIOPosix

/// A connection to the socket by which `conmon` shares a container's streams. Messages keep their borders: what comes from the
/// container begins with a byte that names its stream; what goes to it is its input as it is.
struct ShimSocket: Sendable {
    /// The most that one message carries, beside that byte.
    static let contentBytes = 8192

    private let descriptor: Int32

    /// - Parameter path: may be longer than socket addresses can be, as those of containers are.
    init(connectingTo path: String) throws {
        let folder = open((path as NSString).deletingLastPathComponent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw Self.failure("its folder cannot be opened") }
        defer { Glibc.close(folder) }
        let short = Array("/proc/self/fd/\(folder)/\((path as NSString).lastPathComponent)".utf8)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard short.count < MemoryLayout.size(ofValue: address.sun_path) else { throw Self.failure("its name is too long") }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: short) }
        descriptor = socket(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Self.failure("no socket is left") }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        guard result == 0 else {
            let error = Self.failure("its shim does not answer")
            Glibc.close(descriptor)
            throw error
        }
    }

    /// The connection as a channel, which has a descriptor of its own and closes that.
    func channel() async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw Self.failure("no descriptor is left") }
        return try await NIOPipeBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            // A message that does not fit is cut, so there is room for the largest.
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.contentBytes + 1))
            .takingOwnershipOfDescriptor(inputOutput: copy) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
    }

    /// Tells the shim that no more input comes. It closes the container's where the container asked for that by `stdinOnce`.
    func endInput() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    func close() { Glibc.close(descriptor) }

    /// What one message from the container means.
    static func part(_ message: [UInt8]) -> (isError: Bool, bytes: [UInt8])? {
        guard let stream = message.first, stream == 2 || stream == 3, message.count > 1 else { return nil }
        return (stream == 3, Array(message.dropFirst()))
    }

    private static func failure(_ message: String) -> NodeAgentError {
        NodeAgentError(.notFound, "\(message): \(String(cString: strerror(errno)))")
    }
}

/// The shim's control pipe, a line a command.
enum ShimControl {
    /// Asks it to open its log file anew.
    @discardableResult
    static func reopenLog(_ path: String) -> Bool { send("2 0 0\n", to: path) }

    /// Gives the container's terminal a size.
    @discardableResult
    static func resize(_ path: String, width: Int, height: Int) -> Bool { send("1 \(height) \(width)\n", to: path) }

    /// - Returns: false where nobody listens.
    private static func send(_ line: String, to path: String) -> Bool {
        let descriptor = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let bytes = Array(line.utf8)
        return bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } == bytes.count
    }
}
