import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Opens an upgraded connection to a kubelet and leaves a channel of plain bytes.
enum KubeletHandshake {
    struct Refused: Error, CustomStringConvertible {
        var status: String
        var description: String { "the node refused the connection: \(status)" }
    }

    static func dial(
        _ target: KubeletTarget, head: HTTPRequestHead, tls: NIOSSLContext, group: any EventLoopGroup
    ) async throws -> PipeUpgrader.Connection {
        let loop = group.next()
        let answer = loop.makePromise(of: HandshakeHandler.Answer.self)
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: loop)
                .connectTimeout(.seconds(10))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil))
                        try pipeline.addHandler(HTTPRequestEncoder(), name: "encoder")
                        try pipeline.addHandler(
                            ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes)), name: "decoder")
                        try pipeline.addHandler(HandshakeHandler(answer), name: "handshake")
                    }
                }
                .connect(host: target.host, port: target.port).get()
        } catch {
            answer.fail(error)
            throw error
        }
        var headers = HTTPHeaders()
        headers.add(name: "Host", value: "\(target.host):\(target.port)")
        for (name, value) in head.headers {
            let lower = name.lowercased()
            if ["host", "authorization"].contains(lower) || lower.hasPrefix("impersonate-") { continue }
            headers.add(name: name, value: value)
        }
        let request = HTTPRequestHead(version: .http1_1, method: head.method, uri: target.path, headers: headers)
        channel.write(HTTPClientRequestPart.head(request), promise: nil)
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        let (response, pipe) = try await answer.futureResult.get()
        var passed = HTTPHeaders()
        for (name, value) in response.headers where !["connection", "upgrade"].contains(name.lowercased()) {
            passed.add(name: name, value: value)
        }
        return PipeUpgrader.Connection(channel: channel, pipe: pipe, responseHeaders: passed)
    }
}

/// Waits for the node's answer, and leaves a pipe in the place of HTTP where the node agrees.
private final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias Answer = (HTTPResponseHead, NIOLoopBound<PipeHandler>)

    private let answer: EventLoopPromise<Answer>
    private var head: HTTPResponseHead?
    private var isAnswered = false

    init(_ answer: EventLoopPromise<Answer>) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isAnswered else { return }
        switch unwrapInboundIn(data) {
        case .head(let head) where head.status == .switchingProtocols: self.head = head
        case .head(let head):
            isAnswered = true
            let line = "\(head.status.code) \(head.status.reasonPhrase)"
            answer.fail(KubeletHandshake.Refused(status: head.headers.first(name: "Upgrade-Refused") ?? line))
            context.close(promise: nil)
        case .body: break
        case .end: if let head { beginPipe(context, head) }
        }
    }

    /// From here on bytes are bytes. The decoder hands what came behind the answer to whoever is after it when it is removed, so the
    /// pipe is there before, and before anything else can arrive.
    private func beginPipe(_ context: ChannelHandlerContext, _ head: HTTPResponseHead) {
        isAnswered = true
        let pipe = PipeHandler(drains: true)
        let bound = NIOLoopBound(pipe, eventLoop: context.eventLoop)
        let pipeline = context.pipeline.syncOperations
        do {
            try pipeline.addHandler(pipe)
        } catch {
            answer.fail(error)
            return
        }
        for name in ["handshake", "encoder"] { pipeline.removeHandler(name: name, promise: nil) }
        let answer = answer
        pipeline.removeHandler(name: "decoder").whenComplete { result in
            answer.completeWith(result.map { (head, bound) })
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isAnswered {
            isAnswered = true
            answer.fail(ChannelError.eof)
        }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if !isAnswered {
            isAnswered = true
            answer.fail(error)
        }
        context.close(promise: nil)
    }
}
