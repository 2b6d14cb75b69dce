import Crypto

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file of a bundle, mapped into memory after its digest was checked.
///
/// The store never changes a file in place (it only adds and removes names), so the mapping stays what was checked
/// even while the bundle is deleted or the file replaced.
public final class MappedFile: @unchecked Sendable {
    // Sendable unchecked: the mapping is read-only memory that lives exactly as long as this object.
    private let memory: UnsafeRawBufferPointer

    /// Size in bytes.
    public var count: Int { memory.count }

    init(_ file: Descriptor, size: Int) throws {
        guard size > 0 else {
            memory = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, file.number, 0), address != MAP_FAILED else {
            throw SystemCalls.failure("mmap")
        }
        memory = UnsafeRawBufferPointer(start: address, count: size)
    }

    deinit {
        if let address = memory.baseAddress {
            munmap(UnsafeMutableRawPointer(mutating: address), memory.count)
        }
    }

    /// Calls `body` with the content, which must not be used after it returns.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(memory)
    }

    func digest() throws -> ContentDigest {
        var hasher = SHA256()
        var offset = 0
        while offset < memory.count {
            try BlockingWork.checkCancellation()
            let end = min(memory.count, offset + FileCopying.chunkBytes)
            hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: memory[offset..<end]))
            offset = end
        }
        return ContentDigest(hasher.finalize())
    }
}
