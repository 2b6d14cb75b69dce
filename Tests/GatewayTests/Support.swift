import ApusTesting
import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Synchronization
import Testing

@testable import Gateway

final class TestClock: Sendable {
    private let time = Mutex(ContinuousClock.now)
    var now: ContinuousClock.Instant { time.withLock { $0 } }
    func advance(_ duration: Duration) { time.withLock { $0 += duration } }
}

/// A gateway on a free port, over a table that the test sets.
final class TestGateway: Sendable {
    let table: CurrentRoutingTable
    let address: String
    let port: Int
    private let group: ServiceGroup
    private let task: Task<Void, any Error>

    static let key = ServiceKey(namespace: "default", name: "tickets")

    init(_ table: RoutingTable, adjust: (inout Gateway.Configuration) -> Void = { _ in }) async throws {
        var configuration = Gateway.Configuration(listeners: [.init(port: 0)])
        configuration.waitForBackend = .milliseconds(200)
        adjust(&configuration)
        let current = CurrentRoutingTable(table)
        let gateway = Gateway(configuration: configuration, table: current)
        let group = ServiceGroup(services: [gateway], logger: Logger(label: "test"))
        let task = Task { try await group.run() }
        try await eventually("the gateway listens") { gateway.addresses != nil }
        port = try #require(gateway.addresses?.first?.port)
        address = "http://127.0.0.1:\(port)"
        (self.table, self.group, self.task) = (current, group, task)
    }

    func set(_ versions: (name: String, weight: Int, ports: [Int])...) {
        table.set(Self.routes(versions))
    }

    static func routes(_ versions: [(name: String, weight: Int, ports: [Int])]) -> RoutingTable {
        RoutingTable(services: [
            key: ServiceRoute(
                versions: versions.map { version in
                    VersionRoute(
                        modelVersion: version.name, modelName: "tickets", weight: version.weight,
                        backends: version.ports.map { Backend(host: "127.0.0.1", port: $0) })
                })
        ])
    }

    func stop() async {
        task.cancel()
        _ = try? await task.value
    }

    /// Asks for an end without waiting for it: what is under way may finish.
    func beginShutdown() async { await group.triggerGracefulShutdown() }

    func request(
        _ method: HTTPMethod = .GET, _ path: String = "/default/tickets/echo", body: String? = nil,
        headers: [String: String] = [:],
        timeout: TimeAmount = .seconds(20)
    ) async throws -> (status: UInt, headers: HTTPHeaders, body: String) {
        var request = HTTPClientRequest(url: address + path)
        request.method = method
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: timeout)
        let collected = try await response.body.collect(upTo: 64 << 20)
        return (response.status.code, response.headers, String(buffer: collected))
    }

    func metrics() async throws -> String { try await request(.GET, "/metrics").body }
}

/// A server whose behaviour a test decides request by request.
final class TestBackend: Sendable {
    struct Request: Sendable {
        var head: HTTPRequestHead
        var body: ByteBuffer
        /// 1 for the first request of a connection.
        var numberOnConnection: Int
    }

    enum Reply: Sendable {
        case response(UInt, String)
        /// Answers after the given time.
        case delayed(Duration, String)
        /// Answers when the gate opens.
        case gated(Gate, String)
        /// Closes without an answer.
        case close
        /// Sends a head that promises more than it sends, then closes.
        case truncated
        /// Chunks, sent one after the other as the gate opens for each.
        case chunks([String], Gate?)
        /// Bytes that are not HTTP.
        case garbage
        /// Never answers.
        case silence
    }

    let port: Int
    private let channel: any Channel

    init(port: Int = 0, _ behaviour: @escaping @Sendable (Request) -> Reply) async throws {
        let box = RequestLog()
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
                    try channel.pipeline.syncOperations.addHandler(BackendBehaviour(log: box, behaviour))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        self.port = try #require(channel.localAddress?.port)
        log = box
    }

