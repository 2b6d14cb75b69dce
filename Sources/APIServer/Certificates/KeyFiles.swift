import Foundation

/// Small secret files that outlive the process: read whole or with an error that names them, written whole or not at all.
enum KeyFiles {
    /// - Returns: the file's text; nil only where there is no file.
    static func read(_ file: URL) throws -> String? {
        var status = stat()
        if lstat(file.path, &status) != 0, errno == ENOENT { return nil }
        do {
            return try String(contentsOf: file, encoding: .utf8)
        } catch {
            throw KeyFileFailure(
                code: .inaccessible,
                message: "cannot read \(file.path): see that the disk works and that this user may read the file",
                cause: "\(error)")
        }
    }

    /// Understands what a file holds.
    static func parse<Value>(_ file: URL, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            throw KeyFileFailure(
                code: .damaged,
                message:
                    "\(file.path) is damaged: put back a copy of it, or move the folder away to start again with new keys, which "
                    + "all clients then need", cause: "\(error)")
        }
    }

    static func incomplete(there: URL, missing: URL) -> KeyFileFailure {
        KeyFileFailure(
            code: .incomplete,
            message:
                "\(there.path) is there and \(missing.path) is not: put back a copy of it, or move both away to start again with "
                + "new keys, which all clients then need", cause: "\(missing.lastPathComponent) does not exist")
    }

    /// Returns when the file is on the disk under its name.
    static func write(_ text: String, to file: URL) throws {
        let directory = file.deletingLastPathComponent()
        try FileManager.default.createDirectory(
            at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let temporary = directory.appending(path: ".\(file.lastPathComponent).\(UUID().uuidString)")
        func failure(_ what: String) -> KeyFileFailure {
            let number = errno
            return KeyFileFailure(
                code: .notWritten, message: "cannot \(what) \(file.path): see that its disk has room and its folder is writable",
                cause: String(cString: strerror(number)))
        }
        guard FileManager.default.createFile(atPath: temporary.path, contents: nil, attributes: [.posixPermissions: 0o600]) else {
            throw failure("create")
        }
        do {
            let handle = try FileHandle(forWritingTo: temporary)
            defer { try? handle.close() }
            try handle.write(contentsOf: Data(text.utf8))
            try handle.synchronize()
            guard rename(temporary.path, file.path) == 0 else { throw failure("rename") }
        } catch {
            try? FileManager.default.removeItem(at: temporary)
            throw error
        }
        let folder = open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw failure("keep") }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw failure("keep") }
    }
}

/// A file of keys that cannot be used as it is. Said in one sentence that names the file and what to do.
struct KeyFileFailure: Error, CustomStringConvertible {
    enum Code: String, Sendable { case inaccessible, damaged, incomplete, notWritten }

    var code: Code
    var message: String
    var cause: String

    var description: String { "\(message) (\(cause))" }
}
