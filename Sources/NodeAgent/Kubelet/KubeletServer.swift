import Foundation
import KubernetesTypes
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket

/// The kubelet endpoints of this node over TLS: what the API server calls for `kubectl logs`, `exec`, `attach` and
/// `port-forward`.
struct KubeletServer: Sendable {
    let configuration: NodeConfiguration
    let address: String
    let routes: KubeletRoutes
    let access: KubeletAccess
    let log: Logger
    let now: @Sendable () -> Date

    /// What a connection became.
    enum Connection: Sendable {
        case requests(NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>)
        case webSocket(NIOAsyncChannel<WebSocketFrame, WebSocketFrame>, HTTPRequestHead)
        case plain(NIOAsyncChannel<ByteBuffer, ByteBuffer>, HTTPRequestHead)
    }

    /// Serves until cancelled.
    /// - Parameter bound: told the port once it listens.
    func run(bound: @escaping @Sendable (Int) -> Void = { _ in }) async throws {
        let tls = try makeTLS()
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: address, port: configuration.kubeletPort) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                }.flatMap { self.configure(channel) }
            }
        bound(server.channel.localAddress?.port ?? configuration.kubeletPort)
        try await server.executeThenClose { inbound in
            await withDiscardingTaskGroup { group in
                do {
                    for try await upgrade in inbound {
                        group.addTask { await self.serve(upgrade) }
                    }
                } catch {
                    if !Task.isCancelled { log.error("kubelet endpoints stopped", metadata: ["error": "\(error)"]) }
                }
                group.cancelAll()
            }
        }
    }

    private func makeTLS() throws -> NIOSSLContext {
        let pair =
            try configuration.kubeletCertificate
            ?? ServingCertificate.make(name: configuration.nodeName, addresses: [address, "127.0.0.1"], now: now())
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(pair.certificate.utf8)).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(pair.key.utf8), format: .pem)))
        tls.minimumTLSVersion = .tlsv12
        if let authority = configuration.kubeletClientCA {
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.utf8)))
            tls.certificateVerification = .optionalVerification
        }
        return try NIOSSLContext(configuration: tls)
    }

    private func configure(_ channel: any Channel) -> EventLoopFuture<EventLoopFuture<Connection>> {
        let webSocket = NIOTypedWebSocketServerUpgrader<Connection>(
            maxFrameSize: 1 << 24,
            shouldUpgrade: { channel, head in
                channel.eventLoop.makeFutureWithTask { await self.mayUpgrade(channel, head) }
            },
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    .webSocket(try NIOAsyncChannel(wrappingChannelSynchronously: channel), head)
                }
            })
        let upgrade = NIOTypedHTTPServerUpgradeConfiguration<Connection>(
            upgraders: [webSocket, OlderProtocol(server: self)],
            notUpgradingCompletionHandler: { channel in
                channel.eventLoop.makeCompletedFuture {
                    .requests(try NIOAsyncChannel(wrappingChannelSynchronously: channel))
                }
            })
        return channel.pipeline.configureUpgradableHTTPServerPipeline(
            configuration: .init(upgradeConfiguration: upgrade))
    }

    /// The headers of the answer where a connection may become a WebSocket; nil refuses.
    private func mayUpgrade(_ channel: any Channel, _ head: HTTPRequestHead) async -> HTTPHeaders? {
        switch await verdict(channel, head) {
        case .allowed: break
        case .unauthorized: return await refuse(channel, 401, "Unauthorized")
        case .forbidden(let why): return await refuse(channel, 403, why)
        }
        let path = RequestTarget(head.uri).path
        let offered = head.headers[canonicalForm: "sec-websocket-protocol"].map(String.init)
        guard let chosen = WebSocketProtocol.choose(offered, path: path) else {
            let spoken = WebSocketProtocol.spoken(at: path).map(\.rawValue).joined(separator: " and ")
            return await refuse(channel, 400, "this endpoint speaks \(spoken)")
        }
        return ["Sec-WebSocket-Protocol": chosen.rawValue]
    }

    /// Answers a request that may not be upgraded, and closes: the library forgets such a request, so that nobody after could.
    /// What there is to say is in a header too, which is what the API server passes on.
    private func refuse(_ channel: any Channel, _ code: Int, _ why: String) async -> HTTPHeaders? {
        let line = why.replacing("\n", with: " ")
        let status = HTTPResponseStatus(statusCode: code)
        let headers: HTTPHeaders = [
            "Content-Length": String(line.utf8.count), "Connection": "close", "Upgrade-Refused": line,
        ]
        channel.write(
            HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)), promise: nil)
        channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: line))), promise: nil)
        try? await channel.writeAndFlush(HTTPServerResponsePart.end(nil)).get()
        try? await channel.close().get()
        return nil
    }

    /// SPDY without a WebSocket around it: how an upstream API server asks for ports, and what `kubectl` falls back to when a
    /// WebSocket was refused, which gets the same answer.
    private struct OlderProtocol: NIOTypedHTTPServerProtocolUpgrader {
        let server: KubeletServer
        let supportedProtocol = "SPDY/3.1"
        let requiredUpgradeHeaders: [String] = []

        func buildUpgradeResponse(
            channel: any Channel, upgradeRequest: HTTPRequestHead, initialResponseHeaders: HTTPHeaders
        ) -> EventLoopFuture<HTTPHeaders> {
            channel.eventLoop.makeFutureWithTask {
                guard let chosen = await server.mayForward(channel, upgradeRequest) else {
                    throw NodeAgentError(.invalid, "the request was refused")
                }
                var headers = initialResponseHeaders
                headers.add(contentsOf: chosen)
                return headers
            }
        }

        func upgrade(channel: any Channel, upgradeRequest: HTTPRequestHead) -> EventLoopFuture<Connection> {
            channel.eventLoop.makeCompletedFuture {
                .plain(try NIOAsyncChannel(wrappingChannelSynchronously: channel), upgradeRequest)
            }
        }
    }

    private func mayForward(_ channel: any Channel, _ head: HTTPRequestHead) async -> HTTPHeaders? {
        let offered = head.headers[canonicalForm: "x-stream-protocol-version"].map(String.init)
        guard RequestTarget(head.uri).path.hasPrefix("/portForward/"), offered.contains(PortForwardSession.streamProtocol) else {
            return await mayUpgrade(channel, head)
        }
        switch await verdict(channel, head) {
        case .allowed: return ["X-Stream-Protocol-Version": PortForwardSession.streamProtocol]
        case .unauthorized: return await refuse(channel, 401, "Unauthorized")
        case .forbidden(let why): return await refuse(channel, 403, why)
        }
    }

    private func verdict(_ channel: any Channel, _ head: HTTPRequestHead) async -> KubeletAccess.Verdict {
        let certificate = try? await channel.nioSSL_peerCertificate().get()
        return await access.judge(
            certificate: certificate, authorization: head.headers.first(name: "authorization"), path: head.uri,
            method: head.method.rawValue)
    }

    private func serve(_ upgrade: EventLoopFuture<Connection>) async {
        do {
            switch try await upgrade.get() {
            case .requests(let channel): try await answer(channel)
            case .webSocket(let channel, let head) where RequestTarget(head.uri).path.hasPrefix("/portForward/"):
                try await routes.forward(WebSocketTunnel(channel: channel), head)
            case .webSocket(let channel, let head):
                let hasTerminal = RequestTarget(head.uri).isSet("tty")
                try await routes.stream(WebSocketConnection(channel, hasErrors: !hasTerminal), head)
            case .plain(let channel, let head): try await routes.forward(PlainTunnel(channel: channel), head)
            }
        } catch {
            log.debug("kubelet connection ended", metadata: ["error": "\(error)"])
        }
    }

    private func answer(_ channel: NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>) async throws {
        try await channel.executeThenClose { inbound, outbound in
            for try await part in inbound {
                guard case .head(let head) = part else { continue }
                let writer = ResponseWriter(outbound: outbound)
                if RequestTarget(head.uri).path == "/healthz" {
                    try await writer.send(200, "ok")
                } else {
                    switch await verdict(channel.channel, head) {
                    case .allowed: try await routes.respond(head, writer)
                    case .unauthorized: try await writer.send(401, "Unauthorized")
                    case .forbidden(let why): try await writer.send(403, why)
                    }
                }
                if !head.isKeepAlive { return }
            }
        }
    }
}

