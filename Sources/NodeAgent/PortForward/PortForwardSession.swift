import NIOCore

/// `kubectl port-forward`: for each connection at the client's end two SPDY streams, one for what went wrong and one for data,
/// which belong together by their header `requestid`.
///
/// Source: `portforward.k8s.io` of upstream's kubelet (`pkg/kubelet/portforward/httpstream.go`).
struct PortForwardSession: Sendable {
    static let streamProtocol = "portforward.k8s.io"
    /// Connections of one client at a time.
    private static let maximumConnections = 1_000

    /// Of the pod, for messages: `namespace/name`.
    let pod: String
    let socket: PodSocket

    func run(_ next: () async throws -> [UInt8]?, _ sink: any ByteSink) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            var reader = try SPDYReader()
            let writer = try SPDYWriter()
            var table = PortForwardTable()
            while let bytes = try await next() {
                reader.append(bytes)
                while let frame = try reader.next() {
                    switch table.take(frame, maximumConnections: Self.maximumConnections) {
                    case .nothing: break
                    case .answer(let frames): for answer in frames { try await sink.send(try writer.bytes(answer)) }
                    case .connect(let pair):
                        try await sink.send(try writer.bytes(.accept(stream: pair.later)))
                        await connect(pair, &table, &group, sink)
                    case .write(let connection, let bytes, let isLast):
                        // Until it is taken nothing more is read: who sends faster than the pod reads has to wait.
                        if !bytes.isEmpty { try? await connection.writeAndFlush(ByteBuffer(bytes: bytes)).get() }
                        if isLast { try? await connection.close(mode: .output).get() }
                    case .drop(let connection): try? await connection.close().get()
                    }
                }
            }
            group.cancelAll()
        }
    }

    private func connect(
        _ pair: PortForwardTable.Pair, _ table: inout PortForwardTable, _ group: inout ThrowingDiscardingTaskGroup<any Error>,
        _ sink: any ByteSink
    ) async {
        let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
        do {
            channel = try await socket.connect(port: pair.port)
        } catch {
            let message = "error forwarding port \(pair.port) to pod \(pod): \(error)"
            try? await sink.send(SPDYWriter.data(pair.error, Array(message.utf8), isLast: true))
            try? await sink.send(SPDYWriter.data(pair.data, [], isLast: true))
            return table.forget(pair)
        }
        table.join(pair, channel.channel)
        group.addTask {
            try? await channel.executeThenClose { inbound, _ in
                for try await buffer in inbound {
                    try await sink.send(SPDYWriter.data(pair.data, Array(buffer: buffer), isLast: false))
                }
            }
            try? await sink.send(SPDYWriter.data(pair.data, [], isLast: true))
            try? await sink.send(SPDYWriter.data(pair.error, [], isLast: true))
        }
    }
}

/// Which streams a client has opened, and what each frame asks for. Does nothing itself.
struct PortForwardTable {
    struct Pair: Equatable {
        var port: Int
        var data: UInt32
        var error: UInt32
        /// The stream that completed the pair, and is still to be accepted.
        var later: UInt32
    }

    enum Step {
        case nothing
        case answer([SPDYFrame])
        /// Both streams of a connection are there.
        case connect(Pair)
        case write(any Channel, bytes: [UInt8], isLast: Bool)
        case drop(any Channel)
    }

    private struct Half {
        var port: Int
        var stream: UInt32
        var isError: Bool
    }

    /// Streams that wait for their other half, by `requestid`.
    private var halves: [String: Half] = [:]
    /// By data stream.
    private var connections: [UInt32: any Channel] = [:]
    private var lastStream: UInt32 = 0

    mutating func take(_ frame: SPDYFrame, maximumConnections: Int) -> Step {
        switch frame {
        case .open(let stream, let headers, _): return open(stream, headers, maximumConnections)
        case .data(let stream, let bytes, let isLast):
            // What is written to an error stream says nothing, nor what comes for a connection that is over.
            guard let channel = connections[stream] else { return .nothing }
            return .write(channel, bytes: bytes, isLast: isLast)
        case .reset(let stream, _):
            halves = halves.filter { $0.value.stream != stream }
            return connections.removeValue(forKey: stream).map { .drop($0) } ?? .nothing
        case .ping(let number): return .answer([.ping(number)])
        case .accept, .goAway, .other: return .nothing
        }
    }

    mutating func join(_ pair: Pair, _ channel: any Channel) { connections[pair.data] = channel }

    mutating func forget(_ pair: Pair) { connections[pair.data] = nil }

    private mutating func open(_ stream: UInt32, _ headers: [String: String], _ maximumConnections: Int) -> Step {
        guard stream > lastStream else { return .answer([.reset(stream: stream, status: .protocolError)]) }
        lastStream = stream
        connections = connections.filter { $0.value.isActive }
        guard let type = headers["streamtype"], ["error", "data"].contains(type), let port = Int(headers["port"] ?? ""),
            (1...65_535).contains(port), connections.count < maximumConnections, halves.count < maximumConnections
        else { return .answer([.reset(stream: stream, status: .refusedStream)]) }
        // Clients from before the header number their streams so that the data's follows the error's.
        let request = headers["requestid"] ?? String(type == "error" ? stream : stream - 2)
        let half = Half(port: port, stream: stream, isError: type == "error")
        guard let other = halves[request] else {
            halves[request] = half
            return .answer([.accept(stream: stream)])
        }
        guard other.isError != half.isError, other.port == port else {
            return .answer([.reset(stream: stream, status: .protocolError)])
        }
        halves[request] = nil
        let (error, data) = half.isError ? (stream, other.stream) : (other.stream, stream)
        return .connect(Pair(port: port, data: data, error: error, later: stream))
    }
}
