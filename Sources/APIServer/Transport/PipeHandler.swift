import NIOCore
import Synchronization

/// Passes bytes on to another channel, no faster than that channel takes them, and closes with it.
final class PipeHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let peer: any Channel

    init(peer: any Channel) { self.peer = peer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        peer.writeAndFlush(unwrapInboundIn(data), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        peer.close(promise: nil)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        peer.close(promise: nil)
        context.close(promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        // Stop reading from the other side while this one cannot take more.
        let isWritable = context.channel.isWritable
        peer.setOption(.autoRead, value: isWritable).whenComplete { _ in }
        context.fireChannelWritabilityChanged()
    }
}

/// The node's side of an upgrade between the two calls of the upgrader.
final class NIOLockedBackend: Sendable {
    private let channel = Mutex<(any Channel)?>(nil)

    func set(_ channel: any Channel) { self.channel.withLock { $0 = channel } }

    func take() -> (any Channel)? {
        channel.withLock { channel in
            defer { channel = nil }
            return channel
        }
    }
}
