public import FoundationEssentials

/// A point in time as the API writes it: RFC 3339, UTC, whole seconds.
public struct Timestamp: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    public var date: Date

    public init(_ date: Date = Date(timeIntervalSince1970: 0)) {
        self.date = Date(timeIntervalSince1970: date.timeIntervalSince1970.rounded(.down))
    }

    /// - Parameter text: RFC 3339 with any offset and any number of fractional digits; fractions are dropped.
    public init?(_ text: String) {
        guard let date = RFC3339.parse(text) else { return nil }
        self.init(date)
    }

    public var description: String { RFC3339.format(date, fractionDigits: 0) }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.date < right.date }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Timestamp(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(text)\" is not an RFC 3339 time")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A point in time with six fractional digits, as leases and events carry.
public struct MicroTimestamp: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    public var date: Date

    public init(_ date: Date = Date(timeIntervalSince1970: 0)) { self.date = date }

    public init?(_ text: String) {
        guard let date = RFC3339.parse(text) else { return nil }
        self.init(date)
    }

    public var description: String { RFC3339.format(date, fractionDigits: 6) }

    public static func < (left: MicroTimestamp, right: MicroTimestamp) -> Bool { left.date < right.date }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = MicroTimestamp(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(text)\" is not an RFC 3339 time")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
