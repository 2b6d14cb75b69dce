import KubernetesTypes

/// An answer of the API that is not the one asked for: a `Status` of status Failure.
struct APIError: Error, Sendable {
    var code: Int
    var reason: String
    var message: String
    /// `details` of the Status; nil leaves the member out.
    var details: JSONValue?
    var retryAfterSeconds: Int?
    /// `metadata` of the Status, where it says something: the token with which an expired list goes on.
    var metadata: JSONValue = [:]
    /// The write was computed from a state that is no longer the latest, and the client did not insist on that state.
    var isLostRace = false

    init(
        code: Int, reason: String, message: String, details: JSONValue? = nil, retryAfterSeconds: Int? = nil,
        metadata: JSONValue = [:]
    ) {
        self.metadata = metadata
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// The Status object that is sent.
    var status: JSONValue {
        var status: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "metadata": metadata, "status": "Failure", "message": .string(message),
            "code": .integer(Int64(code)),
        ]
        if !reason.isEmpty { status["reason"] = .string(reason) }
        if let details { status["details"] = details }
        return status
    }
}

extension APIError {
    static func badRequest(_ message: String) -> APIError { APIError(code: 400, reason: "BadRequest", message: message) }

    static let unauthorized = APIError(code: 401, reason: "Unauthorized", message: "Unauthorized")

    static let unknownResource = APIError(
        code: 404, reason: "NotFound", message: "the server could not find the requested resource", details: [:])

    static let methodNotAllowed = APIError(
        code: 405, reason: "MethodNotAllowed", message: "the server does not allow this method on the requested resource",
        details: [:])

    static func internalError(_ message: String) -> APIError {
        APIError(
            code: 500, reason: "InternalError", message: "Internal error occurred: \(message)",
            details: ["causes": [["message": .string(message)]]])
    }

    static func forbidden(_ resource: ResourceName, name: String, _ why: String) -> APIError {
        let subject = name.isEmpty ? resource.qualified : "\(resource.qualified) \"\(name)\""
        return APIError(
            code: 403, reason: "Forbidden", message: "\(subject) is forbidden: \(why)", details: resource.details(name: name))
    }

    static func notFound(_ resource: ResourceName, name: String) -> APIError {
        APIError(
            code: 404, reason: "NotFound", message: "\(resource.qualified) \"\(name)\" not found",
            details: resource.details(name: name))
    }

    static func alreadyExists(_ resource: ResourceName, name: String) -> APIError {
        APIError(
            code: 409, reason: "AlreadyExists", message: "\(resource.qualified) \"\(name)\" already exists",
            details: resource.details(name: name))
    }

    static func conflict(_ resource: ResourceName, name: String, _ why: String) -> APIError {
        APIError(
            code: 409, reason: "Conflict", message: "Operation cannot be fulfilled on \(resource.qualified) \"\(name)\": \(why)",
            details: resource.details(name: name))
    }

    /// 422 with one cause a field error. `kind` is the kind, not the resource, as upstream does it.
    static func invalid(group: String, kind: String, name: String, _ errors: [FieldError]) -> APIError {
        var seen: Set<String> = []
        let texts = errors.map { $0.field.isEmpty ? $0.message : "\($0.field): \($0.message)" }
            .filter { seen.insert($0).inserted }
        let list = texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
        let kindName = ResourceName(group: group, resource: kind)
        var details = kindName.details(name: name)
        details["causes"] = .array(
            errors.map { error in
                var cause: JSONValue = ["reason": .string(error.reason.rawValue), "message": .string(error.message)]
                if !error.field.isEmpty { cause["field"] = .string(error.field) }
                return cause
            })
        return APIError(
            code: 422, reason: "Invalid", message: "\(kindName.qualified) \"\(name)\" is invalid: \(list)", details: details)
    }
}

/// A resource (or, in errors about an object's contents, a kind) and its group.
struct ResourceName: Hashable, Sendable {
    var group: String
    var resource: String

    /// `deployments.apps`, or `pods` in the core group.
    var qualified: String { group.isEmpty ? resource : "\(resource).\(group)" }

    func details(name: String) -> JSONValue {
        var details: JSONValue = [:]
        if !resource.isEmpty { details["kind"] = .string(resource) }
        if !name.isEmpty { details["name"] = .string(name) }
        if !group.isEmpty { details["group"] = .string(group) }
        return details
    }
}
