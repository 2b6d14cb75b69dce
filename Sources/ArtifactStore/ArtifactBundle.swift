/// An open bundle: its files are read in place, each checked against the manifest when it is opened.
public struct ArtifactBundle: Sendable {
    /// Digest that names the bundle.
    public let digest: ContentDigest
    public let manifest: BundleManifest
    /// Where a file of the manifest lies.
    let locate: @Sendable (BundleManifest.File) throws -> Descriptor
    /// For messages: where the bundle is.
    let place: String
    let remedy: String

    /// Maps a file into memory and checks its size and digest.
    public func map(_ path: String) async throws -> MappedFile {
        try await BlockingWork.run { try mapNow(path) }
    }

    /// Reads a small file whole and checks its size and digest.
    /// - Parameter limit: the largest size in bytes that is read.
    public func read(_ path: String, limit: Int = 64 << 20) async throws -> [UInt8] {
        try await BlockingWork.run {
            let file = try entry(path)
            guard file.size <= Int64(limit) else {
                throw ArtifactStoreError(
                    .invalidManifest, "\"\(path)\" in \(place) has \(file.size) bytes; at most \(limit) are read here.",
                    path: path)
            }
            return try mapNow(path).withUnsafeBytes { Array($0) }
        }
    }

    /// Checks every file.
    public func verify() async throws {
        for file in manifest.files { _ = try await map(file.path) }
    }

    private func entry(_ path: String) throws -> BundleManifest.File {
        guard let file = manifest.file(path) else {
            throw ArtifactStoreError(.missingFile, "The bundle at \(place) has no file \"\(path)\".", path: path)
        }
        return file
    }

    private func mapNow(_ path: String) throws -> MappedFile {
        let file = try entry(path)
        let descriptor = try locate(file)
        do {
            let size = Int64(try descriptor.status().st_size)
            guard size == file.size else {
                throw StoreErrors.mismatch(path, expectedSize: file.size, size: size, place: place, remedy: remedy)
            }
            let mapped = try MappedFile(descriptor, size: Int(size))
            guard try mapped.digest() == file.digest else {
                throw StoreErrors.mismatch(path, expectedSize: file.size, size: size, place: place, remedy: remedy)
            }
            return mapped
        } catch let error as SystemError {
            throw StoreErrors.reading(error, "\"\(path)\" in \(place)")
        }
    }
}

extension ArtifactBundle {
    /// A plain directory as a bundle, its manifest computed now: a bundle that was fetched, or one not yet published.
    /// - Parameter digest: what its digest must be, if known; extra, missing or altered files are then errors.
    public static func directory(_ path: String, digest: ContentDigest? = nil) async throws -> ArtifactBundle {
        try await BlockingWork.run {
            let reader = try DirectoryReader(path)
            let manifest = try BundleManifest(reading: reader)
            let found = try manifest.digest()
            if let digest, digest != found {
                throw ArtifactStoreError(
                    .digestMismatch,
                    "The files in \(path) make the bundle \(found), not \(digest). Fetch the bundle again into an empty directory."
                )
            }
            return ArtifactBundle(
                digest: found, manifest: manifest, locate: { try reader.open($0.path) }, place: path,
                remedy: "The directory changed since it was read.")
        }
    }

    /// Checks that a directory holds exactly the files of a manifest, and names the first that differs.
    public static func verify(_ directory: String, against manifest: BundleManifest) async throws {
        try await BlockingWork.run {
            let reader = try DirectoryReader(directory)
            let remedy = "Fetch the bundle again into an empty directory."
            let present = Set(try reader.files().map(\.path))
            for file in manifest.files {
                guard present.contains(file.path) else {
                    throw ArtifactStoreError(
                        .missingFile, "\"\(file.path)\" is missing in \(directory). \(remedy)", path: file.path)
                }
                let outcome = try FileCopying.hash(try reader.open(file.path), limit: file.size + 1)
                guard outcome.size == file.size, try outcome.digest == file.digest else {
                    throw StoreErrors.mismatch(
                        file.path, expectedSize: file.size, size: outcome.size, place: directory, remedy: remedy)
                }
            }
            let listed = Set(manifest.files.map(\.path))
            if let extra = present.subtracting(listed).min() {
                throw ArtifactStoreError(
                    .unexpectedFile, "\"\(extra)\" in \(directory) is not part of the bundle. Remove it.", path: extra)
            }
        }
    }
}

extension BundleManifest {
    /// The manifest of a directory as it is now.
    init(reading reader: DirectoryReader) throws {
        var files: [File] = []
        for entry in try reader.files() {
            let outcome = try FileCopying.hash(try reader.open(entry.path))
            files.append(File(path: entry.path, size: outcome.size, sha256: outcome.digest.hexadecimal))
        }
        try self.init(files: files)
    }
}
