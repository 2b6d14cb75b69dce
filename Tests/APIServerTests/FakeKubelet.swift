import NIOCore
import NIOPosix
import NIOSSL

@testable import APIServer

/// The kubelet endpoint of a node, which does what a test says with a connection once a request's head has come over it.
final class FakeKubelet: Sendable {
    private let listener: any Channel

    init(_ answer: @escaping @Sendable (any Channel) -> Void) async throws {
        let identity = try ClusterCertificates(directory: nil).server(names: ["localhost"], addresses: ["127.0.0.1"])
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(identity.certificate.utf8)).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(identity.key.utf8), format: .pem))))
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    try channel.pipeline.syncOperations.addHandler(HeadHandler(answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    var port: Int { listener.localAddress?.port ?? 0 }

    func stop() { listener.close(promise: nil) }

    private final class HeadHandler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let answer: @Sendable (any Channel) -> Void
        private var head = ""
        private var isAnswered = false

        init(_ answer: @escaping @Sendable (any Channel) -> Void) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            head += String(buffer: unwrapInboundIn(data))
            guard !isAnswered, head.contains("\r\n\r\n") else { return }
            isAnswered = true
            answer(context.channel)
        }
    }
}
