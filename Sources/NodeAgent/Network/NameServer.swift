import Logging
import NIOCore
import NIOPosix

/// The cluster's name server: its own names from the table, all others from the machine's resolvers.
struct NameServer: Sendable {
    let address: String
    let port: Int
    let table: NameTable
    /// `address` of each resolver of the machine.
    let upstream: [String]
    var upstreamPort = 53
    let log: Logger

    /// How many names that stand for others may follow on each other.
    private static let maximumAliases = 8

    /// Serves until cancelled.
    func run() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let datagrams = try await DatagramBootstrap(group: group)
            .channelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: address, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<AddressedEnvelope<ByteBuffer>, AddressedEnvelope<ByteBuffer>>(
                        wrappingChannelSynchronously: channel)
                }
            }
        let streams = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: address, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await serve(datagrams) }
            tasks.addTask {
                try await streams.executeThenClose { inbound in
                    try await withThrowingDiscardingTaskGroup { connections in
                        for try await connection in inbound { connections.addTask { await serve(connection) } }
                    }
                }
            }
            try await tasks.waitForAll()
        }
    }

    private func serve(
        _ channel: NIOAsyncChannel<AddressedEnvelope<ByteBuffer>, AddressedEnvelope<ByteBuffer>>
    ) async throws {
        try await channel.executeThenClose { inbound, outbound in
            await withDiscardingTaskGroup { group in
                do {
                    for try await envelope in inbound {
                        group.addTask {
                            let answer = await respond(Array(buffer: envelope.data), limit: 512)
                            guard let answer else { return }
                            try? await outbound.write(
                                AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: ByteBuffer(bytes: answer)))
                        }
                    }
                } catch {
                    log.debug("name server stopped", metadata: ["error": "\(error)"])
                }
                group.cancelAll()
            }
        }
    }

    /// Messages on a stream are preceded by their length.
    private func serve(_ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async {
        try? await connection.executeThenClose { inbound, outbound in
            var pending: [UInt8] = []
            for try await buffer in inbound {
                pending += Array(buffer: buffer)
                while pending.count >= 2 {
                    let length = Int(pending[0]) << 8 | Int(pending[1])
                    guard pending.count >= 2 + length else { break }
                    let query = Array(pending[2..<(2 + length)])
                    pending.removeFirst(2 + length)
                    guard let answer = await respond(query, limit: 65_535) else { return }
                    try await outbound.write(ByteBuffer(bytes: [UInt8(answer.count >> 8), UInt8(answer.count & 255)] + answer))
                }
            }
        }
    }

    func respond(_ query: [UInt8], limit: Int) async -> [UInt8]? {
        guard let message = DNSMessage(query) else { return nil }
        // That a name is not there would be believed; that it could not be looked up is asked again.
        guard !table.isUnknownYet(message.question.name) else { return message.failure() }
        if let answer = table.answer(message.question) {
            guard let whole = await followed(answer, message) else { return message.failure() }
            return message.reply(whole, limit: limit)
        }
        return await ask(query) ?? message.failure()
    }

    /// An answer with the addresses of the name that the asked one stands for: the resolvers of C libraries do not ask again.
    /// - Returns: nil where those cannot be looked up.
    private func followed(_ answer: DNSMessage.Answer, _ message: DNSMessage) async -> DNSMessage.Answer? {
        guard [.address, .longAddress, .any].contains(message.question.type) else { return answer }
        var answer = answer
        var name = message.question.name
        for _ in 0..<Self.maximumAliases {
            guard let target = table.alias(name) else { return answer }
            guard !table.isUnknownYet(target) else { return nil }
            if let found = table.answer(.init(name: target, type: message.question.type)) {
                answer.records += found.records
                answer.exists = found.exists
                name = target
                continue
            }
            let query = message.query(for: target)
            guard let bytes = await ask(query), let response = DNSResponse(bytes, to: query, name: target),
                response.code == 0 || response.code == 3
            else { return nil }
            answer.records += response.records
            answer.exists = response.code == 0
            return answer
        }
        return nil
    }

    /// What the first of the machine's resolvers says that says anything.
    private func ask(_ query: [UInt8]) async -> [UInt8]? {
        for resolver in upstream {
            if let answer = try? await forward(query, to: resolver), answer.count >= 2, answer[..<2] == query[..<2] {
                return answer
            }
        }
        return nil
    }

    private func forward(_ query: [UInt8], to resolver: String) async throws -> [UInt8]? {
        let remote = try SocketAddress(ipAddress: resolver, port: upstreamPort)
        let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "0.0.0.0", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<AddressedEnvelope<ByteBuffer>, AddressedEnvelope<ByteBuffer>>(
                        wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(AddressedEnvelope(remoteAddress: remote, data: ByteBuffer(bytes: query)))
            return try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
                group.addTask {
                    for try await envelope in inbound { return Array(buffer: envelope.data) }
                    return nil
                }
                group.addTask {
                    try await Task.sleep(for: .seconds(3))
                    return nil
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
        }
    }
}
