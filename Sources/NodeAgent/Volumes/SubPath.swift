import Foundation
import Glibc

/// The part of a volume that a container asked for, found without ever leaving the volume.
///
/// Whoever writes into a volume can put links there, also while it is looked at. So no path is given to the kernel as a whole: each
/// name is opened in the folder that holds it, and a link is followed by hand, only as far as it stays within.
enum SubPath {
    private static let maximumLinks = 40

    /// Opens the part, and makes it a directory where there is nothing.
    /// - Returns: its path, without links.
    static func resolve(_ wanted: String, in volume: String) throws -> String {
        func outside() -> NodeAgentError {
            NodeAgentError(.createContainerConfig, "subPath \"\(wanted)\" leads out of its volume")
        }
        func failure(_ what: String) -> NodeAgentError {
            NodeAgentError(.createContainerConfig, "subPath \"\(wanted)\": \(what): \(String(cString: strerror(errno)))")
        }
        guard !wanted.hasPrefix("/"), !wanted.split(separator: "/").contains("..") else {
            throw NodeAgentError(.createContainerConfig, "subPath \"\(wanted)\" must stay within its volume")
        }
        // The volume's own path is the node's, or the user's who may name any path of the node: its links are followed.
        var held = [OpenedName(open(volume, OpenedName.withoutReading | O_DIRECTORY | O_CLOEXEC))]
        guard held[0].isOpen, let base = held[0].path else { throw failure("its volume cannot be opened") }
        var rest = Array(wanted.split(separator: "/").map(String.init).reversed())
        var links = 0
        while let name = rest.popLast() {
            if name == "." { continue }
            if name == ".." {
                guard held.count > 1 else { throw outside() }
                held.removeLast()
                continue
            }
            let parent = held[held.count - 1]
            var entry = OpenedName(openat(parent.descriptor, name, OpenedName.withoutReading | O_NOFOLLOW | O_CLOEXEC))
            if !entry.isOpen {
                guard errno == ENOENT else { throw failure("\(name) cannot be opened") }
                guard let made = OpenedName.directory(name, in: parent, mode: rest.isEmpty ? 0o777 : 0o755) else {
                    throw failure("\(name) cannot be made")
                }
                entry = made
            }
            guard entry.kind == S_IFLNK else {
                held.append(entry)
                continue
            }
            links += 1
            guard links <= maximumLinks, let target = entry.target else { throw failure("\(name) is a link that leads nowhere") }
            if target.hasPrefix("/") {
                guard target == base || target.hasPrefix(base + "/") else { throw outside() }
                held.removeLast(held.count - 1)
                rest += target.dropFirst(base.count).split(separator: "/").map(String.init).reversed()
            } else {
                rest += target.split(separator: "/").map(String.init).reversed()
            }
        }
        // What was opened may have been moved meanwhile.
        guard let path = held[held.count - 1].path, path == base || path.hasPrefix(base == "/" ? base : base + "/") else {
            throw outside()
        }
        return path
    }
}

/// An entry of a folder that is held open, whatever becomes of its name.
private final class OpenedName {
    /// `O_PATH`: what is there is held, whatever it is, and not opened for reading.
    static let withoutReading: Int32 = 0o10000000

    let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { if isOpen { close(descriptor) } }

    /// Makes a directory, or takes the one that somebody else made first; never what a link leads to.
    static func directory(_ name: String, in parent: OpenedName, mode: mode_t) -> OpenedName? {
        let isNew = mkdirat(parent.descriptor, name, mode) == 0
        guard isNew || errno == EEXIST else { return nil }
        let made = OpenedName(openat(parent.descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC))
        guard made.isOpen else { return nil }
        if isNew { fchmod(made.descriptor, mode) }
        return made
    }

    var isOpen: Bool { descriptor >= 0 }

    var kind: mode_t {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? status.st_mode & S_IFMT : 0
    }

    /// Where it is now.
    var path: String? { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)") }

    /// Where a link leads.
    var target: String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer -> String? in
            guard let start = buffer.baseAddress else { return nil }
            let count = readlinkat(descriptor, "", start, 4095)
            guard count > 0, count < 4095 else { return nil }
            buffer[count] = 0
            return String(cString: start)
        }
    }
}
