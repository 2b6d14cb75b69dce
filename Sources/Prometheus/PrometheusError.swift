/// Why a query gave no answer. The message says what to do about it.
public struct PrometheusError: Error, Sendable, CustomStringConvertible {
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String

        /// Nothing answers at the address.
        public static let unreachable = Code(description: "PrometheusUnreachable")
        /// No answer within the time allowed.
        public static let timeout = Code(description: "PrometheusTimeout")
        /// Prometheus cannot read the query.
        public static let badQuery = Code(description: "BadQuery")
        /// The query is legal but cannot be evaluated, or is too expensive.
        public static let queryFailed = Code(description: "QueryFailed")
        /// The query is fine and selects nothing.
        public static let noData = Code(description: "NoData")
        /// The query gives more, or something else, than was asked for.
        public static let unexpectedResult = Code(description: "UnexpectedResult")
        /// Prometheus says that it is not ready, or overloaded.
        public static let unavailable = Code(description: "PrometheusUnavailable")
        /// What answers is not Prometheus.
        public static let notPrometheus = Code(description: "NotPrometheus")
        /// The address is not a URL.
        public static let invalidAddress = Code(description: "InvalidPrometheusAddress")

        private init(description: String) {
            self.description = description
        }
    }

    public let code: Code
    public let message: String
    /// Where in the query the mistake is, if Prometheus said.
    public let position: QueryPosition?
    public let cause: (any Error)?

    public init(_ code: Code, _ message: String, position: QueryPosition? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.position = position
        self.cause = cause
    }

    public var description: String {
        cause.map { "\(code): \(message) (\($0))" } ?? "\(code): \(message)"
    }

    /// Whether asking again later, unchanged, may succeed.
    public var isTransient: Bool {
        [.unreachable, .timeout, .unavailable, .noData].contains(code)
    }
}

/// A place in a query, both from 1.
public struct QueryPosition: Sendable, Equatable {
    public let line: Int
    public let column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Finds `1:14:` in what Prometheus says of a query that it cannot parse.
    init?(in message: String) {
        guard let match = message.firstMatch(of: #/(?:^|\s)(\d{1,6}):(\d{1,6}): /#),
            let line = Int(match.1), let column = Int(match.2)
        else { return nil }
        self.init(line: line, column: column)
    }
}
