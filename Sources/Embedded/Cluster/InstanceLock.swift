import Foundation

/// One `apus up` for a data folder: a lock that the kernel releases however the process ends.
final class InstanceLock: Sendable {
    private let descriptor: Int32
    private let isHeld: Bool

    /// Takes the lock. One whose holder is just ending is waited for: the kernel releases it when the last thread is gone.
    /// - Throws: ``EmbeddedError`` `alreadyRunning`, naming the process that holds it.
    static func take(_ paths: ClusterPaths) async throws -> InstanceLock {
        let deadline = ContinuousClock.now + .seconds(5)
        while true {
            if let lock = try InstanceLock(paths) { return lock }
            let holder = holder(paths)
            guard holder == nil, ContinuousClock.now < deadline else {
                let process = holder.map { " (process \($0.pid))" } ?? ""
                throw EmbeddedError(
                    .alreadyRunning,
                    "a cluster already runs in \(paths.root)\(process); stop it with apus down, or give this one another --data")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// - Returns: nil when another process has the lock.
    private init?(_ paths: ClusterPaths) throws {
        let path = paths.lock
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw EmbeddedError(.fileAccess, "\(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        isHeld = flock(descriptor, LOCK_EX | LOCK_NB) == 0
        // The descriptor is closed when the value goes away.
        guard isHeld else { return nil }
        guard let identity = ProcessIdentity.current, let data = try? JSONEncoder().encode(identity) else { return }
        ftruncate(descriptor, 0)
        _ = data.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    deinit {
        // Only who holds the lock may say that nobody does.
        if isHeld { ftruncate(descriptor, 0) }
        close(descriptor)
    }

    /// The process that the lock file names, if it is alive.
    static func holder(_ paths: ClusterPaths) -> ProcessIdentity? {
        guard let data = FileManager.default.contents(atPath: paths.lock),
            let identity = try? JSONDecoder().decode(ProcessIdentity.self, from: data), identity.isAlive
        else { return nil }
        return identity
    }
}
