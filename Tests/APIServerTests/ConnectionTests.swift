import ApusTesting
import Foundation
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Testing

@testable import APIServer

/// Clients that are slow, silent or too many.
struct ConnectionTests {
    private static let token = "admintoken"

    private func withServer(
        _ change: (inout APIServer.Configuration) -> Void, _ body: (APIServer.Ready) async throws -> Void
    ) async throws {
        let tokens = FileManager.default.temporaryDirectory.appending(path: "apus-tokens-\(UUID().uuidString).csv")
        try "\(Self.token),admin,admin,\"system:masters\"\n".write(to: tokens, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: tokens) }
        var configuration = APIServer.Configuration()
        configuration.port = 0
        configuration.tokenFile = tokens.path
        change(&configuration)
        let server = APIServer(configuration: configuration)
        let running = Task { try await server.run() }
        defer { running.cancel() }
        try await body(try await server.ready())
    }

    private final class Received: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let text = Mutex("")
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let piece = String(buffer: unwrapInboundIn(data))
            text.withLock { $0 += piece }
        }
    }

    private func connect(_ port: Int, received: Received, tls: Bool = true, reads: Bool = true) async throws -> any Channel {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        let context = try NIOSSLContext(configuration: configuration)
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.socketOption(.so_rcvbuf), value: 8192)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if tls {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
                    }
                    try channel.pipeline.syncOperations.addHandler(received)
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }

    private func send(_ text: String, _ channel: any Channel) async throws {
        try await channel.writeAndFlush(ByteBuffer(string: text))
    }

    private let get = "GET /version HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n\r\n"

    @Test(.timeLimit(.minutes(1))) func connectionsWithoutAWholeHeadAreClosed() async throws {
        try await withServer {
            $0.times.firstHead = .milliseconds(300)
        } _: { ready in
            let silent = try await connect(ready.port, received: Received(), tls: false)
            try await eventually("a connection without a handshake is closed") { !silent.isActive }
            let slow = try await connect(ready.port, received: Received())
            try await send("GET /version HT", slow)
            try await eventually("half a head is not waited for") { !slow.isActive }
        }
    }

    @Test(.timeLimit(.minutes(1))) func bodiesThatDoNotEndAreNotWaitedFor() async throws {
        try await withServer {
            $0.times.body = .milliseconds(300)
        } _: { ready in
            let channel = try await connect(ready.port, received: Received())
            try await send(
                "POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(Self.token)\r\n"
                    + "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"apiVersion\"", channel)
            try await eventually("a body that does not come is not waited for") { !channel.isActive }
        }
    }

    @Test(.timeLimit(.minutes(1))) func idleConnectionsAreClosedAndWorkingOnesAreNot() async throws {
        try await withServer {
            $0.times.firstHead = .milliseconds(400)
            $0.times.idle = .milliseconds(400)
        } _: { ready in
            let received = Received()
            let watcher = try await connect(ready.port, received: received)
            try await send(
                "GET /api/v1/namespaces?watch=true HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(Self.token)\r\n\r\n", watcher)
            let answered = Received()
            let channel = try await connect(ready.port, received: answered)
            try await send(get, channel)
            try await eventually("an answer") { answered.text.withLock { $0.contains("200 OK") } }
            try await eventually("an idle connection is closed") { !channel.isActive }
            #expect(watcher.isActive, "a watch is not idle")
            #expect(received.text.withLock { $0.contains("kube-system") })
        }
    }

    /// A watcher that does not read is dropped; nothing is kept for it.
    @Test(.timeLimit(.minutes(1))) func watchersThatDoNotReadAreDropped() async throws {
        try await withServer {
            $0.times.stall = .milliseconds(300)
        } _: { ready in
            let large = String(repeating: "x", count: 900_000)
            for index in 0..<12 {
                let body = #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c\#(index)"},"data":{"k":"\#(large)"}}"#
                let response = await ready.core.respond(
                    to: APIRequest(
                        method: "POST", target: "/api/v1/namespaces/default/configmaps",
                        headers: [("Authorization", "Bearer \(Self.token)"), ("Content-Type", "application/json")],
                        body: Array(body.utf8)))
                try #require(response.status == 201)
            }
            let received = Received()
            let channel = try await connect(ready.port, received: received)
            // The handshake is over once there is an answer; from then on nothing is read.
            try await send(get, channel)
            try await eventually("an answer") { received.text.withLock { $0.contains("200 OK") } }
            try await channel.setOption(.autoRead, value: false).get()
            let before = ready.core.watches.count
            try await send(
                "GET /api/v1/namespaces/default/configmaps?watch=true HTTP/1.1\r\nHost: x\r\n"
                    + "Authorization: Bearer \(Self.token)\r\n\r\n", channel)
            try await eventually("the watch begins") { ready.core.watches.count > before }
            try await eventually("a watcher that does not read is dropped") { ready.core.watches.count == before }
            channel.close(promise: nil)
        }
    }

    @Test(.timeLimit(.minutes(1))) func watchesAreCounted() async throws {
        try await withServer {
            $0.core.maximumWatches = 2
        } _: { ready in
            // The server itself watches nothing over sockets.
            var channels: [any Channel] = []
            let watch = "GET /api/v1/namespaces?watch=true HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(Self.token)\r\n\r\n"
            for _ in 0..<2 {
                let channel = try await connect(ready.port, received: Received())
                try await send(watch, channel)
                channels.append(channel)
            }
            try await eventually("the watches begin") { ready.core.watches.count == 2 }
            let received = Received()
            let third = try await connect(ready.port, received: received)
            try await send(watch, third)
            try await eventually("a third watch is refused") { received.text.withLock { $0.contains("429") } }
            for channel in channels { channel.close(promise: nil) }
            try await eventually("watches of closed connections end") { ready.core.watches.count == 0 }
        }
    }
}

