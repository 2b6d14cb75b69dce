import Foundation

/// One `apus up` for a data folder: a lock that the kernel releases however the process ends.
final class InstanceLock: Sendable {
    private let descriptor: Int32

    /// - Throws: ``EmbeddedError`` `alreadyRunning`, naming the process that holds it.
    init(_ paths: ClusterPaths) throws {
        let path = paths.lock
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw EmbeddedError(.fileAccess, "\(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            let holder = Self.holder(paths).map { " (process \($0.pid))" } ?? ""
            throw EmbeddedError(
                .alreadyRunning,
                "a cluster already runs in \(paths.root)\(holder); stop it with apus down, or give this one another --data")
        }
        guard let identity = ProcessIdentity.current, let data = try? JSONEncoder().encode(identity) else { return }
        ftruncate(descriptor, 0)
        _ = data.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    deinit { close(descriptor) }

    /// The process that the lock file names, if it is alive.
    static func holder(_ paths: ClusterPaths) -> ProcessIdentity? {
        guard let data = FileManager.default.contents(atPath: paths.lock),
            let identity = try? JSONDecoder().decode(ProcessIdentity.self, from: data), identity.isAlive
        else { return nil }
        return identity
    }
}
