import Foundation

/// Puts a copy of this program where pods find it, whichever build or folder it was started from.
enum ProgramCopy {
    /// - Parameters:
    ///   - source: the program that runs.
    ///   - destination: replaced when the content differs; pods that run the old one keep it.
    static func update(from source: String = "/proc/self/exe", to destination: String) throws {
        let files = FileManager.default
        let resolved = URL(filePath: source).resolvingSymlinksInPath().path
        guard resolved != destination, !files.contentsEqual(atPath: resolved, andPath: destination) else { return }
        try Files.makeFolder(URL(filePath: destination).deletingLastPathComponent().path, mode: 0o755)
        let temporary = "\(destination).new"
        try? files.removeItem(atPath: temporary)
        do {
            try files.copyItem(atPath: resolved, toPath: temporary)
            try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: temporary)
        } catch {
            try? files.removeItem(atPath: temporary)
            throw EmbeddedError(.fileAccess, "this program cannot be copied to \(destination)", cause: error)
        }
        guard rename(temporary, destination) == 0 else {
            throw EmbeddedError(.fileAccess, "\(destination) cannot be replaced: \(String(cString: strerror(errno)))")
        }
    }
}
