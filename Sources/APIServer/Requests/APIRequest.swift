import KubernetesTypes

/// One HTTP request, without the connection it came over.
public struct APIRequest: Sendable {
    public var method: String
    /// The path without the query, percent-decoded by segment.
    public var segments: [String]
    /// As it was sent, for messages and authorization of paths.
    public var path: String
    public var query: [(name: String, value: String)]
    /// Names in lower case.
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    /// Who the client certificate says the caller is, where the connection had a valid one.
    public var certificateUser: UserInfo?

    /// - Parameters:
    ///   - target: path and query as in the request line.
    ///   - headers: names in any case.
    public init(
        method: String, target: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        certificateUser: UserInfo? = nil
    ) {
        self.method = method
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(parts[0])
        segments = parts[0].split(separator: "/").map { PercentEncoding.decode($0, plusIsSpace: false) }
        query =
            parts.count < 2
            ? []
            : parts[1].split(separator: "&").map { pair in
                let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (
                    PercentEncoding.decode(sides[0], plusIsSpace: true),
                    sides.count > 1 ? PercentEncoding.decode(sides[1], plusIsSpace: true) : ""
                )
            }
        self.headers = headers.map { ($0.name.lowercased(), $0.value) }
        self.body = body
        self.certificateUser = certificateUser
    }

    /// The first header of a name in lower case.
    public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    /// The first query parameter of a name.
    func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }

    func parameters(_ name: String) -> [String] { query.filter { $0.name == name }.map(\.value) }
}

/// One HTTP response.
public struct APIResponse: Sendable {
    public enum Body: Sendable {
        case bytes([UInt8])
        /// Written piece by piece until the function returns; each piece is sent at once.
        case stream(@Sendable (any APIResponseWriter) async throws -> Void)
    }

    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: Body

    public init(status: Int, headers: [(name: String, value: String)] = [], body: Body) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    static func text(_ text: String, status: Int = 200) -> APIResponse {
        APIResponse(
            status: status,
            headers: [("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")],
            body: .bytes(Array(text.utf8)))
    }

    static let pageNotFound = APIResponse.text("404 page not found\n", status: 404)
}

/// Where the pieces of a streamed response go.
public protocol APIResponseWriter: Sendable {
    /// Returns when the piece is on its way; throws when the client has gone.
    func write(_ bytes: [UInt8]) async throws
}

enum PercentEncoding {
    static func decode(_ text: Substring, plusIsSpace: Bool) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || ($0 == UInt8(ascii: "+") && plusIsSpace) }) else {
            return String(text)
        }
        var output: [UInt8] = []
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            if byte == UInt8(ascii: "%") {
                guard let high = iterator.next(), let low = iterator.next(), let first = hex(high), let second = hex(low) else {
                    return String(text)
                }
                output.append(first << 4 | second)
            } else {
                output.append(byte == UInt8(ascii: "+") && plusIsSpace ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