/// How long requests may take.
struct RequestDeadlineTests {
    /// A disk that takes its time.
    private final class StuckPersistence: StorePersistence {
        let gate = DispatchSemaphore(value: 0)
        let isStuck = Atomic(false)
        var blocks: Bool { true }
        func load() throws -> PersistedState { PersistedState(revision: 0, rows: []) }
        func close() {}
        func write(_ changes: [PersistedChange], revision: UInt64) throws(StoreError) {
            if isStuck.load(ordering: .sequentiallyConsistent) { gate.wait() }
        }
    }

    private let persistence = StuckPersistence()
    private let core: APIServerCore

    init() async throws {
        var tokens = TokenFile()
        tokens.add("admin", UserInfo(name: "admin", groups: ["system:masters"]))
        core = try APIServerCore(
            configuration: APIServerCore.Configuration(), store: ObjectStore(persistence: persistence), tokens: tokens,
            signer: TokenSigner())
        try await Bootstrapper(core: core).run()
    }

    private func create(_ query: String) async -> (status: Int, text: String) {
        let response = await core.respond(
            to: APIRequest(
                method: "POST", target: "/api/v1/namespaces/default/configmaps\(query)",
                headers: [("Authorization", "Bearer admin"), ("Content-Type", "application/json")],
                body: Array(#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"#.utf8)))
        guard case .bytes(let bytes) = response.body else { return (response.status, "") }
        return (response.status, String(decoding: bytes, as: UTF8.self))
    }

    @Test(.timeLimit(.minutes(1))) func aRequestEndsAtItsTime() async {
        persistence.isStuck.store(true, ordering: .sequentiallyConsistent)
        let answer = await create("?timeout=100ms")
        #expect(answer.status == 504)
        #expect(answer.text.contains("request did not complete within the allotted timeout"), "\(answer.text)")
        persistence.isStuck.store(false, ordering: .sequentiallyConsistent)
        persistence.gate.signal()
        // What was begun comes to its end, as upstream's does.
        #expect(await create("").status == 409)
    }

    @Test func badTimeoutsAreRefused() async {
        let answer = await create("?timeout=soon")
        #expect(answer.status == 400)
        #expect(answer.text.contains("invalid timeout specified in the request URL"))
    }

    @Test(arguments: [
        ("1m30s", Duration.seconds(90)), ("250ms", .milliseconds(250)), ("1.5h", .seconds(5400)), ("0", .zero),
        ("32s", .seconds(32)),
    ])
    func durations(_ text: String, _ duration: Duration) { #expect(GoDuration.parse(text) == duration) }

    @Test(arguments: ["", "soon", "5", "1x", "s"]) func noDurations(_ text: String) { #expect(GoDuration.parse(text) == nil) }
}
