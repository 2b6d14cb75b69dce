public import KubernetesTypes

/// An absolute URL, as Go's `url.Parse` takes it apart.
public struct CELURL: Sendable, Hashable {
    public var text: String
    var scheme: String
    var host: String
    var path: String
    var query: String

    /// - Returns: nil for texts that are no absolute URLs or paths.
    public init?(_ text: String) {
        self.text = text
        guard !text.isEmpty, text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F }) else { return nil }
        var rest = Substring(text)
        if let hash = rest.firstIndex(of: "#") { rest = rest[..<hash] }
        query = ""
        if let mark = rest.firstIndex(of: "?") {
            query = String(rest[rest.index(after: mark)...])
            rest = rest[..<mark]
        }
        scheme = ""
        host = ""
        if let range = rest.range(of: "://") {
            scheme = rest[..<range.lowerBound].lowercased()
            guard let first = scheme.utf8.first, (0x61...0x7A).contains(first) else { return nil }
            rest = rest[range.upperBound...]
            let slash = rest.firstIndex(of: "/") ?? rest.endIndex
            host = String(rest[..<slash].split(separator: "@").last ?? "")
            rest = rest[slash...]
        } else if !rest.hasPrefix("/") {
            return nil
        }
        path = String(rest)
    }

    var hostname: String {
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
            return String(host[host.index(after: host.startIndex)..<end])
        }
        return host.split(separator: ":").first.map(String.init) ?? ""
    }

    var port: String {
        guard let colon = host.lastIndex(of: ":"), !host[colon...].contains("]") else { return "" }
        return String(host[host.index(after: colon)...])
    }

    var queryValues: [String: [String]] {
        var result: [String: [String]] = [:]
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            result[String(parts[0]), default: []].append(parts.count > 1 ? String(parts[1]) : "")
        }
        return result
    }
}

extension Substring {
    /// The first place of a text; the standard library's own search needs Foundation.
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}

/// An address and the length of its network's prefix.
public struct CELPrefix: Sendable, Hashable {
    public var address: IPAddress
    public var length: Int

    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])), let length = Int(parts[1]), length >= 0,
            length <= address.bytes.count * 8
        else { return nil }
        self.address = address
        self.length = length
    }

    var text: String { "\(address)/\(length)" }

    var masked: CELPrefix {
        var result = self
        result.address = address.masked(to: length)
        return result
    }

    func contains(_ other: IPAddress) -> Bool {
        other.bytes.count == address.bytes.count && other.masked(to: length) == address.masked(to: length)
    }
}
