import NIOHTTP1

/// What becomes of headers on their way through.
enum HeaderRules {
    /// Headers that concern one connection only (RFC 9110, section 7.6.1).
    private static let hopByHop = [
        "Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade",
    ]

    static func removeHopByHop(_ headers: inout HTTPHeaders) {
        // Read first: the header that names others is itself removed.
        let named = headers[canonicalForm: "Connection"].map(String.init)
        for name in hopByHop { headers.remove(name: name) }
        for name in named where !name.isEmpty { headers.remove(name: name) }
    }

    /// The headers that a backend gets, framing aside.
    static func toBackend(
        _ head: HTTPRequestHead, backend: Backend, client: String?, requestID: String, prefix: String
    ) -> HTTPHeaders {
        var headers = head.headers
        removeHopByHop(&headers)
        headers.remove(name: "Expect")
        headers.remove(name: "Content-Length")
        let host = headers.first(name: "Host")
        headers.replaceOrAdd(name: "Host", value: backend.description)
        if let client {
            let earlier = headers["X-Forwarded-For"].joined(separator: ", ")
            headers.replaceOrAdd(name: "X-Forwarded-For", value: earlier.isEmpty ? client : "\(earlier), \(client)")
        }
        if let host, !headers.contains(name: "X-Forwarded-Host") { headers.add(name: "X-Forwarded-Host", value: host) }
        if !headers.contains(name: "X-Forwarded-Proto") { headers.add(name: "X-Forwarded-Proto", value: "http") }
        if prefix.isEmpty {
            headers.remove(name: "X-Forwarded-Prefix")
        } else {
            headers.replaceOrAdd(name: "X-Forwarded-Prefix", value: prefix)
        }
        headers.replaceOrAdd(name: "X-Request-Id", value: requestID)
        return headers
    }

    /// The caller's request id when it is a harmless one, which then joins the logs of both sides.
    static func requestID(_ headers: HTTPHeaders) -> String? {
        guard let id = headers.first(name: "X-Request-Id"), (1...128).contains(id.utf8.count),
            id.utf8.allSatisfy({
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || "-_.:/+=".utf8.contains($0)
            })
        else { return nil }
        return id
    }

    /// Whether sending the request twice does no more than sending it once. Predictions change nothing, although they are
    /// POSTs; feedback does.
    static func isIdempotent(_ head: HTTPRequestHead, path: String) -> Bool {
        switch head.method {
        case .GET, .HEAD, .OPTIONS, .PUT, .DELETE, .TRACE:
            return true
        case .POST:
            if head.headers.contains(name: "Idempotency-Key") { return true }
            let path = path.prefix { $0 != "?" }
            return path.hasPrefix("/v2/models/") && path.hasSuffix("/infer")
                || path.hasPrefix("/v1/models/") && path.hasSuffix(":predict")
        default:
            return false
        }
    }
}
