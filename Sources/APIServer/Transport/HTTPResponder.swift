import HTTPTypes
import HummingbirdCore
import NIOCore

/// Translates between HTTP on a connection and the core's requests and responses.
struct HTTPResponder: Sendable {
    let core: APIServerCore

    func respond(
        _ request: Request, _ writer: consuming ResponseWriter, channel: any Channel, user: UserInfo?
    ) async throws {
        guard let body = try await Self.body(request) else {
            try await Self.write(Self.tooLarge(request), request, writer, channel: channel, closes: true)
            return
        }
        let response = await core.respond(to: Self.translated(request, body: body, user: user))
        try await Self.write(response, request, writer, channel: channel, closes: false)
    }

    private static func body(_ request: Request) async throws -> [UInt8]? {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > APIServerCore.maximumBodyBytes {
            return nil
        }
        var bytes: [UInt8] = []
        for try await buffer in request.body {
            bytes.append(contentsOf: buffer.readableBytesView)
            if bytes.count > APIServerCore.maximumBodyBytes { return nil }
        }
        return bytes
    }

    static func translated(_ request: Request, body: [UInt8], user: UserInfo?) -> APIRequest {
        var headers = request.headers.map { (name: $0.name.canonicalName, value: $0.value) }
        if let authority = request.head.authority { headers.append((name: "host", value: authority)) }
        return APIRequest(
            method: request.method.rawValue, target: request.head.path ?? "/", headers: headers, body: body, certificateUser: user
        )
    }

    private static func tooLarge(_ request: Request) -> APIResponse {
        APIServerCore.response(
            APIError(
                code: 413, reason: "RequestEntityTooLarge",
                message: "Request entity too large: limit is \(APIServerCore.maximumBodyBytes)"),
            translated(request, body: [], user: nil), warnings: [])
    }

    private static func write(
        _ response: APIResponse, _ request: Request, _ writer: consuming ResponseWriter, channel: any Channel, closes: Bool
    ) async throws {
        var fields = HTTPFields()
        for (name, value) in response.headers {
            if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
        }
        fields[.cacheControl] = "no-cache, private"
        if closes { fields[.connection] = "close" }
        let status = HTTPResponse.Status(code: response.status)
        switch response.body {
        case .bytes(let bytes):
            fields[.contentLength] = String(bytes.count)
            let head = HTTPResponse(status: status, headerFields: fields)
            if request.method == .head {
                try await writer.writeResponse(head)
            } else {
                try await writer.write(response: head, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
            }
            if closes { throw ConnectionMustClose() }
        case .stream(let produce):
            fields[.transferEncoding] = "chunked"
            let body = try await writer.writeHead(HTTPResponse(status: status, headerFields: fields))
            let sink = ChunkWriter(body: body)
            let production = Task { try await produce(sink) }
            // A client that goes away while nothing is sent would otherwise not be noticed.
            channel.closeFuture.whenComplete { _ in production.cancel() }
            try await withTaskCancellationHandler {
                try await production.value
            } onCancel: {
                production.cancel()
            }
            try await sink.finish()
        }
    }
}

/// Ends the connection after the response.
struct ConnectionMustClose: Error {}

private struct ChunkWriter<Body: ResponseBodyWriter>: APIResponseWriter, @unchecked Sendable {
    // Hummingbird's writer is a value around a thread-safe outbound writer; only its protocol does not say so.
    let body: Body

    func write(_ bytes: [UInt8]) async throws {
        var body = body
        try await body.write(ByteBuffer(bytes: bytes))
    }

    func finish() async throws { try await body.finish(nil) }
}
