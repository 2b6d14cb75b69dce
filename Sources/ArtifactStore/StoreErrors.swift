#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Turns error numbers into errors that say what to do.
enum StoreErrors {
    static let loop = ELOOP
    static let notDirectory = ENOTDIR
    static let noEntry = ENOENT

    static func reading(_ error: SystemError, _ what: String) -> ArtifactStoreError {
        switch error.number {
        case ENOENT:
            ArtifactStoreError(.notFound, "Cannot read \(what): it does not exist.", cause: error)
        case ENOTDIR:
            ArtifactStoreError(.notFound, "Cannot read \(what): it is not a directory.", cause: error)
        case EACCES, EPERM:
            ArtifactStoreError(
                .permissionDenied, "Cannot read \(what): permission denied. Give this process read access.", cause: error)
        default:
            ArtifactStoreError(.inputOutput, "Cannot read \(what).", cause: error)
        }
    }

    static func writing(_ error: SystemError, _ place: String) -> ArtifactStoreError {
        switch error.number {
        case ENOSPC, EDQUOT:
            ArtifactStoreError(
                .diskFull,
                "No space is left at \(place); nothing partial was kept. Free space or enlarge the volume, then try again.",
                cause: error)
        case EFBIG:
            ArtifactStoreError(
                .diskFull, "A file is larger than \(place) allows; nothing partial was kept.", cause: error)
        case EACCES, EPERM, EROFS:
            ArtifactStoreError(
                .permissionDenied, "Cannot write to \(place): permission denied. Give this process write access.",
                cause: error)
        default:
            ArtifactStoreError(.inputOutput, "Cannot write to \(place).", cause: error)
        }
    }

    /// Runs a body that writes to `place` and translates what the operating system says.
    static func translatingWrites<Result>(to place: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as SystemError where error.call == "read" {
            throw reading(error, "a file to be copied to \(place)")
        } catch let error as SystemError {
            throw writing(error, place)
        }
    }

    /// A file whose content is not what it must be: truncated, grown or altered.
    static func mismatch(
        _ path: String, expectedSize: Int64, size: Int64, place: String, remedy: String
    ) -> ArtifactStoreError {
        let what =
            size == expectedSize
            ? "its \(size) bytes do not have the digest in the manifest"
            : size < expectedSize
                ? "it has \(size) of \(expectedSize) bytes" : "it has more than its \(expectedSize) bytes"
        return ArtifactStoreError(
            .digestMismatch, "\"\(path)\" in \(place) is damaged: \(what). \(remedy)", path: path)
    }
}
