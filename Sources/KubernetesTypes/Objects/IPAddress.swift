/// An IPv4 or IPv6 address, read as strictly as Kubernetes reads it: no leading zeros, no zones.
public struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// 4 or 16 bytes, most significant first.
    public let bytes: [UInt8]

    public var isIPv4: Bool { bytes.count == 4 }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// - Returns: nil where the text is no address.
    public init?(_ text: String) {
        if text.contains(":") {
            guard let bytes = Self.parseIPv6(text) else { return nil }
            self.bytes = bytes
        } else {
            guard let bytes = Self.parseIPv4(Substring(text)) else { return nil }
            self.bytes = bytes
        }
    }

    private static func parseIPv4(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), part.count == 1 || !part.hasPrefix("0"),
                let byte = UInt8(part)
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func parseIPv6(_ text: String) -> [UInt8]? {
        var halves: [Substring] = []
        var rest = Substring(text)
        // A double colon stands for as many zero groups as are missing.
        if let gap = rest.indices.first(where: { rest[$0...].hasPrefix("::") }) {
            halves = [rest[..<gap], rest[rest.index(gap, offsetBy: 2)...]]
            if halves[1].contains("::") { return nil }
            rest = ""
        } else {
            halves = [rest]
        }
        var groups: [[UInt8]] = []
        for half in halves {
            var bytes: [UInt8] = []
            let parts = half.isEmpty ? [] : half.split(separator: ":", omittingEmptySubsequences: false)
            for (index, part) in parts.enumerated() {
                if part.contains("."), index == parts.count - 1, let embedded = parseIPv4(part) {
                    bytes += embedded
                } else if (1...4).contains(part.count), let value = UInt16(part, radix: 16), !part.hasPrefix("+") {
                    bytes += [UInt8(value >> 8), UInt8(value & 0xFF)]
                } else {
                    return nil
                }
            }
            groups.append(bytes)
        }
        if groups.count == 1 { return groups[0].count == 16 ? groups[0] : nil }
        let missing = 16 - groups[0].count - groups[1].count
        return missing >= 2 ? groups[0] + Array(repeating: 0, count: missing) + groups[1] : nil
    }

    /// The address with all but its first bits zero.
    public func masked(to length: Int) -> IPAddress {
        IPAddress(
            bytes: bytes.enumerated().map { index, byte in
                let kept = min(8, max(0, length - index * 8))
                return kept == 0 ? 0 : byte & (0xFF << (8 - UInt8(kept)))
            })
    }

    /// The canonical text; IPv6 by RFC 5952.
    public var description: String {
        if isIPv4 { return bytes.map(String.init).joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        var best: Range<Int>?
        var start: Int?
        for (index, group) in (groups + [1]).enumerated() {
            if group == 0, index < 8 {
                start = start ?? index
            } else if let first = start {
                if index - first > (best?.count ?? 1) { best = first..<index }
                start = nil
            }
        }
        func text(_ part: ArraySlice<UInt16>) -> String { part.map { String($0, radix: 16) }.joined(separator: ":") }
        guard let best else { return text(groups[...]) }
        return text(groups[..<best.lowerBound]) + "::" + text(groups[best.upperBound...])
    }
}
