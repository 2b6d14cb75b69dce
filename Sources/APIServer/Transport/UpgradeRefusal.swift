import KubernetesTypes
import NIOCore
import NIOHTTP1

/// Answers a request whose upgrade was refused, and closes: the library forgets such a request, so that nobody after could.
enum UpgradeRefusal {
    static func answer(_ error: any Error, on channel: any Channel) async {
        let failure = apiError(error)
        let body = JSONSerializer.bytes(failure.status)
        let headers: HTTPHeaders = [
            "Content-Type": "application/json", "Content-Length": String(body.count), "Connection": "close",
        ]
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: failure.code), headers: headers)
        channel.write(HTTPServerResponsePart.head(head), promise: nil)
        channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil)
        try? await channel.writeAndFlush(HTTPServerResponsePart.end(nil)).get()
        try? await channel.close().get()
    }

    static func apiError(_ error: any Error) -> APIError {
        switch error {
        case let error as APIError: error
        case let error as KubeletHandshake.Refused: .badRequest("unable to upgrade connection: \(error.status)")
        default: .internalError("error dialing the node: \(error)")
        }
    }
}
