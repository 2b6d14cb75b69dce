/// A refusal in the API's own words: what a server answers and a client throws.
public struct StatusError: Error, Sendable, Hashable, CustomStringConvertible {
    public var status: Status

    public init(status: Status) { self.status = status }

    /// - Parameters:
    ///   - code: HTTP status code.
    ///   - reason: machine-readable, such as `NotFound`.
    ///   - message: a sentence for people.
    public init(code: Int, reason: String, message: String, details: StatusDetails? = nil) {
        status = Status(
            apiVersion: "v1", code: code, details: details, kind: "Status", message: message, metadata: ListMeta(),
            reason: reason,
            status: "Failure")
    }

    public var code: Int { status.code ?? 0 }
    public var reason: String { status.reason ?? "" }
    public var message: String { status.message ?? "" }
    public var description: String { message.isEmpty ? "\(code) \(reason)" : message }

    public var isNotFound: Bool { code == 404 }
    public var isConflict: Bool { reason == "Conflict" }
    public var isAlreadyExists: Bool { reason == "AlreadyExists" }
    /// The resource version asked for is no longer kept: list anew.
    public var isExpired: Bool { code == 410 }
    public var isForbidden: Bool { code == 403 }
    public var isUnauthorized: Bool { code == 401 }
    public var isInvalid: Bool { reason == "Invalid" }
}
