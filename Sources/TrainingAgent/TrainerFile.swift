import Foundation

/// A file or folder that a trainer wrote: it can be a link to what only the agent may read, a pipe that never ends, or larger than
/// the agent's memory. So links are not followed, only regular files are read, and never more than what is asked for.
final class TrainerFile {
    private let descriptor: Int32

    /// - Returns: nil where no regular file is.
    init?(_ path: String) {
        descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0, Self.status(descriptor).map({ $0.st_mode & S_IFMT == S_IFREG }) ?? false else { return nil }
    }

    /// - Returns: nil where no folder is.
    init?(folder path: String) {
        descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    private static func status(_ descriptor: Int32) -> stat? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? status : nil
    }

    /// The same file or folder under a name that leads nowhere else, for as long as this lives.
    var path: String { "/proc/self/fd/\(descriptor)" }

    var size: UInt64 { Self.status(descriptor).map { UInt64(max(0, $0.st_size)) } ?? 0 }

    /// At most so many bytes; fewer only at the file's end, nil where it cannot be read.
    func read(at offset: UInt64, limit: Int) -> [UInt8]? {
        var content = [UInt8](repeating: 0, count: limit)
        var length = 0
        while length < limit {
            let filled = length
            let count = content.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress?.advanced(by: filled), limit - filled, off_t(offset) + off_t(filled))
            }
            if count == 0 { break }
            if count > 0 {
                length += count
            } else if errno != EINTR {
                return nil
            }
        }
        return Array(content[..<length])
    }

    /// The beginning of a file; nil where no regular file is.
    static func beginning(of path: String, limit: Int) -> [UInt8]? {
        TrainerFile(path)?.read(at: 0, limit: limit)
    }
}
