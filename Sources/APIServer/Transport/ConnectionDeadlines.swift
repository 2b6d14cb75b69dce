import NIOCore
import NIOHTTP1

/// How long clients may take, so that those which never finish do not hold connections for ever. The numbers are upstream's.
struct ConnectionTimes: Sendable {
    /// From the connection to the end of the first request's head, TLS included.
    var firstHead = TimeAmount.seconds(32)
    /// From the head of a request to the end of its body.
    var body = TimeAmount.seconds(60)
    /// Between the end of an answer and the end of the next request's head.
    var idle = TimeAmount.seconds(90)
    /// How long a client may leave an answer unread when the buffers to it are full.
    var stall = TimeAmount.seconds(30)
}

/// Closes a connection over which no whole request head came in time. Taken away once there is one.
final class FirstHeadDeadline: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    static let name = "apus.first-head-deadline"

    private let limit: TimeAmount
    private var timer: Scheduled<Void>?

    init(_ limit: TimeAmount) { self.limit = limit }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: limit) { channel.close(mode: .all, promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
    }
}

/// Follows the requests of a connection and closes it when the client takes too long to send one or to read an answer.
final class RequestDeadlines: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let times: ConnectionTimes
    /// Waits for the client to send.
    private var reading: Scheduled<Void>?
    /// Waits for the client to read.
    private var writing: Scheduled<Void>?

    init(_ times: ConnectionTimes) { self.times = times }

    private func arm(_ limit: TimeAmount, _ context: ChannelHandlerContext) -> Scheduled<Void> {
        let channel = context.channel
        return context.eventLoop.scheduleTask(in: limit) { channel.close(mode: .all, promise: nil) }
    }

    private func awaitClient(_ limit: TimeAmount?, _ context: ChannelHandlerContext) {
        reading?.cancel()
        reading = limit.map { arm($0, context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: awaitClient(times.body, context)
        case .body: break
        case .end: awaitClient(nil, context)
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { awaitClient(times.idle, context) }
        context.write(data, promise: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writing?.cancel()
        writing = context.channel.isWritable ? nil : arm(times.stall, context)
        context.fireChannelWritabilityChanged()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        reading?.cancel()
        writing?.cancel()
    }
}
