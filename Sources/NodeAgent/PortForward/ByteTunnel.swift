import NIOCore
import NIOWebSocket

/// Bytes both ways, however they travel.
protocol ByteTunnel: Sendable {
    /// Runs the body with a way to wait for what the client sends next, nil at its end, and a way to answer; then closes.
    func serve(_ body: (() async throws -> [UInt8]?, any ByteSink) async throws -> Void) async throws
}

protocol ByteSink: Sendable {
    func send(_ bytes: [UInt8]) async throws
}

/// Bytes of a connection that was upgraded to `SPDY/3.1`.
struct PlainTunnel: ByteTunnel {
    let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private struct Sink: ByteSink {
        let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        func send(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }
    }

    func serve(_ body: (() async throws -> [UInt8]?, any ByteSink) async throws -> Void) async throws {
        try await channel.executeThenClose { inbound, outbound in
            var iterator = inbound.makeAsyncIterator()
            try await body({ try await iterator.next().map { Array(buffer: $0) } }, Sink(outbound: outbound))
        }
    }
}

/// The same bytes in the binary messages of a WebSocket, cut anywhere: subprotocol `SPDY/3.1+portforward.k8s.io`.
struct WebSocketTunnel: ByteTunnel {
    let channel: NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

    private struct Sink: ByteSink {
        let outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>
        func send(_ bytes: [UInt8]) async throws {
            try await outbound.write(WebSocketFrame(fin: true, opcode: .binary, data: ByteBuffer(bytes: bytes)))
        }
    }

    func serve(_ body: (() async throws -> [UInt8]?, any ByteSink) async throws -> Void) async throws {
        try await channel.executeThenClose { inbound, outbound in
            var iterator = inbound.makeAsyncIterator()
            try await body(
                {
                    while let frame = try await iterator.next() {
                        switch frame.opcode {
                        case .ping:
                            try await outbound.write(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData))
                        case .connectionClose: return nil
                        case .binary, .continuation: return Array(buffer: frame.unmaskedData)
                        default: continue
                        }
                    }
                    return nil
                }, Sink(outbound: outbound))
            var reason = ByteBuffer()
            reason.write(webSocketErrorCode: .normalClosure)
            try await outbound.write(WebSocketFrame(fin: true, opcode: .connectionClose, data: reason))
        }
    }
}
