import Foundation

/// What a request is for, from its path and Host header.
public enum RequestTarget: Sendable, Equatable {
    /// - Parameters:
    ///   - path: what the backend gets: path and query without the prefix.
    ///   - prefix: what was cut off, empty when the service was named by the Host header.
    case service(ServiceKey, path: String, prefix: String)
    /// One of the gateway's own pages: `/health`, `/ready`, `/metrics`.
    case own(String)
    /// Neither names a service.
    case unknown

    /// Reads `Host: <service>.<namespace>[.…]` when the table has that service, else `/<namespace>/<service>/…`.
    public init(uri: String, host: String?, table: RoutingTable) {
        let path = RequestTarget.originForm(uri)
        if let key = RequestTarget.key(host: host), table.services[key] != nil {
            self = .service(key, path: path, prefix: "")
            return
        }
        let pathOnly = path.prefix { $0 != "?" }
        let rest = path[pathOnly.endIndex...]
        let components = pathOnly.dropFirst().split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        if components.count >= 2, RequestTarget.isLabel(components[0]), RequestTarget.isLabel(components[1]) {
            let key = ServiceKey(namespace: String(components[0]), name: String(components[1]))
            let tail = components.count == 3 ? "/" + components[2] : "/"
            self = .service(key, path: tail + rest, prefix: "/\(key.namespace)/\(key.name)")
        } else if ["/health", "/ready", "/metrics"].contains(pathOnly) {
            self = .own(String(pathOnly))
        } else {
            self = .unknown
        }
    }

    /// `http://host/path` as proxies receive it, reduced to its path.
    private static func originForm(_ uri: String) -> String {
        guard !uri.hasPrefix("/") else { return uri }
        guard let scheme = uri.range(of: "://"), let slash = uri[scheme.upperBound...].firstIndex(of: "/") else { return "/" }
        return String(uri[slash...])
    }

    private static func key(host: String?) -> ServiceKey? {
        guard let host else { return nil }
        let labels = host.prefix { $0 != ":" }.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard labels.count >= 2, isLabel(labels[0]), isLabel(labels[1]) else { return nil }
        return ServiceKey(namespace: labels[1].lowercased(), name: labels[0].lowercased())
    }

    /// Letters, digits and hyphens, as names of Kubernetes objects.
    private static func isLabel(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.count <= 253
            && text.utf8.allSatisfy {
                (48...57).contains($0) || (97...122).contains($0) || (65...90).contains($0) || $0 == 0x2D
            }
    }
}
