import AsyncAlgorithms
import KubernetesTypes
import NIOCore
import NIOWebSocket

/// The subprotocols by which streams share one WebSocket.
enum WebSocketProtocol: String, Sendable {
    case channelsV5 = "v5.channel.k8s.io"
    case channelsV4 = "v4.channel.k8s.io"
    case tunnelledPorts = "SPDY/3.1+portforward.k8s.io"

    /// What an endpoint speaks, best first.
    static func spoken(at path: String) -> [WebSocketProtocol] {
        path.hasPrefix("/portForward/") ? [.tunnelledPorts] : [.channelsV5, .channelsV4]
    }

    static func choose(_ offered: [String], path: String) -> WebSocketProtocol? {
        spoken(at: path).first { offered.contains($0.rawValue) }
    }
}

/// What a client sends into a process.
enum StreamInput: Sendable, Equatable {
    case bytes([UInt8])
    case closed
    case resize(width: Int, height: Int)
}

/// The streams of one remote command, however they travel.
protocol RemoteStreams: Sendable {
    /// Runs the body with the client's input and a way to answer, then closes. No more input is read than the body takes. The body
    /// is cancelled when the client has gone.
    func serve(_ body: @escaping @Sendable (AsyncChannel<StreamInput>, any StreamSink) async throws -> Void) async throws
}

/// Where a process's output goes.
protocol StreamSink: Sendable {
    func standardOutput(_ bytes: [UInt8]) async throws
    func standardError(_ bytes: [UInt8]) async throws
    /// The last word: how the process ended.
    func finish(_ status: JSONValue) async throws
}

/// Streams by the channel protocols: the first byte of each message says which stream it belongs to.
struct WebSocketConnection: RemoteStreams {
    private let channel: NIOAsyncChannel<WebSocketFrame, WebSocketFrame>
    private let hasErrors: Bool
    private let pingPeriod: Duration

    /// - Parameters:
    ///   - hasErrors: whether errors have a stream of their own, which those of a terminal do not.
    ///   - pingPeriod: how often the client is asked whether it is there.
    init(
        _ channel: NIOAsyncChannel<WebSocketFrame, WebSocketFrame>, hasErrors: Bool = true, pingPeriod: Duration = .seconds(10)
    ) {
        self.channel = channel
        self.hasErrors = hasErrors
        self.pingPeriod = pingPeriod
    }

    private struct Sink: StreamSink {
        let outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>

        func send(_ stream: UInt8, _ bytes: [UInt8]) async throws {
            for start in stride(from: 0, to: max(1, bytes.count), by: 32_768) {
                var buffer = ByteBuffer(bytes: [stream])
                buffer.writeBytes(bytes[min(start, bytes.count)..<min(bytes.count, start + 32_768)])
                try await outbound.write(WebSocketFrame(fin: true, opcode: .binary, data: buffer))
            }
        }

        func standardOutput(_ bytes: [UInt8]) async throws { try await send(1, bytes) }
        func standardError(_ bytes: [UInt8]) async throws { try await send(2, bytes) }
        func finish(_ status: JSONValue) async throws { try await send(3, JSONSerializer.bytes(status)) }
    }

    func serve(_ body: @escaping @Sendable (AsyncChannel<StreamInput>, any StreamSink) async throws -> Void) async throws {
        // Told by the connection itself: who waits for room would not read that it has come to its end.
        let (life, end) = AsyncStream<Never>.makeStream()
        channel.channel.closeFuture.whenComplete { _ in end.finish() }
        try await channel.executeThenClose { inbound, outbound in
            let input = AsyncChannel<StreamInput>()
            let sink = Sink(outbound: outbound)
            let reader = Task {
                defer { input.finish() }
                var assembler = MessageAssembler()
                for try await frame in inbound {
                    switch frame.opcode {
                    case .ping:
                        try await outbound.write(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData))
                    case .connectionClose:
                        return
                    case .binary, .text, .continuation:
                        guard let message = try assembler.add(frame) else { continue }
                        for event in Self.events(message) { await input.send(event) }
                    default: break
                    }
                }
            }
            defer { reader.cancel() }
            // The upstream client takes the presence of the streams from a first empty message on each.
            try await sink.send(1, [])
            if hasErrors { try await sink.send(2, []) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await body(input, sink) }
                group.addTask { for await _ in life {} }
                // The end of a client that sent more than is read stands behind what is unread. Being spoken to, its machine tells.
                group.addTask {
                    while true {
                        try await Task.sleep(for: pingPeriod)
                        try await outbound.write(WebSocketFrame(fin: true, opcode: .ping, data: ByteBuffer()))
                    }
                }
                defer { group.cancelAll() }
                _ = try await group.next()
            }
            var reason = ByteBuffer()
            reason.write(webSocketErrorCode: .normalClosure)
            try await outbound.write(WebSocketFrame(fin: true, opcode: .connectionClose, data: reason))
        }
    }

    /// What one message means: 0 input, 4 terminal size, 255 the end of a stream.
    static func events(_ message: [UInt8]) -> [StreamInput] {
        guard let stream = message.first else { return [] }
        let bytes = Array(message.dropFirst())
        switch stream {
        case 0: return bytes.isEmpty ? [] : [.bytes(bytes)]
        case 4:
            guard let size = try? JSONParser.parse(bytes), let width = size["Width"]?.integer,
                let height = size["Height"]?.integer
            else { return [] }
            return [.resize(width: Int(width), height: Int(height))]
        case 255: return bytes.first == 0 ? [.closed] : []
        default: return []
        }
    }
}

/// Puts fragmented messages together.
private struct MessageAssembler {
    /// As large as one that comes in one piece may be.
    private static let maximumBytes = 1 << 24

    private var parts: [UInt8] = []

    mutating func add(_ frame: WebSocketFrame) throws -> [UInt8]? {
        guard parts.count + frame.data.readableBytes <= Self.maximumBytes else {
            throw NodeAgentError(.invalid, "a message of more than \(Self.maximumBytes) bytes was sent")
        }
        parts += Array(buffer: frame.unmaskedData)
        guard frame.fin else { return nil }
        defer { parts = [] }
        return parts
    }
}
