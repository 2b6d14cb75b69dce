import Crypto

/// The SHA-256 of some content, written `sha256:<64 hexadecimal digits>`.
public struct ContentDigest: Sendable, Hashable, Codable, CustomStringConvertible {
    /// 64 lower-case hexadecimal digits.
    public let hexadecimal: String

    /// Parses `sha256:<64 hexadecimal digits>`.
    public init(_ text: String) throws {
        let digits = text.hasPrefix("sha256:") ? text.dropFirst("sha256:".count) : ""
        guard digits.utf8.count == 64, digits.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            throw ArtifactStoreError(
                .invalidReference,
                "\"\(text.prefix(100))\" is not a digest: write sha256: and 64 hexadecimal digits in lower case.")
        }
        hexadecimal = String(digits)
    }

    /// The digest of bytes in memory.
    public init(of bytes: some Sequence<UInt8>) {
        var hasher = SHA256()
        let contiguous = ContiguousArray(bytes)
        contiguous.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        self.init(hasher.finalize())
    }

    init(_ digest: SHA256.Digest) {
        let digits = Array("0123456789abcdef".utf8)
        hexadecimal = String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    init(hexadecimal: String) throws {
        try self.init("sha256:" + hexadecimal)
    }

    public var description: String {
        "sha256:" + hexadecimal
    }

    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
