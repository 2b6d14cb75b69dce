import NIOCore
import Synchronization

/// Passes bytes on to another channel, no faster than that channel takes them, and closes with it.
///
/// Until there is another channel, what has come is kept, and no more is read.
final class PipeHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private var peer: (any Channel)?
    private var kept: [ByteBuffer] = []
    private var hasEnded = false
    private var isReadAwaited = false
    private var context: ChannelHandlerContext?
    private var lastWrite: EventLoopFuture<Void>?
    private let drains: Bool

    /// - Parameters:
    ///   - peer: nil leaves the pipe to be opened later.
    ///   - drains: Whether the peer is not closed before it has the last bytes: closing throws away what still waits to be sent.
    init(peer: (any Channel)? = nil, drains: Bool) {
        self.peer = peer
        self.drains = drains
    }

    /// Begins to pass on, with what was kept.
    func open(to peer: any Channel) {
        self.peer = peer
        for bytes in kept { pass(bytes, to: peer) }
        kept = []
        if hasEnded { close(peer) }
        if isReadAwaited { context?.read() }
    }

    private func pass(_ bytes: ByteBuffer, to peer: any Channel) {
        if drains { lastWrite = peer.writeAndFlush(bytes) } else { peer.writeAndFlush(bytes, promise: nil) }
    }

    private func close(_ peer: any Channel) {
        guard let lastWrite else { return peer.close(promise: nil) }
        lastWrite.whenComplete { _ in peer.close(promise: nil) }
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func read(context: ChannelHandlerContext) {
        if peer == nil { isReadAwaited = true } else { context.read() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if let peer { pass(bytes, to: peer) } else { kept.append(bytes) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        hasEnded = true
        if let peer { close(peer) }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let peer { close(peer) }
        context.close(promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        // Stop reading from the other side while this one cannot take more.
        let isWritable = context.channel.isWritable
        peer?.setOption(.autoRead, value: isWritable).whenComplete { _ in }
        context.fireChannelWritabilityChanged()
    }
}

/// The node's side of an upgrade between the two calls of the upgrader.
final class NIOLockedBackend: Sendable {
    private let connection = Mutex<PipeUpgrader.Connection?>(nil)

    func set(_ connection: PipeUpgrader.Connection) { self.connection.withLock { $0 = connection } }

    func take() -> PipeUpgrader.Connection? {
        connection.withLock { connection in
            defer { connection = nil }
            return connection
        }
    }
}
