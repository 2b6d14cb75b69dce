/// Reading and writing of quantities, by apimachinery's `pkg/api/resource/quantity.go` and `suffix.go`.
enum QuantityGrammar {
    private static let binarySuffixes: [(suffix: String, shift: Int128)] = [
        ("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60),
    ]
    private static let decimalSuffixes: [(suffix: String, exponent: Int)] = [
        ("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18),
    ]

    /// The largest magnitude that is kept; what is beyond is capped, as upstream caps at 2⁶³ − 1.
    private static let limit = Int128(Int64.max) * Quantity.unit

    static func parse(_ text: String) -> (nanos: Int128, format: Quantity.Format)? {
        var rest = Substring(text)
        var isNegative = false
        if let sign = rest.first, sign == "+" || sign == "-" {
            isNegative = sign == "-"
            rest.removeFirst()
        }
        let whole = rest.prefix { $0.isASCII && $0.isNumber }
        rest = rest.dropFirst(whole.count)
        var fraction: Substring = ""
        if rest.first == "." {
            rest.removeFirst()
            fraction = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(fraction.count)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        guard let (multiplier, divisor, format) = scale(String(rest)) else { return nil }
        guard let magnitude = nanos(whole: whole, fraction: fraction, multiplier: multiplier, divisor: divisor) else {
            return nil
        }
        return (isNegative ? -magnitude : magnitude, format)
    }

    /// The factor, as a fraction, that a suffix stands for.
    private static func scale(_ suffix: String) -> (multiplier: Int128, divisor: Int128, format: Quantity.Format)? {
        if let binary = binarySuffixes.first(where: { $0.suffix == suffix }) { return (1 << binary.shift, 1, .binarySI) }
        if let decimal = decimalSuffixes.first(where: { $0.suffix == suffix }) {
            return decimal.exponent >= 0
                ? (power(10, decimal.exponent), 1, .decimalSI) : (1, power(10, -decimal.exponent), .decimalSI)
        }
        guard let marker = suffix.first, marker == "e" || marker == "E", let exponent = Int(suffix.dropFirst()),
            abs(exponent) <= 30
        else {
            return nil
        }
        return exponent >= 0 ? (power(10, exponent), 1, .decimalExponent) : (1, power(10, -exponent), .decimalExponent)
    }

    /// Rounds up to a nano unit and caps at the limit.
    private static func nanos(whole: Substring, fraction: Substring, multiplier: Int128, divisor: Int128) -> Int128? {
        var total: Int128 = 0
        let wholeDigits = whole.drop { $0 == "0" }
        if wholeDigits.count > 19 { return limit }
        if let value = Int128(wholeDigits.isEmpty ? "0" : wholeDigits) {
            let (scaled, overflow) = value.multipliedReportingOverflow(by: multiplier)
            let (product, overflowToo) = scaled.multipliedReportingOverflow(by: Quantity.unit)
            if overflow || overflowToo { return limit }
            total = ceiling(product, divisor)
        }
        // Digits beyond the eighteenth cannot change a nano unit except by rounding up.
        let kept = fraction.prefix(18)
        let rest = fraction.dropFirst(18).contains { $0 != "0" }
        if !kept.isEmpty, let value = Int128(kept) {
            let (scaled, overflow) = (value * Quantity.unit).multipliedReportingOverflow(by: multiplier)
            if overflow { return limit }
            total += ceiling(scaled + (rest ? 1 : 0), power(10, kept.count) * divisor)
        }
        return min(total, limit)
    }

    private static func ceiling(_ value: Int128, _ divisor: Int128) -> Int128 {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder > 0 ? quotient + 1 : quotient
    }

    private static func power(_ base: Int128, _ exponent: Int) -> Int128 {
        (0..<exponent).reduce(1) { product, _ in product * base }
    }

    static func canonical(nanos: Int128, format: Quantity.Format) -> String {
        guard nanos != 0 else { return "0" }
        let sign = nanos < 0 ? "-" : ""
        let magnitude = nanos < 0 ? -nanos : nanos
        // Fractions, and amounts below 1024, are written in decimal even when read in binary.
        if format == .binarySI, magnitude % Quantity.unit == 0, magnitude / Quantity.unit >= 1024 {
            var value = magnitude / Quantity.unit
            var steps = 0
            while value % 1024 == 0, steps < binarySuffixes.count {
                value /= 1024
                steps += 1
            }
            return "\(sign)\(value)\(steps == 0 ? "" : binarySuffixes[steps - 1].suffix)"
        }
        var value = magnitude
        var exponent = -9
        while value % 1000 == 0, exponent < 18 {
            value /= 1000
            exponent += 3
        }
        if format == .decimalExponent { return exponent == 0 ? "\(sign)\(value)" : "\(sign)\(value)e\(exponent)" }
        let suffix = decimalSuffixes.first { $0.exponent == exponent }?.suffix ?? ""
        return "\(sign)\(value)\(suffix)"
    }
}
