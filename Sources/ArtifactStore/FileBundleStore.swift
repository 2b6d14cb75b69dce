import Foundation

/// A store in a directory of a file system.
///
///     <root>/manifests/<hh>/<digest>.json   a bundle is visible exactly when this file is there
///     <root>/blobs/<hh>/<digest>            content, shared by the bundles that list it
///     <root>/trees/<name>.tree/             see `FileBundleStore+Trees.swift`
///     <root>/staging/<uuid>/                writes under way; whatever is left there after a crash is garbage
///
/// A write goes to `staging`, is made durable, and is renamed into place, contents before the manifest. So a reader
/// sees a whole bundle or none, without locks, and a crash at any point leaves only garbage in `staging` or unreferenced
/// blobs. Several processes may use one root.
public struct FileBundleStore: BundleStore {
    /// The folder that holds everything.
    public let root: String
    static let remedy = "Publish the bundle again, or restore the file from a backup."

    /// A store in a folder, which is created when something is written first.
    public init(root: String) {
        self.root = root.count > 1 && root.hasSuffix("/") ? String(root.dropLast()) : root
    }

    func manifestPath(_ digest: ContentDigest) -> String {
        "\(root)/manifests/\(digest.hexadecimal.prefix(2))/\(digest.hexadecimal).json"
    }

    func blobPath(_ digest: ContentDigest) -> String {
        "\(root)/blobs/\(digest.hexadecimal.prefix(2))/\(digest.hexadecimal)"
    }

    // MARK: Publishing

    public func publish(_ directory: String) async throws -> PublishedBundle {
        try await BlockingWork.run { try publishNow(directory) }
    }

    private func publishNow(_ directory: String) throws -> PublishedBundle {
        let reader = try DirectoryReader(directory)
        let manifest = try readManifest(of: reader, directory)
        let json = try manifest.canonicalJSON()
        let digest = ContentDigest(of: json)
        return try StoreErrors.translatingWrites(to: root) {
            // Held to the end: a sweep must not remove a blob between our finding it and our listing it.
            let lock = try lockStore(exclusive: false)
            defer { withExtendedLifetime(lock) {} }
            var written: Int64 = 0
            try withStaging { staging in
                var changed: Set<String> = []
                var stored: Set<String> = []
                for file in manifest.files where stored.insert(file.sha256).inserted {
                    if try isStored(file) { continue }
                    let target = blobPath(try file.digest)
                    let temporary = "\(staging)/\(file.sha256)"
                    let outcome = try FileCopying.copy(try reader.open(file.path), to: temporary, limit: file.size + 1)
                    guard outcome.size == file.size, try outcome.digest == file.digest else {
                        throw ArtifactStoreError(
                            .changedWhileReading,
                            "\"\(file.path)\" in \(directory) changed while it was published. Publish after its writer is done.",
                            path: file.path)
                    }
                    try place(temporary, at: target, changed: &changed)
                    written += file.size
                }
                // Every name below must be durable before the manifest that relies on it.
                for directory in changed.sorted() { try Names.synchronizeDirectory(directory) }
                let target = manifestPath(digest)
                if (try? loadManifest(digest)) == nil {
                    changed = []
                    let temporary = "\(staging)/manifest"
                    try FileCopying.write(Array(json), to: temporary)
                    try place(temporary, at: target, changed: &changed)
                    for directory in changed.sorted() { try Names.synchronizeDirectory(directory) }
                }
            }
            return PublishedBundle(digest: digest, manifest: manifest, bytesWritten: written)
        }
    }

    func readManifest(of reader: DirectoryReader, _ directory: String) throws -> BundleManifest {
        do {
            return try BundleManifest(reading: reader)
        } catch let error as SystemError {
            throw StoreErrors.reading(error, "the directory \(directory)")
        }
    }

    /// Whether the store has the content already, and has it right: a damaged blob is replaced by the publish.
    private func isStored(_ file: BundleManifest.File) throws -> Bool {
        guard let blob = try? Descriptor.openFile(blobPath(try file.digest)) else { return false }
        guard let outcome = try? FileCopying.hash(blob, limit: file.size + 1) else {
            try BlockingWork.checkCancellation()
            return false
        }
        return try outcome.size == file.size && outcome.digest == file.digest
    }

    /// Renames a finished file into place, notes which directories' names changed.
    private func place(_ temporary: String, at target: String, changed: inout Set<String>) throws {
        let folder = (target as NSString).deletingLastPathComponent
        if !Names.exists(folder) {
            try Names.createDirectories(folder)
            changed.insert((folder as NSString).deletingLastPathComponent)
            changed.insert(root)
        }
        try Names.rename(temporary, to: target)
        changed.insert(folder)
    }

    /// Gives `body` a folder of its own in `staging`, and removes it afterwards whatever happens.
    func withStaging<Result>(_ body: (String) throws -> Result) throws -> Result {
        let staging = "\(root)/staging/\(UUID().uuidString.lowercased())"
        try Names.createDirectories(staging)
        defer { try? FileManager.default.removeItem(atPath: staging) }
        return try body(staging)
    }

    func lockStore(exclusive: Bool) throws -> Descriptor? {
        try Names.createDirectories(root)
        return try Names.lock("\(root)/lock", exclusive: exclusive)
    }

    // MARK: Reading

    public func manifest(of digest: ContentDigest) async throws -> BundleManifest {
        try await BlockingWork.run { try loadManifest(digest) }
    }

    func loadManifest(_ digest: ContentDigest) throws -> BundleManifest {
        let path = manifestPath(digest)
        let bytes: [UInt8]?
        do {
            bytes = try FileCopying.read(try Descriptor.openFile(path), limit: BundleManifest.maximumBytes)
        } catch let error as SystemError {
            if error.number == StoreErrors.noEntry {
                throw ArtifactStoreError(
                    .notFound,
                    "The store \(root) has no bundle \(digest). Check the digest and that the store is the one it was published to.",
                    cause: error)
            }
            throw StoreErrors.reading(error, path)
        }
        guard let bytes else {
            throw ArtifactStoreError(
                .invalidManifest, "\(path) has more than \(BundleManifest.maximumBytes) bytes.", path: path)
        }
        guard ContentDigest(of: bytes) == digest else {
            throw ArtifactStoreError(
                .digestMismatch,
                "The manifest of \(digest) in \(root) is damaged: its bytes do not have that digest. \(Self.remedy)", path: path)
        }
        return try BundleManifest(json: Data(bytes))
    }

    public func open(_ digest: ContentDigest) async throws -> ArtifactBundle {
        let manifest = try await manifest(of: digest)
        return ArtifactBundle(
            digest: digest, manifest: manifest, locate: { try openBlob(of: $0) },
            place: "bundle \(digest) of \(root)", remedy: Self.remedy)
    }

    private func openBlob(of file: BundleManifest.File) throws -> Descriptor {
        do {
            return try Descriptor.openFile(blobPath(try file.digest))
        } catch let error as SystemError {
            if error.number == StoreErrors.noEntry {
                throw ArtifactStoreError(
                    .missingFile, "\"\(file.path)\" is missing in the store \(root). \(Self.remedy)", path: file.path,
                    cause: error)
            }
            throw StoreErrors.reading(error, "\"\(file.path)\" in the store \(root)")
        }
    }

    public func fetch(_ digest: ContentDigest, into directory: String) async throws -> BundleManifest {
        try await BlockingWork.run {
            let manifest = try loadManifest(digest)
            let source = Materializer.Source(
                manifest: manifest, place: "the store \(root)", remedy: Self.remedy, open: openBlob)
            try Materializer.fetch(source, into: directory)
            return manifest
        }
    }
}
