import Hummingbird
import Logging
import NIOCore
import Transformer

/// A request that is not answered as asked: the status, and a sentence that says why.
struct Problem: Error, Sendable {
    var status: HTTPResponse.Status
    var message: String
    /// Whole seconds after which trying again makes sense.
    var retryAfterSeconds: Int?

    static func badRequest(_ message: String) -> Problem { Problem(status: .badRequest, message: message) }
    static func notFound(_ message: String) -> Problem { Problem(status: .notFound, message: message) }

    static func unavailable(_ message: String, retryAfterSeconds: Int = 1) -> Problem {
        Problem(status: .serviceUnavailable, message: message, retryAfterSeconds: retryAfterSeconds)
    }

    /// What an error that a handler threw means to the client.
    init(_ error: any Error, logger: Logger) {
        switch error {
        case let problem as Problem: self = problem
        case InferenceQueue.Refusal.full(let seconds):
            self = .unavailable("The queue is full; try again in \(seconds) s.", retryAfterSeconds: seconds)
        case InferenceQueue.Refusal.closed: self = .unavailable("The server is shutting down.")
        case InferenceQueue.Refusal.abandoned:
            // Nobody reads this; 499 is what proxies log for it.
            self = Problem(status: .init(code: 499, reasonPhrase: "Client Closed Request"), message: "The client left.")
        case is NIOTooManyBytesError: self = Problem(status: .contentTooLarge, message: "The body is too large.")
        case let error as TransformerError where error.code == .invalidInput: self = .badRequest(error.message)
        case let error as HTTPError:
            let path = error.status == .notFound ? "There is nothing at this path." : error.status.reasonPhrase
            self = Problem(status: error.status, message: error.body ?? path)
        default:
            logger.error("Request failed", metadata: ["error": "\(error)"])
            self = Problem(status: .internalServerError, message: "The server failed on this request.")
        }
    }

    init(status: HTTPResponse.Status, message: String, retryAfterSeconds: Int? = nil) {
        self.status = status
        self.message = message
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// `{"error": "…"}`, as the Open Inference Protocol has it.
    var response: Response {
        var response = Response.json(.members(["error": .string(message)]), status: status)
        if let retryAfterSeconds { response.headers[.retryAfter] = String(retryAfterSeconds) }
        return response
    }
}

/// Turns what handlers throw into answers.
struct ProblemMiddleware: RouterMiddleware {
    func handle(
        _ request: Request, context: ServingContext, next: (Request, ServingContext) async throws -> Response
    ) async throws -> Response {
        do { return try await next(request, context) } catch { return Problem(error, logger: context.logger).response }
    }
}

extension Router<ServingContext> {
    /// A path that is only posted to: other methods are told so, instead of that there is nothing.
    func onlyPost(_ path: RouterPath, _ answer: @escaping @Sendable (Request, ServingContext) async throws -> Response) {
        post(path, use: answer)
        for method in [HTTPRequest.Method.get, .head, .put, .patch, .delete] {
            on(path, method: method) { request, _ in
                var response = Problem(
                    status: .methodNotAllowed, message: "\(request.method) is not for this path; use POST."
                ).response
                response.headers[.allow] = "POST"
                return response
            }
        }
    }
}

extension Response {
    static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: value.utf8)))
    }
}
