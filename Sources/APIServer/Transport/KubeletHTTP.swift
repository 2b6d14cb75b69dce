import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Plain requests to kubelets: one connection each, the answer streamed as it comes and no faster than it is taken.
struct KubeletHTTP: KubeletConnector {
    typealias Connection = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    let tls: NIOSSLContext
    let group: any EventLoopGroup

    func request(
        _ target: KubeletTarget, method: String, headers: [(name: String, value: String)], body: [UInt8]
    ) async throws -> APIResponse {
        let connection: Connection = try await ClientBootstrap(group: group)
            .connectTimeout(.seconds(10))
            .connect(host: target.host, port: target.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil))
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        let answer = AsyncValue<HTTPResponseHead>()
        let taker = AsyncValue<any APIResponseWriter>()
        // The exchange outlives this call: its body is read while the response is streamed on.
        let exchange = Task {
            do {
                try await connection.executeThenClose { inbound, outbound in
                    var fields = HTTPHeaders()
                    fields.add(name: "Host", value: "\(target.host):\(target.port)")
                    for header in headers { fields.add(name: header.name, value: header.value) }
                    if !body.isEmpty { fields.add(name: "Content-Length", value: String(body.count)) }
                    fields.add(name: "Connection", value: "close")
                    try await outbound.write(
                        .head(
                            HTTPRequestHead(
                                version: .http1_1, method: HTTPMethod(rawValue: method), uri: target.path, headers: fields)))
                    if !body.isEmpty { try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: body)))) }
                    try await outbound.write(.end(nil))
                    for try await part in inbound {
                        switch part {
                        case .head(let head): answer.set(head)
                        // While this waits nothing more is read, and the kubelet waits too.
                        case .body(let buffer): try await taker.get().write(Array(buffer.readableBytesView))
                        case .end: return
                        }
                    }
                }
                answer.fail(ChannelError.eof)
            } catch {
                answer.fail(error)
                throw error
            }
        }
        let rest = KubeletBody(exchange: exchange, taker: taker)
        let head = try await answer.get()
        let kept = ["content-type"]
        let passed = head.headers.filter { kept.contains($0.name.lowercased()) }.map { (name: $0.name, value: $0.value) }
        return APIResponse(
            status: Int(head.status.code), headers: passed,
            body: .stream { writer in try await rest.write(to: writer) })
    }
}

/// The rest of an exchange with a kubelet. The exchange ends when nobody can take it any more.
private final class KubeletBody: Sendable {
    private let exchange: Task<Void, any Error>
    private let taker: AsyncValue<any APIResponseWriter>

    init(exchange: Task<Void, any Error>, taker: AsyncValue<any APIResponseWriter>) {
        self.exchange = exchange
        self.taker = taker
    }

    deinit { end() }

    func write(to writer: any APIResponseWriter) async throws {
        taker.set(writer)
        try await withTaskCancellationHandler {
            try await exchange.value
        } onCancel: {
            end()
        }
    }

    private func end() {
        exchange.cancel()
        taker.fail(CancellationError())
    }
}