/// Path and query of a request.
struct RequestTarget: Sendable {
    var path: String
    var query: [String: String] = [:]
    /// Every value of parameters that may be repeated, such as `command`.
    var all: [(name: String, value: String)] = []

    init(_ uri: String) {
        let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(parts[0])
        guard parts.count > 1 else { return }
        for pair in parts[1].split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            func decode(_ text: Substring) -> String {
                let spaced = String(text).replacing("+", with: " ")
                return spaced.removingPercentEncoding ?? spaced
            }
            let name = decode(sides[0])
            let value = sides.count > 1 ? decode(sides[1]) : ""
            all.append((name, value))
            if query[name] == nil { query[name] = value }
        }
    }

    /// Whether a flag is on, under any of its names.
    func isSet(_ names: String...) -> Bool { names.contains { ["1", "true"].contains(query[$0] ?? "") } }

    /// The parts of the path, decoded.
    var segments: [String] {
        path.split(separator: "/").map { $0.removingPercentEncoding ?? String($0) }
    }
}

/// Writes one answer.
struct ResponseWriter: Sendable {
    let outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>

    func send(_ status: Int, _ text: String, type: String = "text/plain; charset=utf-8") async throws {
        let bytes = Array(text.utf8)
        var headers = HTTPHeaders([("Content-Type", type)])
        headers.add(name: "Content-Length", value: String(bytes.count))
        try await outbound.write(.head(.init(version: .http1_1, status: .init(statusCode: status), headers: headers)))
        try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: bytes))))
        try await outbound.write(.end(nil))
    }

    /// An answer of unknown length.
    func stream(_ type: String, _ body: (([UInt8]) async throws -> Void) async throws -> Void) async throws {
        let headers = HTTPHeaders([("Content-Type", type), ("Transfer-Encoding", "chunked")])
        try await outbound.write(.head(.init(version: .http1_1, status: .ok, headers: headers)))
        try await body { bytes in
            try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: bytes))))
        }
        try await outbound.write(.end(nil))
    }
}
