#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The few system calls the store needs, with errors as values. Foundation and swift-system offer neither `openat` nor
/// `fsync` of a directory, and following a path by name lets whoever owns the directory swap it for a link meanwhile.
enum SystemCalls {
    static func text(of number: Int32) -> String {
        String(cString: strerror(number))
    }

    static func failure(_ call: String) -> SystemError {
        SystemError(number: errno, call: call)
    }

    /// Repeats a call that a signal interrupted.
    static func retrying<Result: SignedInteger>(_ call: String, _ body: () -> Result) throws -> Result {
        while true {
            let result = body()
            if result != -1 { return result }
            if errno != EINTR { throw failure(call) }
        }
    }
}

/// An open file or directory that closes with its last reference.
final class Descriptor: Sendable {
    let number: Int32

    private init(_ number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }

    static func openDirectory(_ path: String) throws -> Descriptor {
        Descriptor(try SystemCalls.retrying("open \(path)") { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
    }

    /// Opens a file for reading, following links: for paths of the store's own and of trusted inputs.
    static func openFile(_ path: String) throws -> Descriptor {
        Descriptor(try SystemCalls.retrying("open \(path)") { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) })
    }

    /// Creates a file that must not exist.
    static func create(_ path: String) throws -> Descriptor {
        Descriptor(try SystemCalls.retrying("create \(path)") { open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644) })
    }

    static func openOrCreate(_ path: String) throws -> Descriptor {
        Descriptor(try SystemCalls.retrying("create \(path)") { open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644) })
    }

    /// Opens an entry of this directory, never through a link. `O_NONBLOCK` keeps a named pipe from blocking the open.
    func openEntry(_ name: String, directory: Bool) throws -> Descriptor {
        let flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (directory ? O_DIRECTORY : O_NONBLOCK)
        return Descriptor(try SystemCalls.retrying("open \(name)") { openat(number, name, flags) })
    }

    func status() throws -> stat {
        var status = stat()
        _ = try SystemCalls.retrying("fstat") { fstat(number, &status) }
        return status
    }

    /// Names of the entries, without `.` and `..`, in byte order.
    func entries() throws -> [(name: String, kind: EntryKind)] {
        let copy = try SystemCalls.retrying("openat") { openat(number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard let stream = fdopendir(copy) else {
            let failure = SystemCalls.failure("fdopendir")
            close(copy)
            throw failure
        }
        defer { closedir(stream) }
        var result: [(name: String, kind: EntryKind)] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
            }
            guard let name else {
                throw ArtifactStoreError(
                    .unsafePath, "A file name is not UTF-8. Rename the file: names in a bundle are UTF-8.")
            }
            if name == "." || name == ".." { continue }
            var status = stat()
            // A file that vanished between the two calls is reported by whoever opens it.
            _ = fstatat(number, name, &status, AT_SYMLINK_NOFOLLOW)
            result.append((name, EntryKind(mode: status.st_mode)))
        }
        return result.sorted { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }
    }

    /// Reads up to `count` bytes into the buffer; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        #if canImport(Glibc)
            try SystemCalls.retrying("read") { Glibc.read(number, buffer.baseAddress, buffer.count) }
        #elseif canImport(Musl)
            try SystemCalls.retrying("read") { Musl.read(number, buffer.baseAddress, buffer.count) }
        #else
            try SystemCalls.retrying("read") { Darwin.read(number, buffer.baseAddress, buffer.count) }
        #endif
    }

    func writeAll(_ buffer: UnsafeRawBufferPointer) throws {
        var rest = buffer[...]
        while !rest.isEmpty {
            let chunk = UnsafeRawBufferPointer(rebasing: rest)
            #if canImport(Glibc)
                let written = try SystemCalls.retrying("write") { Glibc.write(number, chunk.baseAddress, chunk.count) }
            #elseif canImport(Musl)
                let written = try SystemCalls.retrying("write") { Musl.write(number, chunk.baseAddress, chunk.count) }
            #else
                let written = try SystemCalls.retrying("write") { Darwin.write(number, chunk.baseAddress, chunk.count) }
            #endif
            rest = rest.dropFirst(written)
        }
    }

    /// Returns when the content (or, of a directory, the names in it) would survive a power failure.
    func synchronize() throws {
        _ = try SystemCalls.retrying("fsync") { fsync(number) }
    }

    func makeReadOnly() throws {
        _ = try SystemCalls.retrying("fchmod") { fchmod(number, 0o444) }
    }
}

enum EntryKind: Sendable {
    case file, directory, link, other

    init(mode: mode_t) {
        switch mode & S_IFMT {
        case S_IFREG: self = .file
        case S_IFDIR: self = .directory
        case S_IFLNK: self = .link
        default: self = .other
        }
    }
}

/// Changes to names in the file system.
enum Names {
    static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    static func createDirectories(_ path: String) throws {
        var prefix = path.hasPrefix("/") ? "/" : ""
        for component in path.split(separator: "/") {
            prefix += (prefix.isEmpty || prefix.hasSuffix("/") ? "" : "/") + component
            if mkdir(prefix, 0o755) == -1, errno != EEXIST {
                // A read-only parent that already holds the folder says EROFS or EACCES rather than EEXIST.
                let failure = SystemCalls.failure("mkdir \(prefix)")
                if !exists(prefix) { throw failure }
            }
        }
    }

    static func rename(_ old: String, to new: String) throws {
        #if canImport(Glibc)
            _ = try SystemCalls.retrying("rename") { Glibc.rename(old, new) }
        #elseif canImport(Musl)
            _ = try SystemCalls.retrying("rename") { Musl.rename(old, new) }
        #else
            _ = try SystemCalls.retrying("rename") { Darwin.rename(old, new) }
        #endif
    }

    /// Returns when the names in a directory would survive a power failure.
    static func synchronizeDirectory(_ path: String) throws {
        try Descriptor.openDirectory(path).synchronize()
    }

    /// Locks a file, shared or exclusive, until the descriptor closes; nil when an exclusive lock is not free now.
    static func lock(_ path: String, exclusive: Bool) throws -> Descriptor? {
        let file = try Descriptor.openOrCreate(path)
        let operation = exclusive ? LOCK_EX | LOCK_NB : LOCK_SH
        while flock(file.number, operation) == -1 {
            if errno == EWOULDBLOCK { return nil }
            if errno != EINTR { throw SystemCalls.failure("flock") }
        }
        return file
    }

    static func removeFile(_ path: String) throws {
        if unlink(path) == -1, errno != ENOENT { throw SystemCalls.failure("unlink \(path)") }
    }
}
