import FoundationEssentials
import KubernetesTypes

/// A length of time in nanoseconds, as Go writes it: `1h30m`, `-1.5s`.
public struct CELDuration: Sendable, Hashable {
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    private static let units: [(name: String, nanoseconds: Double)] = [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
    ]

    /// - Returns: nil where the text is no duration.
    public init?(_ text: String) {
        var rest = Substring(text)
        let isNegative = rest.first == "-"
        if rest.first == "-" || rest.first == "+" { rest.removeFirst() }
        if rest == "0" {
            nanoseconds = 0
            return
        }
        guard !rest.isEmpty else { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let value = Double(digits.hasPrefix(".") ? "0" + digits : String(digits)) else { return nil }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
            guard let unit = Self.units.first(where: { $0.name == name }) else { return nil }
            rest = rest.dropFirst(name.count)
            total += value * unit.nanoseconds
        }
        guard total < 9.2e18 else { return nil }
        nanoseconds = Int64(total.rounded()) * (isNegative ? -1 : 1)
    }

    /// Seconds with a fraction, as the language converts durations to strings.
    var text: String {
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        if rest == 0 { return "\(seconds)s" }
        var fraction = String(String(abs(rest) + 1_000_000_000).dropFirst())
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(nanoseconds < 0 && seconds == 0 ? "-" : "")\(seconds).\(fraction)s"
    }
}

/// A moment, in nanoseconds since 1970 (UTC).
public struct CELTimestamp: Sendable, Hashable {
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public init?(_ text: String) {
        guard let date = RFC3339.parse(text) ?? RFC3339.parse("\(text)T00:00:00Z") else { return nil }
        let seconds = date.timeIntervalSince1970
        guard abs(seconds) < 9.2e9 else { return nil }
        nanoseconds = Int64((seconds * 1e9).rounded())
    }

    var text: String {
        let date = Date(timeIntervalSince1970: Double(nanoseconds) / 1e9)
        return RFC3339.format(date, fractionDigits: nanoseconds % 1_000_000_000 == 0 ? 0 : 6)
    }

    /// A part of the date and time in UTC or at an offset such as `+02:00`.
    func part(_ name: String, zone: String) -> Int64? {
        guard let offset = Self.offset(zone) else { return nil }
        let shifted = nanoseconds + offset * 1_000_000_000
        let day = Int64((Double(shifted) / 86_400e9).rounded(.down))
        let inDay = shifted - day * 86_400_000_000_000
        let text = RFC3339.format(Date(timeIntervalSince1970: Double(day) * 86_400), fractionDigits: 0)
        let parts = text.prefix(10).split(separator: "-").compactMap { Int64($0) }
        guard parts.count == 3 else { return nil }
        switch name {
        case "getFullYear": return parts[0]
        case "getMonth": return parts[1] - 1
        case "getDate": return parts[2]
        case "getDayOfMonth": return parts[2] - 1
        case "getDayOfWeek": return ((day + 4) % 7 + 7) % 7
        case "getDayOfYear":
            guard let start = CELTimestamp("\(text.prefix(4))-01-01") else { return nil }
            return day - Int64((Double(start.nanoseconds) / 86_400e9).rounded(.down))
        case "getHours": return inDay / 3_600_000_000_000
        case "getMinutes": return inDay / 60_000_000_000 % 60
        case "getSeconds": return inDay / 1_000_000_000 % 60
        case "getMilliseconds": return inDay / 1_000_000 % 1000
        default: return nil
        }
    }

    private static func offset(_ zone: String) -> Int64? {
        if zone.isEmpty || zone == "UTC" || zone == "Z" { return 0 }
        let parts = zone.drop { $0 == "+" || $0 == "-" }.split(separator: ":").compactMap { Int64($0) }
        guard parts.count == 2 else { return nil }
        return (parts[0] * 3600 + parts[1] * 60) * (zone.hasPrefix("-") ? -1 : 1)
    }
}

/// Base64 for fields of format `byte`.
enum CELBytes {
    static func decodeBase64(_ text: String) -> [UInt8]? { Data(base64Encoded: text).map(Array.init) }
}
