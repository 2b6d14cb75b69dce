/// A length of time as Go writes it: `90s`, `1h30m`, `250ms`. A century is as long as it gets: whatever is longer means that.
public struct KubernetesDuration: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    static let pattern = #"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"#

    /// Nobody waits longer, and sums of times stay within what clocks and integers hold.
    static let longest: Double = 100 * 365 * 86_400

    public let seconds: Double
    private var text: String?

    public init(seconds: Double) { self.seconds = seconds.isNaN ? 0 : min(max(seconds, 0), Self.longest) }

    /// - Returns: nil where the text is no such duration.
    public init?(_ text: String) {
        var rest = Substring(text)
        var total = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let value = Double(number), number.first != ".", number.last != "." else { return nil }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { $0.isLetter }
            guard let scale = ["ms": 0.001, "s": 1, "m": 60, "h": 3600][unit] else { return nil }
            rest = rest.dropFirst(unit.count)
            total += value * scale
        }
        self.init(seconds: total)
        self.text = text
    }

    public var duration: Duration { .seconds(seconds) }

    /// The text it was read from, or the shortest that means the same.
    public var description: String {
        if let text { return text }
        if seconds != seconds.rounded() { return "\(Int((seconds * 1000).rounded()))ms" }
        let whole = Int(seconds)
        let parts = [(whole / 3600, "h"), (whole / 60 % 60, "m"), (whole % 60, "s")].filter { $0.0 > 0 }
        return parts.isEmpty ? "0s" : parts.map { "\($0.0)\($0.1)" }.joined()
    }

    public static func == (left: Self, right: Self) -> Bool { left.seconds == right.seconds }
    public static func < (left: Self, right: Self) -> Bool { left.seconds < right.seconds }
    public func hash(into hasher: inout Hasher) { hasher.combine(seconds) }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = KubernetesDuration(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "\"\(text)\" is not a duration such as 90s or 1h30m")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
