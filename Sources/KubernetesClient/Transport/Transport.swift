/// How a request reaches an API server.
///
/// The client builds requests and reads answers; everything between is this protocol, so that the same client
/// runs over a socket, in the same process as a server, and over a simulated network that loses what it is told to lose.
public protocol Transport: Sendable {
    /// Sends one request. Returns as soon as the head of the response is known; the body follows in its stream.
    ///
    /// Cancelling the task that sends, or the one that reads the body, ends the exchange.
    func send(_ request: WireRequest) async throws -> WireResponse

    /// Gives back connections and threads. No request may be sent afterwards.
    func shutdown() async throws
}

extension Transport {
    public func shutdown() async throws {}
}

/// One HTTP request to an API server, without the address of that server.
public struct WireRequest: Sendable, Hashable {
    public enum Method: String, Sendable, Hashable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    public var method: Method
    /// Path and query, percent-encoded, beginning with a slash.
    public var target: String
    public var headers: [WireHeader]
    public var body: [UInt8]?

    public init(method: Method, target: String, headers: [WireHeader] = [], body: [UInt8]? = nil) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }

    /// The value of the first header with this name; names are compared without case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// The head of an HTTP response and the stream of its body.
public struct WireResponse: Sendable {
    public var status: Int
    public var headers: [WireHeader]
    public var body: ByteStream

    public init(status: Int, headers: [WireHeader] = [], body: ByteStream) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The value of the first header with this name; names are compared without case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// A header as it is on the wire.
public struct WireHeader: Sendable, Hashable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// The exchange broke below HTTP: no connection, a connection lost, or no answer in time.
public struct TransportError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// Nothing was sent: the server was not reached.
        case unreachable
        /// The connection broke after the request may have been received.
        case interrupted
        /// No answer within the time allowed.
        case timedOut
        /// The server's certificate, or ours, was refused.
        case untrusted
    }

    public var code: Code
    public var message: String
    public var cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { "\(code.rawValue): \(message)" }
}
