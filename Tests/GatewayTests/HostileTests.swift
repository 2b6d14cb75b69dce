import ApusTesting
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Gateway

/// Bytes as an attacker or a broken client sends them.
@Suite(.serialized) struct HostileTests {
    /// Sends bytes, reads until the gateway closes or `enough` is satisfied.
    func exchange(_ port: Int, _ text: String, enough: @escaping @Sendable (String) -> Bool = { _ in false }) async throws
        -> String
    {
        let received = Received()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Collector(received)) }
            }
            .connect(host: "127.0.0.1", port: port).get()
        try? await channel.writeAndFlush(ByteBuffer(string: text))
        try await eventually("the gateway answers or closes") { !channel.isActive || enough(received.text) }
        try? await channel.close()
        return received.text
    }

    @Test func malformedRequestsAreRefusedAndNothingReachesTheBackend() async throws {
        let backend = try await TestBackend { _ in .response(200, "reached") }
        let gateway = try await TestGateway(TestGateway.routes([("tickets-1", 100, [backend.port])]))
        let path = "/default/tickets/x"
        for text in [
            "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\r\n\r\n",
            "GET\r\n\r\n",
            "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
            "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
            "POST \(path) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "GET \(path) HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 200_000))\r\n\r\n",
        ] {
            let answer = try await exchange(gateway.port, text)
            #expect(!answer.contains("reached"), "\(text.prefix(60))")
            #expect(
                answer.isEmpty || answer.hasPrefix("HTTP/1.1 400") || answer.hasPrefix("HTTP/1.1 431"), "\(answer.prefix(60))")
        }
        #expect(backend.requests.isEmpty)
        #expect(try await gateway.request().body == "reached", "the gateway serves on")
        await gateway.stop()
        try await backend.stop()
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        let backend = try await TestBackend { request in
            request.head.uri == "/slow" ? .delayed(.milliseconds(100), "slow") : .response(200, "quick")
        }
        let gateway = try await TestGateway(TestGateway.routes([("tickets-1", 100, [backend.port])]))
        let one = "GET /default/tickets/slow HTTP/1.1\r\nHost: a\r\n\r\n"
        let two = "POST /default/tickets/quick HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
        let three = "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        let answer = try await exchange(gateway.port, one + two + three)
        let slow = try #require(answer.range(of: "slow")?.lowerBound)
        let quick = try #require(answer.range(of: "quick")?.lowerBound)
        let own = try #require(answer.range(of: "ok\n")?.lowerBound)
        #expect(slow < quick && quick < own)
        await gateway.stop()
        try await backend.stop()
    }

    @Test func oldAndWaryClientsAreServed() async throws {
        let backend = try await TestBackend { request in
            request.head.method == .HEAD ? .response(200, "") : .response(200, "body of \(request.body.readableBytes)")
        }
        let gateway = try await TestGateway(TestGateway.routes([("tickets-1", 100, [backend.port])]))
        let old = try await exchange(gateway.port, "GET /default/tickets/x HTTP/1.0\r\n\r\n")
        #expect(old.hasPrefix("HTTP/1.0 200") && old.hasSuffix("body of 0"))
        let wary = try await exchange(
            gateway.port,
            "POST /default/tickets/x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc"
        )
        #expect(wary.hasPrefix("HTTP/1.1 100") && wary.hasSuffix("body of 3"))
        await gateway.stop()
        try await backend.stop()
    }

    @Test func hugeBodiesAreRefusedBeforeTheyAreReceived() async throws {
        let backend = try await TestBackend { _ in .response(200, "reached") }
        let gateway = try await TestGateway(
            TestGateway.routes([("tickets-1", 100, [backend.port])]), adjust: { $0.maximumBodyBytes = 100_000 })
        let head = "POST /default/tickets/x HTTP/1.1\r\nHost: a\r\n"
        let chunk = "8000\r\n\(String(repeating: "x", count: 0x8000))\r\n"
        for request in [
            head + "Content-Length: 99999999999\r\n\r\n",
            head + "Transfer-Encoding: chunked\r\n\r\n" + String(repeating: chunk, count: 20) + "0\r\n\r\n",
        ] {
            let answer = try await exchange(gateway.port, request) { $0.contains("BodyTooLarge") }
            #expect(answer.hasPrefix("HTTP/1.1 413") && answer.contains("BodyTooLarge"))
        }
        #expect(backend.requests.isEmpty)
        await gateway.stop()
        try await backend.stop()
    }

    @Test func aClientThatDoesNotReadIsCutOff() async throws {
        let backend = try await TestBackend { _ in .response(200, String(repeating: "x", count: 64 << 20)) }
        let gateway = try await TestGateway(
            TestGateway.routes([("tickets-1", 100, [backend.port])]), adjust: { $0.clientIdleTimeout = .milliseconds(300) })
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: false)
            .connect(host: "127.0.0.1", port: gateway.port).get()
        try await channel.writeAndFlush(ByteBuffer(string: "GET /default/tickets/x HTTP/1.1\r\nHost: a\r\n\r\n"))
        try await eventually("the backend has answered") { backend.requests.count == 1 }
        try await eventually("the backend is free again") { backend.connections == 0 }
        try? await channel.close()
        await gateway.stop()
        try await backend.stop()
    }

    @Test func aClientThatStopsInTheMiddleIsNotWaitedForForever() async throws {
        let backend = try await TestBackend { _ in .response(200, "reached") }
        let gateway = try await TestGateway(
            TestGateway.routes([("tickets-1", 100, [backend.port])]), adjust: { $0.clientIdleTimeout = .milliseconds(200) })
        let half = try await exchange(
            gateway.port, "POST /default/tickets/x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nonly this")
        #expect(half.hasPrefix("HTTP/1.1 408") && half.contains("RequestTimeout"))
        #expect(try await exchange(gateway.port, "GET /default/ti").isEmpty)
        #expect(backend.requests.isEmpty)
        await gateway.stop()
        try await backend.stop()
    }
}

final class Received: Sendable {
    private let bytes = Mutex(ByteBuffer())
    var text: String { bytes.withLock { String(buffer: $0) } }
    func append(_ buffer: ByteBuffer) { bytes.withLock { _ = $0.writeImmutableBuffer(buffer) } }
}

private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let received: Received

    init(_ received: Received) { self.received = received }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { received.append(unwrapInboundIn(data)) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
