import NIOCore
import NIOEmbedded
import Testing

@testable import APIServer

/// The two ends of an upgraded connection, without sockets.
struct PipeTests {
    /// Takes writes and is never done with them until it is told to be.
    private final class SlowWrites: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer

        private(set) var text = ""
        private var promises: [EventLoopPromise<Void>] = []

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            text += String(buffer: unwrapOutboundIn(data))
            if let promise { promises.append(promise) }
        }

        func finish() {
            for promise in promises { promise.succeed() }
            promises = []
        }
    }

    /// Counts how often more is asked for.
    private final class Reads: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer

        private(set) var count = 0

        func read(context: ChannelHandlerContext) {
            count += 1
            context.read()
        }
    }

    private func connected(_ handlers: any ChannelHandler...) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(handlers: handlers)
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/nowhere")).wait()
        return channel
    }

    @Test func whatComesBeforeThePipeIsOpenIsKept() throws {
        let writes = SlowWrites()
        let client = try connected(writes)
        let reads = Reads()
        let pipe = PipeHandler(drains: true)
        let node = try connected(reads, pipe)
        let before = reads.count
        try node.writeInbound(ByteBuffer(string: "first,"))
        try node.writeInbound(ByteBuffer(string: "second,"))
        node.read()
        #expect(reads.count == before, "no more is read than can be kept")
        pipe.open(to: client)
        #expect(writes.text == "first,second,")
        #expect(reads.count == before + 1)
        try node.writeInbound(ByteBuffer(string: "third"))
        #expect(writes.text == "first,second,third")
    }

    @Test func aNodeThatEndsBeforeThePipeIsOpenIsHeardOut() throws {
        let writes = SlowWrites()
        let client = try connected(writes)
        let pipe = PipeHandler(drains: true)
        let node = try connected(pipe)
        try node.writeInbound(ByteBuffer(string: "all"))
        try node.close().wait()
        pipe.open(to: client)
        #expect(writes.text == "all")
        #expect(client.isActive, "its last bytes are still on their way")
        writes.finish()
        #expect(!client.isActive)
    }

    @Test func aPipeThatDoesNotDrainEndsAtOnce() throws {
        let node = try connected(SlowWrites())
        let client = try connected(PipeHandler(peer: node, drains: false))
        try client.writeInbound(ByteBuffer(string: "input that nobody reads"))
        #expect(node.isActive)
        try client.close().wait()
        #expect(!node.isActive)
    }
}
