import Crypto

/// Copying and hashing of files in pieces, so that memory stays bounded and cancellation is prompt.
enum FileCopying {
    static let chunkBytes = 1 << 20

    /// What came out of reading a file to its end.
    struct Outcome {
        let size: Int64
        let digest: ContentDigest
    }

    /// Hashes a file from its current position.
    static func hash(_ file: Descriptor, limit: Int64 = .max) throws -> Outcome {
        try process(file, limit: limit) { _ in }
    }

    /// Copies a file from its current position to a new file.
    /// - Parameter isDurable: whether the copy must survive a power failure once this returns.
    static func copy(
        _ file: Descriptor, to path: String, limit: Int64 = .max, isDurable: Bool = true
    ) throws -> Outcome {
        let target = try Descriptor.create(path)
        let outcome = try process(file, limit: limit) { try target.writeAll($0) }
        if isDurable {
            try target.makeReadOnly()
            try target.synchronize()
        }
        return outcome
    }

    /// Writes bytes to a new file, made durable before this returns.
    static func write(_ bytes: [UInt8], to path: String) throws {
        let target = try Descriptor.create(path)
        try bytes.withUnsafeBytes { try target.writeAll($0) }
        try target.makeReadOnly()
        try target.synchronize()
    }

    /// Reads a whole file that may not be larger than `limit` bytes.
    static func read(_ file: Descriptor, limit: Int) throws -> [UInt8]? {
        var bytes: [UInt8] = []
        let outcome = try process(file, limit: Int64(limit) + 1) { bytes.append(contentsOf: $0) }
        return outcome.size > Int64(limit) ? nil : bytes
    }

    /// Feeds a file to `consume` piece by piece, up to `limit` bytes.
    private static func process(
        _ file: Descriptor, limit: Int64, _ consume: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Outcome {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkBytes, alignment: 16)
        defer { buffer.deallocate() }
        var hasher = SHA256()
        var size: Int64 = 0
        while size < limit {
            try BlockingWork.checkCancellation()
            let wanted = Int(min(Int64(chunkBytes), limit - size))
            let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
            if count == 0 { break }
            let chunk = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            hasher.update(bufferPointer: chunk)
            try consume(chunk)
            size += Int64(count)
        }
        return Outcome(size: size, digest: ContentDigest(hasher.finalize()))
    }
}
