import Foundation

/// Copies the files of a manifest into a directory, each checked on the way.
///
/// All content is staged inside the directory first and renamed into place when it is complete and right. The directory
/// itself may be a mount point, which could not be renamed as a whole. A fetch that was killed is completed by the next.
enum Materializer {
    struct Source {
        let manifest: BundleManifest
        /// For messages: where the files come from.
        let place: String
        let remedy: String
        let open: (BundleManifest.File) throws -> Descriptor
    }

    private static let stagingPrefix = ".apus-fetch-"

    static func fetch(_ source: Source, into directory: String) throws {
        let existed = Names.exists(directory)
        do {
            try StoreErrors.translatingWrites(to: directory) {
                try Names.createDirectories(directory)
                try removeStaleStaging(in: directory)
                let present = try filesPresent(of: source.manifest, in: directory)
                try complete(source, except: present, in: directory)
            }
        } catch {
            if !existed { try? FileManager.default.removeItem(atPath: directory) }
            throw error
        }
    }

    /// The files of the manifest that are there already and right.
    private static func filesPresent(of manifest: BundleManifest, in directory: String) throws -> Set<String> {
        let reader = try DirectoryReader(directory)
        var wanted: [String: BundleManifest.File] = [:]
        for file in manifest.files { wanted[file.path] = file }
        var present: Set<String> = []
        for entry in try reader.files() {
            guard let file = wanted[entry.path], file.size == entry.size,
                try FileCopying.hash(try reader.open(entry.path)).digest == file.digest
            else {
                throw ArtifactStoreError(
                    .destinationNotEmpty,
                    "\(directory) holds \"\(entry.path)\", which is not part of what is fetched. Name an empty directory.",
                    path: entry.path)
            }
            present.insert(entry.path)
        }
        return present
    }

    private static func complete(_ source: Source, except present: Set<String>, in directory: String) throws {
        let missing = source.manifest.files.filter { !present.contains($0.path) }
        guard !missing.isEmpty else { return }
        let staging = "\(directory)/\(stagingPrefix)\(UUID().uuidString.lowercased())"
        try Names.createDirectories(staging)
        defer { try? FileManager.default.removeItem(atPath: staging) }
        for (index, file) in missing.enumerated() {
            let outcome = try FileCopying.copy(
                try source.open(file), to: "\(staging)/\(index)", limit: file.size + 1, isDurable: false)
            guard outcome.size == file.size, try outcome.digest == file.digest else {
                throw StoreErrors.mismatch(
                    file.path, expectedSize: file.size, size: outcome.size, place: source.place, remedy: source.remedy)
            }
        }
        for (index, file) in missing.enumerated() {
            let target = "\(directory)/\(file.path)"
            if file.path.contains("/") {
                try Names.createDirectories((target as NSString).deletingLastPathComponent)
            }
            try Names.rename("\(staging)/\(index)", to: target)
        }
    }

    private static func removeStaleStaging(in directory: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: directory) where name.hasPrefix(stagingPrefix) {
            try? FileManager.default.removeItem(atPath: "\(directory)/\(name)")
        }
    }
}
