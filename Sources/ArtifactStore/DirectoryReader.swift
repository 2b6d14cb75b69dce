/// Reads a directory that others may be writing to, without ever following a link out of it.
///
/// A trainer owns the directory that is published; the process that publishes may see files the trainer may not. Each
/// level is opened relative to the one above and never through a link, so swapping a folder for a link gains nothing.
struct DirectoryReader {
    let root: Descriptor
    let path: String

    init(_ path: String) throws {
        self.path = path
        do {
            root = try Descriptor.openDirectory(path)
        } catch let error as SystemError {
            throw StoreErrors.reading(error, "the directory \(path)")
        }
    }

    /// A regular file of the directory.
    struct Entry {
        let path: String
        let size: Int64
    }

    /// All regular files, in byte order of their paths.
    /// - Throws: `unsafePath` for a link, device, pipe or name that no bundle may hold.
    func files() throws -> [Entry] {
        var found: [Entry] = []
        try visit(root, prefix: "", into: &found)
        return found.sorted { BundlePath.precedes($0.path, $1.path) }
    }

    private func visit(_ directory: Descriptor, prefix: String, into found: inout [Entry]) throws {
        try BlockingWork.checkCancellation()
        for (name, kind) in try directory.entries() {
            let path = prefix + name
            let shown = BundlePath.printable(path)
            if let problem = BundlePath.problem(path) {
                throw ArtifactStoreError(
                    .unsafePath, "\"\(shown)\" cannot be stored: its path \(problem). Rename it.", path: shown)
            }
            switch kind {
            case .directory:
                try visit(try openEntry(name, of: directory, at: path, directory: true), prefix: path + "/", into: &found)
            case .file:
                let status = try openEntry(name, of: directory, at: path, directory: false).status()
                found.append(Entry(path: path, size: Int64(status.st_size)))
            case .link:
                throw ArtifactStoreError(
                    .unsafePath, "\"\(shown)\" is a symbolic link, which a bundle cannot hold. Put a copy of the file there.",
                    path: shown)
            case .other:
                throw ArtifactStoreError(
                    .unsafePath, "\"\(shown)\" is not a regular file (a pipe, socket or device). Remove it.", path: shown)
            }
            guard found.count <= BundleManifest.maximumFiles else {
                throw ArtifactStoreError(
                    .invalidManifest,
                    "\(self.path) holds more than \(BundleManifest.maximumFiles) files. Pack small files into one.")
            }
        }
    }

    /// Opens a file by its path from the root, one component at a time.
    func open(_ path: String) throws -> Descriptor {
        var directory = root
        let components = path.split(separator: "/").map(String.init)
        for component in components.dropLast() {
            directory = try openEntry(component, of: directory, at: path, directory: true)
        }
        let file = try openEntry(components.last ?? path, of: directory, at: path, directory: false)
        guard EntryKind(mode: try file.status().st_mode) == .file else {
            throw ArtifactStoreError(
                .unsafePath, "\"\(BundlePath.printable(path))\" is not a regular file.", path: BundlePath.printable(path))
        }
        return file
    }

    private func openEntry(
        _ name: String, of parent: Descriptor, at path: String, directory: Bool
    ) throws -> Descriptor {
        do {
            return try parent.openEntry(name, directory: directory)
        } catch let error as SystemError {
            let shown = BundlePath.printable(path)
            switch error.number {
            case StoreErrors.loop, StoreErrors.notDirectory:
                throw ArtifactStoreError(
                    .unsafePath, "\"\(shown)\" is or leads through a symbolic link. Put a copy of the file there.",
                    path: shown, cause: error)
            case StoreErrors.noEntry:
                throw ArtifactStoreError(
                    .missingFile, "\"\(shown)\" is not in \(self.path).", path: shown, cause: error)
            default:
                throw StoreErrors.reading(error, "\"\(shown)\" in \(self.path)")
            }
        }
    }
}
