public import AsyncHTTPClient
public import Foundation
import NIOCore
import NIOFoundationCompat

/// Asks a Prometheus server.
///
///     let prometheus = try PrometheusClient(address: "http://127.0.0.1:9095")
///     let errors = try await prometheus.query("sum(rate(errors_total[5m]))").number()
public struct PrometheusClient: Sendable {
    /// The server's address, without a trailing slash; may have a path.
    public let address: String
    private let http: HTTPClient
    private let timeout: Duration
    private let headers: [(String, String)]

    /// An answer beyond this many bytes is refused.
    public static let maximumResponseBytes = 64 << 20

    /// - Parameters:
    ///   - address: such as `http://127.0.0.1:9095`, or with the path under which a proxy serves it.
    ///   - timeout: for each query, unless it says its own.
    ///   - headers: sent with every request, for authentication.
    ///   - http: shared by whoever hands it in; one that lives as long as the process when left out.
    public init(
        address: String, timeout: Duration = .seconds(10), headers: [(String, String)] = [], http: HTTPClient = .shared
    ) throws {
        guard let url = URL(string: address), let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme),
            let host = url.host, !host.isEmpty, url.query == nil, url.fragment == nil
        else {
            throw PrometheusError(
                .invalidAddress,
                "\"\(address.prefix(200))\" is not the address of a Prometheus server: write http://host:port.")
        }
        self.address = address.hasSuffix("/") ? String(address.dropLast()) : address
        self.timeout = timeout
        self.headers = headers
        self.http = http
    }

    /// Evaluates an expression at one moment.
    /// - Parameters:
    ///   - time: now, when left out.
    /// - Throws: ``PrometheusError``, or `CancellationError`.
    public func query(_ expression: String, at time: Date? = nil, timeout: Duration? = nil) async throws -> QueryResult {
        var fields = [("query", expression)]
        if let time { fields.append(("time", Self.number(time.timeIntervalSince1970))) }
        return try await post("query", fields, expression, timeout ?? self.timeout)
    }

    /// Evaluates an expression at every `step` from `start` to `end`.
    /// - Throws: ``PrometheusError``, or `CancellationError`.
    public func queryRange(
        _ expression: String, from start: Date, to end: Date, step: Duration, timeout: Duration? = nil
    ) async throws -> QueryResult {
        let fields = [
            ("query", expression), ("start", Self.number(start.timeIntervalSince1970)),
            ("end", Self.number(end.timeIntervalSince1970)), ("step", Self.number(Self.seconds(step))),
        ]
        return try await post("query_range", fields, expression, timeout ?? self.timeout)
    }

    /// Whether the server answers and is ready to be asked.
    public func isReady(timeout: Duration = .seconds(2)) async -> Bool {
        guard let response = try? await http.execute(request("/-/ready"), timeout: .nanoseconds(Self.nanoseconds(timeout)))
        else { return false }
        _ = try? await response.body.collect(upTo: 1 << 16)
        return response.status == .ok
    }

    // MARK: The wire

    private func request(_ path: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: address + path)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        return request
    }

    private func post(
        _ endpoint: String, _ fields: [(String, String)], _ expression: String, _ timeout: Duration
    ) async throws -> QueryResult {
        try Task.checkCancellation()
        // A form in the body, because an expression may be longer than a URL.
        var request = request("/api/v1/\(endpoint)")
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        let form = (fields + [("timeout", "\(max(1, Int(Self.seconds(timeout) * 1000)))ms")])
            .map { "\($0.0)=\(Self.formEncoded($0.1))" }.joined(separator: "&")
        request.body = .bytes(ByteBuffer(string: form))

        let status: UInt
        let body: ByteBuffer
        do {
            // The server gives up first and then says why, so the client waits a little longer.
            let limit = TimeAmount.nanoseconds(Self.nanoseconds(timeout) + 500_000_000)
            let response = try await http.execute(request, timeout: limit)
            status = response.status.code
            body = try await response.body.collect(upTo: Self.maximumResponseBytes)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            try Task.checkCancellation()
            throw failure(error, timeout)
        }
        return try interpret(status: status, body: body, expression, timeout)
    }

    func interpret(status: UInt, body: ByteBuffer, _ expression: String, _ timeout: Duration) throws -> QueryResult {
        guard let response = try? JSONDecoder().decode(APIResponse.self, from: body) else {
            if status == 503 || status == 502 || status == 504 {
                throw PrometheusError(
                    .unavailable,
                    "Prometheus at \(address) answers \(status): it is starting, overloaded or behind a failing proxy.")
            }
            throw PrometheusError(
                .notPrometheus,
                "What answers at \(address) (status \(status)) is not Prometheus' query API. Check the address and path.")
        }
        if response.status == "success", let data = response.data {
            return QueryResult(
                value: data.value, warnings: (response.warnings ?? []) + (response.infos ?? []), query: expression)
        }
        let said = response.error ?? "no reason given"
        switch response.errorType {
        case "bad_data":
            let position = QueryPosition(in: said)
            throw PrometheusError(
                .badQuery, "Prometheus cannot read the query \(QueryResult.shown(expression)): \(said)", position: position)
        case "timeout", "canceled":
            throw PrometheusError(
                .timeout, "The query took longer than \(timeout): \(QueryResult.shown(expression)). Shorten its range.")
        case "unavailable":
            throw PrometheusError(.unavailable, "Prometheus at \(address) is not available: \(said)")
        default:
            throw PrometheusError(
                .queryFailed, "Prometheus cannot evaluate the query \(QueryResult.shown(expression)): \(said)")
        }
    }

    private func failure(_ error: any Error, _ timeout: Duration) -> PrometheusError {
        if let error = error as? HTTPClientError {
            switch error {
            case .deadlineExceeded, .readTimeout, .writeTimeout, .getConnectionFromPoolTimeout:
                return PrometheusError(.timeout, "Prometheus at \(address) did not answer within \(timeout).", cause: error)
            default:
                break
            }
        }
        if error is NIOTooManyBytesError {
            return PrometheusError(
                .unexpectedResult, "The answer has more than \(Self.maximumResponseBytes) bytes. Aggregate the query.",
                cause: error)
        }
        return PrometheusError(
            .unreachable, "Prometheus at \(address) cannot be reached. Is it running, and is the address right?", cause: error)
    }

    static func formEncoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }

    private static func number(_ value: Double) -> String {
        // Never in exponent form, which Prometheus takes for times only by accident.
        String(format: "%.3f", locale: Locale(identifier: "en_US_POSIX"), value)
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }

    private static func nanoseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
    }
}
