import ApusTesting
import Foundation
import KubernetesTypes
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Testing

@testable import APIServer

/// What streams between clients and kubelets: every byte, and no more at a time than is taken.
struct KubeletStreamTests {
    private static let token = "admintoken"
    private static let exec =
        "POST /api/v1/namespaces/default/pods/p/exec?command=sh&stdout=1 HTTP/1.1\r\nHost: x\r\n"
        + "Authorization: Bearer \(token)\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n"
    private static let switching =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n"

    // MARK: Upgrades

    /// A node's output may come together with its answer, right behind it, and be followed by its end.
    @Test(.timeLimit(.minutes(2)), arguments: [true, false])
    func nothingThatComesWithAnUpgradeIsLost(closes: Bool) async throws {
        let rest = String(repeating: "0123456789abcdef", count: 40_000)
        let kubelet = try await FakeKubelet { channel in
            channel.writeAndFlush(ByteBuffer(string: "\(Self.switching)first,"), promise: nil)
            channel.writeAndFlush(ByteBuffer(string: "second,"), promise: nil)
            channel.writeAndFlush(ByteBuffer(string: rest)).whenComplete { _ in
                if closes { channel.close(promise: nil) }
            }
        }
        defer { kubelet.stop() }
        let output = Array("first,second,\(rest)".utf8)
        try await withServer { ready in
            try await createPod(ready.core, kubeletPort: kubelet.port)
            // One attempt may be lucky.
            for _ in 0..<10 {
                let received = Received()
                let channel = try await connect(ready.port, received)
                try await channel.writeAndFlush(ByteBuffer(string: Self.exec))
                try await eventually("the whole output arrives, not only \(received.count) bytes", within: .seconds(20)) {
                    received.afterHead?.count == output.count
                }
                #expect(received.head.hasPrefix("HTTP/1.1 101"))
                // Not compared within the expectation, which would print all of it.
                let isSame = received.afterHead == output
                #expect(isSame)
                if closes { try await eventually("the end arrives too") { !channel.isActive } }
                channel.close(promise: nil)
            }
        }
    }

    /// A node that answers after the client has gone is not kept waiting for it.
    @Test(.timeLimit(.minutes(1))) func theNodesSideEndsWithTheClients() async throws {
        let node = Mutex<(any Channel)?>(nil)
        let kubelet = try await FakeKubelet { channel in node.withLock { $0 = channel } }
        defer { kubelet.stop() }
        try await withServer { ready in
            try await createPod(ready.core, kubeletPort: kubelet.port)
            let channel = try await connect(ready.port, Received())
            try await channel.writeAndFlush(ByteBuffer(string: Self.exec))
            let nodeSide = try await eventually("the node is asked") { node.withLock { $0 } }
            try await channel.close()
            try await nodeSide.writeAndFlush(ByteBuffer(string: Self.switching))
            try await eventually("the node's side ends") { !nodeSide.isActive }
        }
    }

    // MARK: Logs

