import ArtifactStore
import Foundation

/// Copies finished checkpoints into the artifact store and keeps the newest two there.
struct CheckpointKeeper {
    let store: any BundleStore
    let name: String
    let folder: URL

    /// Stores the newest finished checkpoint that is newer than `step`.
    /// - Returns: its step, or nil when there was none.
    func saveNew(after step: Int?) async throws -> Int? {
        guard let newest = Self.finished(in: folder).max(by: { $0.step < $1.step }), newest.step > step ?? -1 else { return nil }
        // Held open, so that the name cannot be made a link to another place meanwhile.
        guard let held = TrainerFile(folder: newest.url.path) else { return nil }
        let prefix = try TreeName(name)
        _ = try await store.putTree(held.path, as: prefix.appending(newest.url.lastPathComponent))
        withExtendedLifetime(held) {}
        try await store.deleteOlderTrees(under: prefix, keeping: 2)
        return newest.step
    }

    /// What lies there and will not be stored, as it is not named as a checkpoint; names that begin with a dot are work in progress.
    static func strangers(in folder: URL) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { !$0.hasPrefix(".") && !$0.hasPrefix("checkpoint-") }.sorted()
    }

    /// Folders named `checkpoint-<step>`: a trainer gives that name when everything is inside. A link is none of them.
    static func finished(in folder: URL) -> [(step: Int, url: URL)] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.compactMap { name in
            guard name.hasPrefix("checkpoint-"), let step = Int(name.dropFirst("checkpoint-".count)), step >= 0,
                TrainerFile(folder: folder.appending(path: name).path) != nil
            else { return nil }
            return (step, folder.appending(path: name))
        }
    }
}