    private let log: RequestLog
    var requests: [Request] { log.requests.withLock { $0 } }
    /// Connections that are open now.
    var connections: Int { log.connections.load(ordering: .sequentiallyConsistent) }

    func stop() async throws { try await channel.close() }
}

final class RequestLog: Sendable {
    let requests = Mutex<[TestBackend.Request]>([])
    let connections = Atomic<Int>(0)
}

private final class BackendBehaviour: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let log: RequestLog
    private let behaviour: @Sendable (TestBackend.Request) -> TestBackend.Reply
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()
    private var count = 0

    init(log: RequestLog, _ behaviour: @escaping @Sendable (TestBackend.Request) -> TestBackend.Reply) {
        self.log = log
        self.behaviour = behaviour
    }

    func channelActive(context: ChannelHandlerContext) { log.connections.add(1, ordering: .sequentiallyConsistent) }
    func channelInactive(context: ChannelHandlerContext) { log.connections.subtract(1, ordering: .sequentiallyConsistent) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var buffer): body.writeBuffer(&buffer)
        case .end:
            guard let head else { return }
            count += 1
            let request = TestBackend.Request(head: head, body: body, numberOnConnection: count)
            log.requests.withLock { $0.append(request) }
            reply(behaviour(request), context.channel)
        }
    }

    private func reply(_ reply: TestBackend.Reply, _ channel: any Channel) {
        switch reply {
        case .response(let status, let text): send(status, text, channel)
        case .delayed(let duration, let text):
            channel.eventLoop.assumeIsolated().scheduleTask(in: duration.amount) { self.send(200, text, channel) }
        case .gated(let gate, let text):
            gate.whenOpen { channel.eventLoop.execute { Self.sendDetached(200, text, channel) } }
        case .close: channel.close(promise: nil)
        case .truncated:
            channel.write(
                HTTPServerResponsePart.head(.init(version: .http1_1, status: .ok, headers: ["Content-Length": "100"])),
                promise: nil)
            channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: "half")))).whenComplete { _ in
                channel.close(promise: nil)
            }
        case .chunks(let chunks, let gate):
            channel.writeAndFlush(HTTPServerResponsePart.head(.init(version: .http1_1, status: .ok)), promise: nil)
            for (index, chunk) in chunks.enumerated() {
                if index > 0, let gate {
                    gate.whenOpen {
                        channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: chunk))), promise: nil)
                    }
                } else {
                    channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: chunk))), promise: nil)
                }
            }
            let end: @Sendable () -> Void = { channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil) }
            if let gate { gate.whenOpen(end) } else { end() }
        case .garbage:
            // Below the encoder, so that it is sent as it is.
            if let encoder = try? channel.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self) {
                encoder.writeAndFlush(NIOAny(ByteBuffer(string: "SSH-2.0-OpenSSH_9.2\r\n\r\n")), promise: nil)
            }
        case .silence: break
        }
    }

    private func send(_ status: UInt, _ text: String, _ channel: any Channel) { Self.sendDetached(status, text, channel) }

    private static func sendDetached(_ status: UInt, _ text: String, _ channel: any Channel) {
        let headers: HTTPHeaders = [
            "Content-Length": "\(text.utf8.count)", "Content-Type": "application/json", "Connection": "keep-alive",
        ]
        channel.write(
            HTTPServerResponsePart.head(.init(version: .http1_1, status: .init(statusCode: Int(status)), headers: headers)),
            promise: nil)
        channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: text))), promise: nil)
        channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
    }
}

/// Something that waits until a test lets it go on.
final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiting: [@Sendable () -> Void])>((false, []))

    func whenOpen(_ body: @escaping @Sendable () -> Void) {
        let now = state.withLock { state in
            if !state.isOpen { state.waiting.append(body) }
            return state.isOpen
        }
        if now { body() }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for body in waiting { body() }
    }
}
