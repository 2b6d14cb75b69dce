import Foundation

/// Directories under names that change, for checkpoints.
///
///     <root>/trees/<name>.tree/current           names the version in force; replaced by a rename
///     <root>/trees/<name>.tree/<version>/manifest.json, files/…
///
/// A tree keeps its own copy of its content rather than sharing blobs, so that deleting an old checkpoint frees its
/// space at once and can never touch a published model.
extension FileBundleStore {
    private static let suffix = ".tree"

    /// What `current` says.
    private struct Current: Codable {
        let version: String
        let digest: ContentDigest
        let modified: Double
    }

    private func treePath(_ name: TreeName) -> String {
        "\(root)/trees/\(name)\(Self.suffix)"
    }

    public func putTree(_ directory: String, as name: TreeName) async throws -> StoredTree {
        try await BlockingWork.run {
            let reader = try DirectoryReader(directory)
            return try StoreErrors.translatingWrites(to: root) {
                try withStaging { try putTreeNow(reader, as: name, staging: $0) }
            }
        }
    }

    private func putTreeNow(_ reader: DirectoryReader, as name: TreeName, staging: String) throws -> StoredTree {
        let version = UUID().uuidString.lowercased()
        let staged = "\(staging)/\(version)"
        var folders: Set<String> = [staged, "\(staged)/files"]
        try Names.createDirectories("\(staged)/files")
        var files: [BundleManifest.File] = []
        for entry in try reader.files() {
            let target = "\(staged)/files/\(entry.path)"
            for parent in BundlePath.parents(of: entry.path) where folders.insert("\(staged)/files/\(parent)").inserted {
                try Names.createDirectories("\(staged)/files/\(parent)")
            }
            let outcome = try FileCopying.copy(try reader.open(entry.path), to: target)
            guard outcome.size == entry.size else {
                throw ArtifactStoreError(
                    .changedWhileReading,
                    "\"\(entry.path)\" in \(reader.path) changed while it was copied. Rename a directory into place when it is complete.",
                    path: entry.path)
            }
            files.append(.init(path: entry.path, size: outcome.size, sha256: outcome.digest.hexadecimal))
        }
        let manifest = try BundleManifest(files: files)
        let json = try manifest.canonicalJSON()
        try FileCopying.write(Array(json), to: "\(staged)/manifest.json")
        for folder in folders { try Names.synchronizeDirectory(folder) }

        let tree = treePath(name)
        let previous = try? current(of: name)
        let current = Current(version: version, digest: ContentDigest(of: json), modified: Date().timeIntervalSince1970)
        try Names.createDirectories(tree)
        try Names.rename(staged, to: "\(tree)/\(version)")
        try FileCopying.write(Array(try JSONEncoder().encode(current)), to: "\(staging)/current")
        try Names.rename("\(staging)/current", to: "\(tree)/current")
        try Names.synchronizeDirectory(tree)
        try Names.synchronizeDirectory((tree as NSString).deletingLastPathComponent)
        if let previous { try? FileManager.default.removeItem(atPath: "\(tree)/\(previous.version)") }
        return StoredTree(name: name, digest: current.digest, manifest: manifest, modified: current.modified)
    }

    private func current(of name: TreeName) throws -> Current {
        let path = "\(treePath(name))/current"
        do {
            let bytes = try FileCopying.read(try Descriptor.openFile(path), limit: 1 << 16) ?? []
            let current = try JSONDecoder().decode(Current.self, from: Data(bytes))
            // The version is joined to a path below, so it must be what was written: a UUID.
            guard UUID(uuidString: current.version) != nil else { throw CocoaError(.coderInvalidValue) }
            return current
        } catch let error as SystemError {
            if error.number == StoreErrors.noEntry {
                throw ArtifactStoreError(.notFound, "The store \(root) has nothing named \(name).", cause: error)
            }
            throw StoreErrors.reading(error, path)
        } catch let error where !(error is CancellationError) {
            throw ArtifactStoreError(
                .invalidManifest, "\(path) is damaged. Use an older checkpoint, or delete \(name).", path: path, cause: error)
        }
    }

    private func openTree(_ name: TreeName) throws -> (tree: StoredTree, content: DirectoryReader) {
        let current = try current(of: name)
        let folder = "\(treePath(name))/\(current.version)"
        let path = "\(folder)/manifest.json"
        do {
            let bytes = try FileCopying.read(try Descriptor.openFile(path), limit: BundleManifest.maximumBytes) ?? []
            guard ContentDigest(of: bytes) == current.digest else {
                throw ArtifactStoreError(
                    .digestMismatch, "The manifest of \(name) in \(root) is damaged. Use an older checkpoint.", path: path)
            }
            let manifest = try BundleManifest(json: Data(bytes))
            let tree = StoredTree(name: name, digest: current.digest, manifest: manifest, modified: current.modified)
            return (tree, try DirectoryReader("\(folder)/files"))
        } catch let error as SystemError {
            throw ArtifactStoreError(
                .missingFile, "The manifest of \(name) in \(root) cannot be read. Use an older checkpoint.", path: path,
                cause: error)
        }
    }

