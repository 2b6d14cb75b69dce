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
        let answer = loop.makePromise(of: HTTPResponseHead.self)
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
        let response = try await answer.futureResult.get()
        guard response.status == .switchingProtocols else {
            channel.close(promise: nil)
            let line = "\(response.status.code) \(response.status.reasonPhrase)"
            throw Refused(status: response.headers.first(name: "Upgrade-Refused") ?? line)
        }
        // From here on bytes are bytes; what came behind the handshake is kept by the decoder's leftovers.
        try await channel.setOption(.autoRead, value: false).get()
        for name in ["handshake", "decoder", "encoder"] { try await channel.pipeline.removeHandler(name: name).get() }
        try await channel.setOption(.autoRead, value: true).get()
        var passed = HTTPHeaders()
        for (name, value) in response.headers where !["connection", "upgrade"].contains(name.lowercased()) {
            passed.add(name: name, value: value)
        }
        return PipeUpgrader.Connection(channel: channel, responseHeaders: passed)
    }
}

/// Waits for the head of the node's answer.
private final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let answer: EventLoopPromise<HTTPResponseHead>
    private var isAnswered = false

    init(_ answer: EventLoopPromise<HTTPResponseHead>) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data), !isAnswered {
            isAnswered = true
            answer.succeed(head)
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
