import NIOCore
import NIOHTTP1

/// The last handler of a client's connection: makes an ``Exchange`` of each request and writes its response.
///
/// It reads on while a response is awaited, unlike NIO's own pipelining handler, because only reading notices that the
/// client has gone; a pipelined request is kept back meanwhile.
final class FrontHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let maximumHeldParts = 64

    private let worker: LoopWorker
    private var context: ChannelHandlerContext?
    private var exchange: Exchange?
    /// Parts of requests that came before the one under way was answered.
    private var held = CircularBuffer<HTTPServerRequestPart>()
    private var requestIsComplete = true
    private var isClosing = false
    /// The last response is written; what the client still sends of its request is discarded.
    private var isAnswered = false
    private var isPausedByExchange = false

    init(_ worker: LoopWorker) {
        self.worker = worker
    }

    var clientAddress: String? { context?.channel.remoteAddress?.ipAddress }
    var isWritable: Bool { context?.channel.isWritable ?? false }
    var isDraining: Bool { worker.isDraining }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        worker.fronts[ObjectIdentifier(self)] = self
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        worker.fronts[ObjectIdentifier(self)] = nil
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        guard !isClosing else {
            if case .end = part, isAnswered { context.close(promise: nil) }
            return
        }
        if exchange != nil, requestIsComplete || !held.isEmpty {
            held.append(part)
            updateReading()
        } else {
            take(part)
        }
    }

    private func take(_ part: HTTPServerRequestPart) {
        switch part {
        case .head(let head):
            requestIsComplete = false
            let exchange = Exchange(head: head, front: self, worker: worker)
            self.exchange = exchange
            if head.headers.first(name: "Expect")?.lowercased() == "100-continue" {
                context?.writeAndFlush(wrapOutboundOut(.head(.init(version: .http1_1, status: .continue))), promise: nil)
            }
            exchange.begin()
        case .body(let buffer):
            exchange?.receive(buffer)
        case .end:
            requestIsComplete = true
            exchange?.receiveEnd()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosing = true
        let exchange = self.exchange
        self.exchange = nil
        exchange?.clientGone()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Malformed requests were answered with 400 by the handler before this one.
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            if let exchange {
                if !requestIsComplete {
                    exchange.clientStalled()
                } else if exchange.isWaitingForClient {
                    context.close(promise: nil)
                }
            } else {
                context.close(promise: nil)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { exchange?.clientBecameWritable() }
        context.fireChannelWritabilityChanged()
    }

    // MARK: What an exchange does

    func pauseReading(_ isPaused: Bool) {
        isPausedByExchange = isPaused
        updateReading()
    }

    private func updateReading() {
        guard let options = context?.channel.syncOptions else { return }
        try? options.setOption(.autoRead, value: !isPausedByExchange && held.count < Self.maximumHeldParts)
    }

    func writeHead(_ head: HTTPResponseHead) {
        context?.write(wrapOutboundOut(.head(head)), promise: nil)
    }

    func writeBody(_ buffer: ByteBuffer) {
        context?.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
    }

    func flush() {
        context?.flush()
    }

    /// Ends the response; then the connection serves the next request, or closes.
    func finish(keepAlive: Bool) {
        guard let context else { return }
        exchange = nil
        guard keepAlive, requestIsComplete, !isDraining else {
            isClosing = true
            held.removeAll()
            pauseReading(false)
            let isComplete = requestIsComplete
            let channel = context.channel
            context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { [self] _ in
                isAnswered = true
                if isComplete { return channel.close(promise: nil) }
                // Closing with unread data would reset the connection, and the response could be lost with it. So the
                // rest of the request is read, for a while.
                channel.eventLoop.scheduleTask(in: .seconds(5)) { channel.close(promise: nil) }
            }
            return
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        isPausedByExchange = false
        while exchange == nil || !requestIsComplete, let part = held.popFirst() { take(part) }
        updateReading()
    }

    /// Cuts the connection: the only way to tell a client that a response is not whole.
    func close() {
        context?.close(promise: nil)
    }

    func drain() {
        if exchange == nil { close() }
    }
}
