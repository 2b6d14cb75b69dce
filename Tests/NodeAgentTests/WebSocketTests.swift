import ApusTesting
import Dispatch
import Glibc
import NIOCore
import NIOPosix
import NIOWebSocket
import Testing

@testable import NodeAgent

/// A client's end of the channel protocols, on a socket of the machine's.
@Suite(.serialized) struct WebSocketTests {
    /// Sends input until nothing more is taken for a second, or far too much was; then goes without a word.
    private static func flood(port: Int, limit: Int) -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { return -1 }
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        // A final binary frame of 32 KiB under a mask that changes nothing; stream 0 is input.
        let frame: [UInt8] = [0x82, 0x80 | 126, 0x80, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 32_768)
        var total = 0
        var rest = frame[...]
        while total < limit {
            var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&wait, 1, 1000) > 0 else { break }
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
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0) {
            channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: 1 << 24)))
                try channel.pipeline.syncOperations.addHandler(WebSocketFrameEncoder())
                return try NIOAsyncChannel<WebSocketFrame, WebSocketFrame>(wrappingChannelSynchronously: channel)
            }
        }
        let port = try #require(server.channel.localAddress?.port)
        let limit = 256 << 20
        let sent = Task {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async { continuation.resume(returning: Self.flood(port: port, limit: limit)) }
            }
        }
        try await server.executeThenClose { connections in
            for try await connection in connections {
                // Ends although the body reads one message and then no more.
                try? await WebSocketConnection(connection).serve { input, _ in
                    var iterator = input.makeAsyncIterator()
                    #expect(await iterator.next() == .bytes([UInt8](repeating: 0, count: 32_767)))
                    try await untilCancelled()
                }
                break
            }
        }
        let total = await sent.value
        #expect(total > 32_768 && total < limit / 4)
    }
}
