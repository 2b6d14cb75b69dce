/// An amount of a resource as Kubernetes writes it: `500m`, `2Gi`, `1e3`.
///
/// Keeps the text it was read from; compares and calculates by value, exactly to a nano unit.
/// Grammar and canonical form: apimachinery `pkg/api/resource/quantity.go`.
public struct Quantity: Sendable, Codable, CustomStringConvertible {
    public enum Format: Sendable, Hashable {
        /// Powers of 1024: `Ki`, `Mi`, …
        case binarySI
        /// Powers of 1000: `m`, `k`, `M`, …
        case decimalSI
        /// `1e3`
        case decimalExponent
    }

    /// In units of 10⁻⁹.
    public private(set) var nanos: Int128
    public private(set) var format: Format
    private var text: String?

    public init() { self.init(nanos: 0) }

    public init(nanos: Int128, format: Format = .decimalSI) {
        self.nanos = nanos
        self.format = format
    }

    public init(_ whole: Int, format: Format = .decimalSI) {
        self.init(nanos: Int128(whole) * Self.unit, format: format)
    }

    public init(milli: Int) { self.init(nanos: Int128(milli) * 1_000_000) }

    /// Bytes, written with binary suffixes.
    public static func bytes(_ count: Int) -> Quantity { Quantity(count, format: .binarySI) }

    /// - Returns: nil where the text is not a quantity.
    public init?(_ text: String) {
        guard let parsed = QuantityGrammar.parse(text) else { return nil }
        (nanos, format) = parsed
        self.text = text
    }

    static let unit: Int128 = 1_000_000_000

    public var isZero: Bool { nanos == 0 }
    public var isNegative: Bool { nanos < 0 }

    /// Whole units, rounded up as Kubernetes does it.
    public var roundedUp: Int { Int(clamping: Self.ceilingDivide(nanos, Self.unit)) }
    /// Thousandths, rounded up.
    public var milli: Int { Int(clamping: Self.ceilingDivide(nanos, 1_000_000)) }
    public var double: Double { Double(nanos) / 1e9 }

    private static func ceilingDivide(_ value: Int128, _ divisor: Int128) -> Int128 {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder > 0 ? quotient + 1 : quotient
    }

    /// The text it was read from, or else the canonical form.
    public var description: String { text ?? canonical }

    /// The form that the API server stores: no fraction, the largest suffix that keeps it exact.
    public var canonical: String { QuantityGrammar.canonical(nanos: nanos, format: format) }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text: String
        if let whole = try? container.decode(Int.self) {
            text = String(whole)
        } else if let number = try? container.decode(Double.self) {
            text = JSONSerializer.formatted(number)
        } else {
            text = try container.decode(String.self)
        }
        guard let value = Quantity(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "\"\(text)\" is not a quantity such as 500m or 2Gi")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Quantity: Hashable, Comparable, AdditiveArithmetic {
    public static var zero: Quantity { Quantity() }
    public static func == (left: Quantity, right: Quantity) -> Bool { left.nanos == right.nanos }
    public static func < (left: Quantity, right: Quantity) -> Bool { left.nanos < right.nanos }
    public static func + (left: Quantity, right: Quantity) -> Quantity {
        Quantity(nanos: left.nanos &+ right.nanos, format: left.isZero ? right.format : left.format)
    }
    public static func - (left: Quantity, right: Quantity) -> Quantity {
        Quantity(nanos: left.nanos &- right.nanos, format: left.isZero ? right.format : left.format)
    }
    public static func * (left: Quantity, right: Int) -> Quantity {
        Quantity(nanos: left.nanos &* Int128(right), format: left.format)
    }
    public func hash(into hasher: inout Hasher) { hasher.combine(nanos) }
}

extension Quantity: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int) { self.init(value) }
}
