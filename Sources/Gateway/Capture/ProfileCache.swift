import Drift

/// The reference profiles of the versions that are served. One that could not be read is tried again, after longer and longer pauses.
struct ProfileCache {
    enum Answer {
        case profile(ReferenceProfile)
        /// The version has none, or it cannot be read now.
        case none
        /// It is time to read it, and to ``record(_:of:now:)`` what came of it.
        case unread
    }

    enum Reading {
        case profile(ReferenceProfile)
        /// A bundle of somebody else's need not have one.
        case absent
        case failed
    }

    private enum Entry {
        case profile(ReferenceProfile)
        case absent
        case failed(count: Int, retryAt: ContinuousClock.Instant)
    }

    private static let firstPause = Duration.seconds(1)
    private static let longestPause = Duration.seconds(64)

    private var entries: [ArtifactLocation: Entry] = [:]

    func answer(_ artifact: ArtifactLocation, now: ContinuousClock.Instant) -> Answer {
        switch entries[artifact] {
        case .profile(let profile): .profile(profile)
        case .absent: .none
        case .failed(_, let retryAt): now < retryAt ? .none : .unread
        case nil: .unread
        }
    }

    mutating func record(_ reading: Reading, of artifact: ArtifactLocation, now: ContinuousClock.Instant) {
        switch reading {
        case .profile(let profile): entries[artifact] = .profile(profile)
        case .absent: entries[artifact] = .absent
        case .failed:
            var count = 0
            if case .failed(let before, _) = entries[artifact] { count = before }
            let factor = 1 << min(count, 10)
            let pause = min(Self.firstPause * factor, Self.longestPause)
            entries[artifact] = .failed(count: count + 1, retryAt: now + pause)
        }
    }

    /// Forgets versions that are not served any more.
    mutating func keepOnly(_ artifacts: Set<ArtifactLocation>) {
        entries = entries.filter { artifacts.contains($0.key) }
    }
}