    /// Far more than the sockets' buffers hold waits at the node until the client has taken what came before.
    @Test(.timeLimit(.minutes(3))) func anAnswerIsReadNoFasterThanItIsTaken() async throws {
        let piece = ByteBuffer(repeating: UInt8(ascii: "x"), count: 64 << 10)
        let pieces = 1024
        let total = pieces * piece.readableBytes
        let sent = Mutex(0)
        @Sendable func send(_ index: Int, to channel: any Channel) {
            guard index < pieces else { return }
            channel.writeAndFlush(piece).whenSuccess {
                sent.withLock { $0 += piece.readableBytes }
                send(index + 1, to: channel)
            }
        }
        let kubelet = try await FakeKubelet { channel in
            channel.writeAndFlush(ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n"), promise: nil)
            send(0, to: channel)
        }
        defer { kubelet.stop() }
        let answer = try await request(kubelet)
        #expect(answer.status == 200)
        guard case .stream(let produce) = answer.body else {
            Issue.record("the answer is a stream")
            return
        }
        let reader = SlowReader()
        let reading = Task { try await produce(reader) }
        var last = 0
        var unchanged = 0
        try await eventually("the node has to wait, or is done", within: .seconds(60), every: .milliseconds(20)) {
            let now = sent.withLock { $0 }
            unchanged = now == last ? unchanged + 1 : 0
            last = now
            return now == total || unchanged == 50 && reader.count > 0
        }
        #expect(last < total / 2, "\(last) of \(total) bytes were read for a client that took \(reader.count)")
        reader.gate.set(())
        try await reading.value
        #expect(reader.count == total)
    }

    /// An answer that nobody takes is given up, not kept open.
    @Test(.timeLimit(.minutes(1))) func anAnswerThatNobodyTakesIsGivenUp() async throws {
        let node = Mutex<(any Channel)?>(nil)
        let kubelet = try await FakeKubelet { channel in
            node.withLock { $0 = channel }
            channel.writeAndFlush(ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello"), promise: nil)
        }
        defer { kubelet.stop() }
        #expect(try await request(kubelet).status == 200)
        let nodeSide = try #require(node.withLock { $0 })
        try await eventually("the connection is closed") { !nodeSide.isActive }
    }

    // MARK: Set-up

    private func request(_ kubelet: FakeKubelet) async throws -> APIResponse {
        let certificates = try ClusterCertificates(directory: nil)
        let context = try APIServer.clientContext(
            try certificates.client(user: "apiserver", groups: []), authority: certificates.authority.certificate,
            verifies: false)
        return try await KubeletHTTP(tls: context, group: MultiThreadedEventLoopGroup.singleton).request(
            KubeletTarget(host: "127.0.0.1", port: kubelet.port, path: "/containerLogs/default/p/c"), method: "GET", headers: [],
            body: [])
    }

    private func withServer(_ body: (APIServer.Ready) async throws -> Void) async throws {
        let tokens = FileManager.default.temporaryDirectory.appending(path: "apus-tokens-\(UUID().uuidString).csv")
        try "\(Self.token),admin,admin,\"system:masters\"\n".write(to: tokens, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: tokens) }
        var configuration = APIServer.Configuration()
        configuration.port = 0
        configuration.tokenFile = tokens.path
        let server = APIServer(configuration: configuration)
        let running = Task { try await server.run() }
        defer { running.cancel() }
        try await body(try await server.ready())
    }

    /// The pod `p` on a node whose kubelet listens at the port.
    private func createPod(_ core: APIServerCore, kubeletPort: Int) async throws {
        let objects: [(path: String, object: JSONValue)] = [
            (
                "/api/v1/nodes",
                [
                    "apiVersion": "v1", "kind": "Node", "metadata": ["name": "n"],
                    "status": [
                        "addresses": [["type": "InternalIP", "address": "127.0.0.1"]],
                        "daemonEndpoints": ["kubeletEndpoint": ["Port": .integer(Int64(kubeletPort))]],
                    ],
                ]
            ),
            (
                "/api/v1/namespaces/default/serviceaccounts",
                ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": "default"]]
            ),
            (
                "/api/v1/namespaces/default/pods",
                [
                    "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "p"],
                    "spec": ["nodeName": "n", "containers": [["name": "c", "image": "i"]]],
                ]
            ),
        ]
        for (path, object) in objects {
            let response = await core.respond(
                to: APIRequest(
                    method: "POST", target: path,
                    headers: [("Authorization", "Bearer \(Self.token)"), ("Content-Type", "application/json")],
                    body: JSONSerializer.bytes(object)))
            try #require(response.status == 201, "\(path)")
        }
    }

    private func connect(_ port: Int, _ received: Received) async throws -> any Channel {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        let context = try NIOSSLContext(configuration: configuration)
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
                    try channel.pipeline.syncOperations.addHandler(received)
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }

    private final class Received: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        private let pieces = Mutex<[UInt8]>([])

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let piece = unwrapInboundIn(data)
            pieces.withLock { $0 += piece.readableBytesView }
        }

        private var bytes: [UInt8] { pieces.withLock { $0 } }

        private var endOfHead: Int? {
            let bytes = bytes
            return bytes.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound
        }

        var count: Int { bytes.count }
        var head: String { String(decoding: bytes.prefix(endOfHead ?? 0), as: UTF8.self) }
        var afterHead: [UInt8]? { endOfHead.map { Array(bytes.dropFirst($0)) } }
    }

    /// Takes one piece, and the next ones when its gate is open.
    private final class SlowReader: APIResponseWriter {
        let gate = AsyncValue<Void>()
        private let taken = Mutex(0)

        var count: Int { taken.withLock { $0 } }

        func write(_ bytes: [UInt8]) async throws {
            taken.withLock { $0 += bytes.count }
            try await gate.get()
        }
    }
}
