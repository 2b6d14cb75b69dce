import ApusTesting
import Dispatch
import Glibc
import NIOCore
import NIOPosix
import NIOWebSocket
import Synchronization
import Testing

@testable import NodeAgent

/// A client's end of the channel protocols, on a socket of the machine's.
@Suite(.serialized) struct WebSocketTests {
    private static func connected(to port: Int) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        return result == 0 ? descriptor : -1
    }

    private typealias Server = NIOAsyncChannel<NIOAsyncChannel<WebSocketFrame, WebSocketFrame>, Never>

    private static func listen() async throws -> Server {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(
                    ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: 1 << 24)))
                try channel.pipeline.syncOperations.addHandler(WebSocketFrameEncoder())
                return try NIOAsyncChannel<WebSocketFrame, WebSocketFrame>(wrappingChannelSynchronously: channel)
            }
        }
    }

    /// Of a terminal everything comes on one stream, and a client that was told of another complains.
    @Test(arguments: [(true, [0x82, 1, 1, 0x82, 1, 2]), (false, [0x82, 1, 1])] as [(Bool, [UInt8])])
    func streamsAreToldFromTheStart(hasErrors: Bool, expected: [UInt8]) async throws {
        let server = try await Self.listen()
        let port = try #require(server.channel.localAddress?.port)
        let descriptor = Self.connected(to: port)
        defer { close(descriptor) }
        try await server.executeThenClose { connections in
            for try await connection in connections {
                try await WebSocketConnection(connection, hasErrors: hasErrors).serve { _, sink in
                    try await sink.standardOutput([7])
                }
                break
            }
        }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_WAITALL))
        // Then what was said, and the end: a close with the code of one that is as it should be.
        #expect(Array(bytes[..<max(0, count)]) == expected + [0x82, 2, 1, 7] + [0x88, 2, 3, 232])
    }

    /// Sends input until nothing more is taken for a second, or far too much was; then goes, with its last words still unsent.
    private static func flood(port: Int, limit: Int) -> Int {
        let descriptor = connected(to: port)
        defer { close(descriptor) }
        // What comes is read until then: a socket with something unread would tell by itself that it is closed.
        var welcome = [UInt8](repeating: 0, count: 8)
        guard recv(descriptor, &welcome, 6, Int32(MSG_WAITALL)) == 6 else { return -1 }
        // A final binary frame of 32 KiB under a mask that changes nothing; stream 0 is input.
        let frame: [UInt8] = [0x82, 0x80 | 126, 0x80, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 32_768)
        var total = 0
        var rest = frame[...]
        while total < limit {
            var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&wait, 1, 1000) > 0 else { break }
            _ = recv(descriptor, &welcome, 8, Int32(MSG_DONTWAIT))
            let count = rest.withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { break }
            total += count
            rest = rest.dropFirst(count)
            if rest.isEmpty { rest = frame[...] }
        }
        return total
    }

    @Test func inputWaitsForItsReaderAndEndsWithItsClient() async throws {
        let server = try await Self.listen()
        let port = try #require(server.channel.localAddress?.port)
        let limit = 256 << 20
        let sent = Task {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async { continuation.resume(returning: Self.flood(port: port, limit: limit)) }
            }
        }
        let isOver = Mutex(false)
        let serving = Task {
            try await server.executeThenClose { connections in
                for try await connection in connections {
                    // Ends although the body reads one message and then no more.
                    try? await WebSocketConnection(connection, pingPeriod: .milliseconds(50)).serve { input, _ in
                        var iterator = input.makeAsyncIterator()
                        #expect(await iterator.next() == .bytes([UInt8](repeating: 0, count: 32_767)))
                        try await untilCancelled()
                    }
                    return isOver.withLock { $0 = true }
                }
            }
        }
        defer { serving.cancel() }
        let total = await sent.value
        #expect(total > 32_768 && total < limit / 4)
        try await eventually("it ends with its client") { isOver.withLock { $0 } }
    }
}
