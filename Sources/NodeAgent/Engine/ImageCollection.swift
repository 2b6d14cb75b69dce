import Foundation

/// Which unpacked images go when the disk is scarce. Pure.
///
/// Upstream's rules and numbers: above 85 % of the disk the images that were unused the longest go, until 80 % would be
/// reached; one that a container uses stays, and so does one that was brought or used within the last two minutes.
/// What no name leads to any more goes at any time.
struct ImageCollection: Sendable, Equatable {
    struct Candidate: Sendable, Equatable {
        var rootPath: String
        var sizeBytes: Int
        var lastUsed: Date
        /// A container runs on it, or may yet.
        var isInUse: Bool
        /// An image's name leads to it.
        var isNamed: Bool
    }

    struct Disk: Sendable, Equatable {
        var freeBytes: Int
        var totalBytes: Int
    }

    var highPercent = 85
    var lowPercent = 80
    var minimumAgeSeconds = 120.0

    /// How much should be freed; nothing while the disk is below the high mark.
    func bytesToFree(_ disk: Disk) -> Int {
        guard disk.totalBytes > 0 else { return 0 }
        let used = disk.totalBytes - disk.freeBytes
        guard used * 100 >= disk.totalBytes * highPercent else { return 0 }
        return max(0, used - disk.totalBytes / 100 * lowPercent)
    }

    /// The images that go, in this order.
    func victims(_ candidates: [Candidate], freeing bytes: Int, now: Date) -> [Candidate] {
        let idle = candidates.filter { !$0.isInUse && now.timeIntervalSince($0.lastUsed) >= minimumAgeSeconds }
            .sorted { ($0.isNamed ? 1 : 0, $0.lastUsed, $0.rootPath) < ($1.isNamed ? 1 : 0, $1.lastUsed, $1.rootPath) }
        var freed = 0
        var result: [Candidate] = []
        for candidate in idle where !candidate.isNamed || freed < bytes {
            freed += candidate.sizeBytes
            result.append(candidate)
        }
        return result
    }
}
