import NIOCore
import NIOHTTP1

/// Who is told what happens on a connection to a backend while a request is under way there.
protocol BackendReceiver: AnyObject {
    func backendSent(_ part: HTTPClientResponsePart)
    func backendClosed(_ error: (any Error)?)
    func backendBecameWritable()
}

/// The last handler of a connection to a backend. It serves one request after the other.
final class BackendHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    var receiver: (any BackendReceiver)?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        receiver?.backendSent(unwrapInboundIn(data))
    }

    func channelInactive(context: ChannelHandlerContext) {
        let receiver = self.receiver
        self.receiver = nil
        receiver?.backendClosed(nil)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let receiver = self.receiver
        self.receiver = nil
        receiver?.backendClosed(error)
        context.close(promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { receiver?.backendBecameWritable() }
        context.fireChannelWritabilityChanged()
    }
}

/// An open connection to a backend.
struct BackendConnection {
    let backend: Backend
    let channel: any Channel
    let handler: BackendHandler
    /// Whether it has carried a request before.
    let isReused: Bool

    var reused: BackendConnection {
        BackendConnection(backend: backend, channel: channel, handler: handler, isReused: true)
    }
}
