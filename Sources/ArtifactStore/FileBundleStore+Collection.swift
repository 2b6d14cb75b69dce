import Foundation

/// What is stored and what may go.
extension FileBundleStore {
    public func inventory() async throws -> StoreInventory {
        try await BlockingWork.run { try inventoryNow() }
    }

    private func inventoryNow() throws -> StoreInventory {
        var inventory = StoreInventory()
        var referenced: Set<ContentDigest> = []
        for (path, name, modified) in files(below: "\(root)/manifests") {
            try BlockingWork.checkCancellation()
            do {
                let digest = try ContentDigest(hexadecimal: String(name.dropLast(".json".count)))
                let manifest = try loadManifest(digest)
                for file in manifest.files { referenced.insert(try file.digest) }
                inventory.bundles.append(.init(digest: digest, size: manifest.totalSize, modified: modified))
            } catch let error as ArtifactStoreError {
                inventory.damaged[path] = error.message
            }
        }
        for (path, name, modified) in files(below: "\(root)/blobs") {
            guard let digest = try? ContentDigest(hexadecimal: name) else {
                inventory.leftovers.append(path)
                continue
            }
            let size = (try? Descriptor.openFile(path).status().st_size).map(Int64.init) ?? 0
            inventory.blobs.append(
                .init(digest: digest, size: size, modified: modified, isReferenced: referenced.contains(digest)))
        }
        let staging = "\(root)/staging"
        inventory.leftovers += ((try? FileManager.default.contentsOfDirectory(atPath: staging)) ?? []).map { "\(staging)/\($0)" }
        inventory.leftovers += try abandonedTreeVersions()
        inventory.bundles.sort { $0.digest.hexadecimal < $1.digest.hexadecimal }
        inventory.blobs.sort { $0.digest.hexadecimal < $1.digest.hexadecimal }
        inventory.leftovers.sort()
        return inventory
    }

    /// Files two levels down: path, name and time of change.
    private func files(below folder: String) -> [(path: String, name: String, modified: Double)] {
        let manager = FileManager.default
        return ((try? manager.contentsOfDirectory(atPath: folder)) ?? []).flatMap { group in
            ((try? manager.contentsOfDirectory(atPath: "\(folder)/\(group)")) ?? []).map { name in
                let path = "\(folder)/\(group)/\(name)"
                return (path, name, modified(path))
            }
        }
    }

    private func modified(_ path: String) -> Double {
        let date = (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
        return date?.timeIntervalSince1970 ?? 0
    }

    public func removeBundle(_ digest: ContentDigest) async throws {
        try await BlockingWork.run {
            let path = manifestPath(digest)
            guard Names.exists(path) else { return }
            try StoreErrors.translatingWrites(to: root) {
                try Names.removeFile(path)
                try Names.synchronizeDirectory((path as NSString).deletingLastPathComponent)
            }
        }
    }

    public func sweep(leftoversOlderThan seconds: Double) async throws -> Int64? {
        try await BlockingWork.run {
            guard let lock = try StoreErrors.translatingWrites(to: root, { try lockStore(exclusive: true) }) else { return nil }
            defer { withExtendedLifetime(lock) {} }
            let inventory = try inventoryNow()
            // What a damaged manifest lists is unknown, so nothing that it might list may go.
            guard inventory.damaged.isEmpty else {
                throw ArtifactStoreError(
                    .invalidManifest,
                    "Nothing was freed, because manifests are damaged: \(inventory.damaged.keys.sorted().joined(separator: ", ")). Remove or restore them."
                )
            }
            var freed: Int64 = 0
            for blob in inventory.blobs where !blob.isReferenced {
                try StoreErrors.translatingWrites(to: root) { try Names.removeFile(blobPath(blob.digest)) }
                freed += blob.size
            }
            let cutoff = Date().timeIntervalSince1970 - seconds
            for path in inventory.leftovers where modified(path) < cutoff {
                try? FileManager.default.removeItem(atPath: path)
            }
            return freed
        }
    }
}