    public func trees(under prefix: TreeName) async throws -> [StoredTree] {
        try await BlockingWork.run {
            try treeNames(below: "\(root)/trees/\(prefix)", prefix: prefix).compactMap { name in
                do {
                    return try openTree(name).tree
                } catch let error as ArtifactStoreError where error.code == .notFound {
                    return nil  // Deleted since it was listed.
                } catch let error as ArtifactStoreError where error.isDamage {
                    // Listed all the same: whoever fetches it learns what is wrong and goes on to an older one.
                    let empty = try BundleManifest(files: [])
                    return StoredTree(name: name, digest: try empty.digest(), manifest: empty, modified: 0)
                }
            }
        }
    }

    private func treeNames(below folder: String, prefix: TreeName) throws -> [TreeName] {
        guard Names.exists(folder) else { return [] }
        var names: [TreeName] = []
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            if name.hasSuffix(Self.suffix) {
                names.append(try prefix.appending(String(name.dropLast(Self.suffix.count))))
            } else if let deeper = try? prefix.appending(name) {
                names += try treeNames(below: "\(folder)/\(name)", prefix: deeper)
            }
        }
        return names.sorted { NaturalOrder.precedes($1.components.last ?? "", $0.components.last ?? "") }
    }

    public func fetchTree(_ name: TreeName, into directory: String) async throws -> StoredTree {
        try await BlockingWork.run {
            var attempt = 1
            while true {
                let (tree, content) = try openTree(name)
                let source = Materializer.Source(
                    manifest: tree.manifest, place: "\(name) of \(root)", remedy: "Use an older checkpoint.",
                    open: { try content.open($0.path) })
                do {
                    try Materializer.fetch(source, into: directory)
                    return tree
                } catch let error as ArtifactStoreError where error.code == .missingFile && attempt < 3 {
                    // Replaced by a newer version while it was read? Then that one is what the name means now.
                    guard let now = try? current(of: name), now.digest != tree.digest else { throw error }
                    attempt += 1
                }
            }
        }
    }

    public func deleteTree(_ name: TreeName) async throws {
        try await BlockingWork.run {
            let tree = treePath(name)
            guard Names.exists(tree) else { return }
            try StoreErrors.translatingWrites(to: root) {
                // Invisible first, so that an interrupted removal leaves no half tree.
                try Names.removeFile("\(tree)/current")
                try Names.synchronizeDirectory(tree)
            }
            try? FileManager.default.removeItem(atPath: tree)
        }
    }

    /// Versions of trees that are not in force: what an interrupted write or removal left.
    func abandonedTreeVersions() throws -> [String] {
        let top = "\(root)/trees"
        guard let walk = FileManager.default.enumerator(atPath: top) else { return [] }
        var abandoned: [String] = []
        while let path = walk.nextObject() as? String {
            guard path.hasSuffix(Self.suffix) else { continue }
            walk.skipDescendants()
            guard let name = try? TreeName(String(path.dropLast(Self.suffix.count))) else { continue }
            let inForce = try? current(of: name).version
            for version in (try? FileManager.default.contentsOfDirectory(atPath: "\(top)/\(path)")) ?? []
            where version != "current" && version != inForce {
                abandoned.append("\(top)/\(path)/\(version)")
            }
        }
        return abandoned
    }
}

/// Text with numbers in it, ordered as a person would: `checkpoint-20` before `checkpoint-100`.
enum NaturalOrder {
    static func precedes(_ left: String, _ right: String) -> Bool {
        let (left, right) = (parts(left), parts(right))
        for (one, other) in zip(left, right) where one != other {
            if let first = number(one), let second = number(other) {
                return first.count != second.count ? first.count < second.count : first < second
            }
            return one < other
        }
        return left.count < right.count
    }

    private static func parts(_ text: String) -> [String] {
        var parts: [String] = []
        var wasDigit: Bool?
        for character in text {
            let isDigit = character.isASCII && character.isNumber
            if isDigit == wasDigit { parts[parts.count - 1].append(character) } else { parts.append(String(character)) }
            wasDigit = isDigit
        }
        return parts
    }

    /// The digits without leading zeros, if it is a number: of any length, so nothing overflows.
    private static func number(_ part: String) -> String? {
        guard let first = part.first, first.isASCII, first.isNumber else { return nil }
        return String(part.drop { $0 == "0" })
    }
}
