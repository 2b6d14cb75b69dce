import Foundation

/// Data that was brought in, and the digest of exactly what was brought.
public struct FetchedInput: Sendable, Equatable {
    public let uri: String
    /// SHA-256 of the file, or the digest of the directory's manifest.
    public let digest: ContentDigest
    /// Where it was put: the file, or the directory itself.
    public let path: String
    /// Sum of sizes in bytes.
    public let size: Int64
    public let fileCount: Int
}

/// Brings inputs of a training to where the trainer reads them.
public enum InputFetching {
    /// Copies the file or directory that a URI names into a directory and computes its digest on the way.
    ///
    /// A file keeps its name; of a directory the content is copied. Links are followed (caches of model hubs consist of
    /// them), because whoever wrote the URI may read what they point to. An earlier attempt that was interrupted is
    /// completed.
    public static func fetch(_ uri: String, into directory: String) async throws -> FetchedInput {
        let source = try StoreURI(uri)
        return try await BlockingWork.run {
            switch source {
            case .file(let path): try fetch(path: path, uri: uri, into: directory)
            }
        }
    }

    /// The digest of the file or directory that a URI names, without copying it.
    public static func digest(of uri: String) async throws -> ContentDigest {
        let source = try StoreURI(uri)
        return try await BlockingWork.run {
            switch source {
            case .file(let path): try list(path, uri: uri).digest()
            }
        }
    }

    /// What a URI names: one file, or the files of a directory with where each really lies.
    private struct Listing {
        let isFile: Bool
        let manifest: BundleManifest
        let sources: [String: String]

        func digest() throws -> ContentDigest {
            isFile ? try manifest.files[0].digest : try manifest.digest()
        }
    }

    private static func list(_ path: String, uri: String) throws -> Listing {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw ArtifactStoreError(
                .notFound, "\(uri) does not exist on this machine. Check the path, and that the node can see it.", path: path)
        }
        var sources: [String: String] = [:]
        if isDirectory.boolValue {
            try collect(path, prefix: "", depth: 0, into: &sources)
            guard !sources.isEmpty else {
                throw ArtifactStoreError(.notFound, "\(uri) is an empty directory. Put the data there.", path: path)
            }
        } else {
            sources[(path as NSString).lastPathComponent] = path
        }
        var files: [BundleManifest.File] = []
        for (name, source) in sources {
            let file = try open(source)
            let outcome = try FileCopying.hash(file)
            files.append(.init(path: name, size: outcome.size, sha256: outcome.digest.hexadecimal))
        }
        return Listing(
            isFile: !isDirectory.boolValue, manifest: try BundleManifest(files: files), sources: sources)
    }

    private static func collect(_ folder: String, prefix: String, depth: Int, into sources: inout [String: String]) throws {
        try BlockingWork.checkCancellation()
        guard depth < 32 else {
            throw ArtifactStoreError(
                .unsafePath, "\(folder) is nested more than 32 levels deep. Does a link point back to a folder above it?",
                path: folder)
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let path = "\(folder)/\(name)"
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
                throw ArtifactStoreError(.missingFile, "\(path) is a link that points nowhere. Remove or mend it.", path: path)
            }
            if isDirectory.boolValue {
                try collect(path, prefix: prefix + name + "/", depth: depth + 1, into: &sources)
            } else {
                sources[prefix + name] = path
            }
            guard sources.count <= BundleManifest.maximumFiles else {
                throw ArtifactStoreError(
                    .invalidManifest, "\(folder) holds more than \(BundleManifest.maximumFiles) files.", path: folder)
            }
        }
    }

    private static func open(_ path: String) throws -> Descriptor {
        do {
            let file = try Descriptor.openFile(path)
            guard EntryKind(mode: try file.status().st_mode) == .file else {
                throw ArtifactStoreError(
                    .unsafePath, "\(path) is not a regular file (a pipe, socket or device).", path: path)
            }
            return file
        } catch let error as SystemError {
            throw StoreErrors.reading(error, path)
        }
    }

    private static func fetch(path: String, uri: String, into directory: String) throws -> FetchedInput {
        let listing = try list(path, uri: uri)
        let source = Materializer.Source(
            manifest: listing.manifest, place: uri, remedy: "It changed while it was copied: try again.",
            open: { try open(listing.sources[$0.path] ?? $0.path) })
        try Materializer.fetch(source, into: directory)
        return FetchedInput(
            uri: uri, digest: try listing.digest(),
            path: listing.isFile ? "\(directory)/\(listing.manifest.files[0].path)" : directory,
            size: listing.manifest.totalSize, fileCount: listing.manifest.files.count)
    }
}
