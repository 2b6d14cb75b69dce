import Foundation

/// Files as this module writes them: whole or not at all, and readable by their owner only.
enum Files {
    static func makeFolder(_ path: String, mode: Int = 0o700) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
        } catch {
            throw EmbeddedError(.fileAccess, "the folder \(path) cannot be made; choose another with --data", cause: error)
        }
    }

    /// Writes beside the file and renames, so that nobody reads half of it.
    static func write(_ data: Data, to path: String, mode: Int = 0o600) throws {
        let temporary = "\(path).\(UUID().uuidString.prefix(8)).new"
        guard
            FileManager.default.createFile(atPath: temporary, contents: data, attributes: [.posixPermissions: mode]),
            rename(temporary, path) == 0
        else {
            let reason = String(cString: strerror(errno))
            try? FileManager.default.removeItem(atPath: temporary)
            throw EmbeddedError(.fileAccess, "\(path) cannot be written: \(reason)")
        }
    }

    static func write(_ text: String, to path: String, mode: Int = 0o600) throws {
        try write(Data(text.utf8), to: path, mode: mode)
    }

    /// All of a file, those included that the kernel hands out in pieces: a short read is not the end of one.
    static func text(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = piece.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return String(decoding: content, as: UTF8.self) }
            if count > 0 {
                content += piece[..<count]
            } else if errno != EINTR {
                return nil
            }
        }
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
