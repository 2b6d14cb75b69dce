import KubernetesTypes
import Synchronization

/// What a node refuses with a line of text, said as upstream's API server says it to its clients.
enum KubeletRefusal {
    /// As much of the line as upstream passes on.
    private static let maximumBytes = 50_000

    static func apiError(_ response: APIResponse) async -> APIError {
        let text = await text(response.body)
        return switch response.status {
        case 400: .badRequest(text)
        case 404: APIError(code: 404, reason: "NotFound", message: "the server could not find the requested resource (\(text))")
        case 500: .internalError(text)
        default: APIError(code: response.status, reason: "", message: text)
        }
    }

    private static func text(_ body: APIResponse.Body) async -> String {
        switch body {
        case .bytes(let bytes): return String(decoding: bytes.prefix(maximumBytes), as: UTF8.self)
        case .stream(let write):
            let collected = Collected(limit: maximumBytes)
            // What came before the connection broke is all there is to say.
            try? await write(collected)
            return collected.text
        }
    }

    private final class Collected: APIResponseWriter {
        private let bytes = Mutex<[UInt8]>([])
        private let limit: Int

        init(limit: Int) { self.limit = limit }

        func write(_ piece: [UInt8]) async throws { bytes.withLock { $0 += piece.prefix(max(0, limit - $0.count)) } }

        var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
    }
}
