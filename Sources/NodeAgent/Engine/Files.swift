import Foundation
import Glibc

/// The file operations that the agent's promises rest on: durable small files, mounts, and processes looked up by identity.
enum Files {
    /// Writes a file whole or not at all, as others see it. What a power cut may take is made anew with the next start.
    static func write(_ bytes: some Collection<UInt8>, to path: String, mode: mode_t = 0o600) throws {
        try write(bytes, to: path, mode: mode, isDurable: false)
    }

    /// Writes a file so that after a power cut it is there whole or not at all.
    static func writeDurably(_ bytes: some Collection<UInt8>, to path: String, mode: mode_t = 0o600) throws {
        try write(bytes, to: path, mode: mode, isDurable: true)
    }

    private static func write(_ bytes: some Collection<UInt8>, to path: String, mode: mode_t, isDurable: Bool) throws {
        let temporary = path + ".tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure("cannot create \(temporary)") }
        defer { close(descriptor) }
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw failure("cannot write \(temporary)") }
            rest = rest.dropFirst(count)
        }
        fchmod(descriptor, mode)
        guard !isDurable || fsync(descriptor) == 0, rename(temporary, path) == 0 else { throw failure("cannot keep \(path)") }
        guard isDurable else { return }
        let directory = open((path as NSString).deletingLastPathComponent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if directory >= 0 {
            fsync(directory)
            close(directory)
        }
    }

    static func writeDurably<Value: Encodable>(json value: Value, to path: String, mode: mode_t = 0o600) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try writeDurably(try encoder.encode(value), to: path, mode: mode)
    }

    /// All of a file. The kernel hands out lists such as `/proc/self/mounts` in pieces: a short read is not the end of one.
    static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = piece.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return content }
            if count > 0 {
                content += piece[..<count]
            } else if errno != EINTR {
                return nil
            }
        }
    }

    /// The end of a file that a container writes, in at most so many bytes. Only a regular file counts: a link is not followed, a pipe
    /// does not block, and a file of any size costs no more memory than what is asked for.
    static func tail(ofUntrusted path: String, limit: Int) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        let start = max(0, Int(status.st_size) - limit)
        var content = [UInt8](repeating: 0, count: limit)
        var length = 0
        while length < limit {
            let filled = length
            let count = content.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress?.advanced(by: filled), limit - filled, off_t(start + filled))
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

    static func text(_ path: String) -> String? {
        read(path).map { String(decoding: $0, as: UTF8.self) }
    }

    static func decode<Value: Decodable>(_ type: Value.Type, from path: String) -> Value? {
        read(path).flatMap { try? JSONDecoder().decode(type, from: Data($0)) }
    }

    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Makes a directory and its parents; an existing one keeps its mode.
    static func makeDirectory(_ path: String, mode: mode_t = 0o755) throws {
        if isDirectory(path) { return }
        let parent = (path as NSString).deletingLastPathComponent
        if !parent.isEmpty, parent != path { try makeDirectory(parent) }
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw failure("cannot make the directory \(path)") }
        chmod(path, mode)
    }

    static func list(_ path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }

    /// Removes a tree; mounts within must be gone already. A missing one is fine.
    static func remove(_ path: String) {
        try? FileManager.default.removeItem(atPath: path)
    }

    static func modified(_ path: String) -> Date? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        return Date(timeIntervalSince1970: Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9)
    }

    /// Free and total bytes of the file system that holds a path.
    static func space(_ path: String) -> (free: Int, total: Int)? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        return (Int(status.f_bavail) * Int(status.f_frsize), Int(status.f_blocks) * Int(status.f_frsize))
    }

    /// The bytes that a folder's files take on disk.
    static func size(_ path: String) -> Int {
        guard let walk = FileManager.default.enumerator(atPath: path) else { return 0 }
        var total = 0
        for case let name as String in walk {
            var status = stat()
            if lstat(path + "/" + name, &status) == 0 { total += Int(status.st_blocks) * 512 }
        }
        return total
    }

    /// Mounts; the caller names the file system type and data in the kernel's words.
    static func mount(_ source: String, on target: String, type: String, flags: UInt = 0, data: String = "") throws {
        guard Glibc.mount(source, target, type, flags, data) == 0 else {
            throw failure("cannot mount \(type) on \(target)", code: .mount)
        }
    }

    /// Takes a mount away even while in use; not being mounted is fine.
    static func unmount(_ target: String) {
        _ = umount2(target, Int32(2))
    }

    /// The mount points at or under a path, deepest first.
    static func mounts(under path: String) -> [String] {
        (text("/proc/self/mounts") ?? "").split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 1 else { return nil }
            let point = String(fields[1]).replacing("\\040", with: " ")
            return point == path || point.hasPrefix(path + "/") ? point : nil
        }.sorted { $0.count > $1.count }
    }

    /// Whether the process lives and its command line contains a marker, so that a reused pid does not deceive.
    static func processLives(_ pid: Int, marker: String) -> Bool {
        guard let line = text("/proc/\(pid)/cmdline"), !line.isEmpty else { return false }
        return line.contains(marker)
    }

    /// The processes whose command line contains a marker.
    static func processes(marker: String) -> [Int32] {
        list("/proc").compactMap { Int32($0) }.filter { processLives(Int($0), marker: marker) }
    }

    /// This boot of the machine; processes recorded under another are gone.
    static var bootID: String {
        (text("/proc/sys/kernel/random/boot_id") ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func failure(_ message: String, code: NodeAgentError.Code = .commandFailed) -> NodeAgentError {
        let number = errno
        let text = String(cString: strerror(number))
        if number == ENOSPC || number == EDQUOT {
            return NodeAgentError(.diskFull, "\(message): \(text); free space on the disk that holds the data directory")
        }
        return NodeAgentError(code, "\(message): \(text)")
    }
}
