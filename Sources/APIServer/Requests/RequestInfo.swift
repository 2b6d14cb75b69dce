/// What a request is about, read off its method and path: the question that authorization answers.
struct RequestInfo: Sendable, Equatable {
    var isResourceRequest: Bool
    /// `get`, `list`, `watch`, `create`, … for resources; the method in lower case for paths.
    var verb: String
    var group = ""
    var version = ""
    var namespace = ""
    var resource = ""
    var subresource = ""
    var name = ""
    /// The node that a list or watch of pods is limited to by its field selector.
    var selectedNode: String?
    var path: String
    /// Path segments after the subresource (for proxies), or more of them than any resource has.
    var rest: [String] = []

    init(_ request: APIRequest) {
        path = request.path
        verb = request.method.lowercased()
        isResourceRequest = false
        var segments = request.segments[...]
        guard let first = segments.first, first == "api" || first == "apis", segments.count >= (first == "api" ? 3 : 4) else {
            return
        }
        segments = segments.dropFirst()
        if first == "apis" {
            group = segments.removeFirst()
        }
        version = segments.removeFirst()
        isResourceRequest = true
        verb =
            switch request.method {
            case "POST": "create"
            case "GET", "HEAD": "get"
            case "PUT": "update"
            case "PATCH": "patch"
            case "DELETE": "delete"
            default: request.method.lowercased()
            }
        if segments.first == "watch", segments.count > 1 {
            segments = segments.dropFirst()
            verb = "watch"
        }
        readResource(segments)
        finishVerb(request)
    }

    /// `namespaces/NAME/RESOURCE/…`, `namespaces/NAME[/status|finalize]`, `RESOURCE/…`.
    private mutating func readResource(_ all: ArraySlice<String>) {
        var segments = all
        if segments.first == "namespaces" {
            if segments.count > 1 {
                namespace = segments[segments.startIndex + 1]
                if segments.count > 2 {
                    let third = segments[segments.startIndex + 2]
                    if third != "status", third != "finalize" { segments = segments.dropFirst(2) }
                }
            }
        }
        let parts = Array(segments)
        resource = parts.first ?? ""
        name = parts.count > 1 ? parts[1] : ""
        subresource = parts.count > 2 ? parts[2] : ""
        rest = parts.count > 3 ? Array(parts[3...]) : []
    }

    private mutating func finishVerb(_ request: APIRequest) {
        if name.isEmpty, verb == "get" {
            verb = Self.isTrue(request.parameter("watch")) ? "watch" : "list"
        } else if name.isEmpty, verb == "delete" {
            verb = "deletecollection"
        } else if verb == "get", subresource.isEmpty, Self.isTrue(request.parameter("watch")) {
            // Upstream still lets a single object be watched by its path; it is a get with a parameter to it.
            verb = "get"
        }
        guard verb == "list" || verb == "watch" || verb == "deletecollection", let selector = request.parameter("fieldSelector")
        else { return }
        selectedNode = Self.selected("spec.nodeName", in: selector)
        if name.isEmpty, let named = Self.selected("metadata.name", in: selector) { name = named }
    }

    /// Whether a query parameter is meant as true: present, and neither `false` nor `0`.
    static func isTrue(_ value: String?) -> Bool {
        guard let value else { return false }
        return value != "0" && value.lowercased() != "false"
    }

    /// The value that a selector holds a field to, which authorization goes by: `metadata.name=x`.
    private static func selected(_ field: String, in selector: String) -> String? {
        for term in selector.split(separator: ",") {
            let sides = term.split(separator: "=", omittingEmptySubsequences: true)
            if sides.count == 2, sides[0] == field, !term.contains("!=") { return String(sides[1]) }
        }
        return nil
    }

    var qualifiedResource: String { subresource.isEmpty ? resource : "\(resource)/\(subresource)" }
}
