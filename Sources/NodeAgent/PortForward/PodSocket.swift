import Foundation
import Glibc
import NIOCore
import NIOPosix

/// Connects to a port at a pod's own loopback address, where also those servers are found that listen nowhere else.
struct PodSocket: Sendable {
    enum Place: Sendable {
        /// Path of the pod's network namespace; nil for one that uses the machine's.
        case network(String?)
        /// The pod does not run here.
        case nowhere
    }

    let place: Place

    /// - Throws: ``NodeAgentError`` saying that nothing listens there.
    func connect(port: Int) async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        let descriptor = try await withCheckedThrowingContinuation { (done: CheckedContinuation<Int32, any Error>) in
            // A thread of its own, which ends after: it is the thread that enters the namespace, and a socket stays in the one it
            // was made in.
            let thread = Thread { done.resume(with: Result { try open(port: port) }) }
            thread.stackSize = 256 << 10
            thread.start()
        }
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .withConnectedSocket(descriptor) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel(
                        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
    }

    private func open(port: Int) throws -> Int32 {
        try enter()
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Self.failure("no socket can be made", port) }
        // Also for connecting.
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else {
            let error = Self.failure("cannot connect to 127.0.0.1:\(port) inside the pod", port)
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func failure(_ what: String, _ port: Int) -> NodeAgentError {
        NodeAgentError(.portForward, "\(what): \(String(cString: strerror(errno)))")
    }

    private typealias SetNamespace = @convention(c) (Int32, Int32) -> Int32
    private static let networkNamespaces: Int32 = 0x4000_0000  // CLONE_NEWNET

    /// The calling thread only.
    private func enter() throws {
        let namespace: String
        switch place {
        case .nowhere: throw NodeAgentError(.portForward, "the pod does not run on this node")
        case .network(nil): return
        case .network(let path?): namespace = path
        }
        // The C library's function is not in Swift's module.
        guard let symbol = dlsym(nil, "setns") else { throw NodeAgentError(.portForward, "namespaces cannot be entered here") }
        let file = Glibc.open(namespace, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw NodeAgentError(.portForward, "the pod's network is gone") }
        defer { close(file) }
        guard unsafeBitCast(symbol, to: SetNamespace.self)(file, Self.networkNamespaces) == 0 else {
            throw NodeAgentError(.portForward, "the pod's network cannot be entered: \(String(cString: strerror(errno)))")
        }
    }
}
