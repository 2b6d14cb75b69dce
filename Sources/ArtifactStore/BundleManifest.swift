public import Foundation

/// What a bundle consists of. Its canonical JSON (sorted keys, files in byte order of their paths) is hashed: that
/// digest names the bundle, so that nothing in it can change under its name.
public struct BundleManifest: Sendable, Equatable, Codable {
    /// One file of the bundle.
    public struct File: Sendable, Equatable, Codable {
        /// Relative path with `/` between components.
        public let path: String
        /// Size in bytes.
        public let size: Int64
        /// SHA-256 of the content, 64 hexadecimal digits.
        public let sha256: String

        public init(path: String, size: Int64, sha256: String) {
            self.path = path
            self.size = size
            self.sha256 = sha256
        }

        var digest: ContentDigest {
            get throws { try ContentDigest(hexadecimal: sha256) }
        }
    }

    public static let currentSchemaVersion = 1
    /// A manifest beyond this many bytes is refused before it is parsed.
    public static let maximumBytes = 32 << 20
    public static let maximumFiles = 100_000
    /// Beyond this (8 TiB) a size is taken for an attack or an accident.
    public static let maximumFileSize: Int64 = 8 << 40

    public let schemaVersion: Int
    public let files: [File]

    /// A manifest of these files, ordered and checked.
    public init(files: [File]) throws {
        schemaVersion = Self.currentSchemaVersion
        self.files = files.sorted { BundlePath.precedes($0.path, $1.path) }
        try validate()
    }

    /// Parses and checks a manifest from anywhere.
    public init(json: Data) throws {
        guard json.count <= Self.maximumBytes else {
            throw ArtifactStoreError(
                .invalidManifest, "The manifest has \(json.count) bytes; at most \(Self.maximumBytes) are read.")
        }
        do {
            self = try JSONDecoder().decode(BundleManifest.self, from: json)
        } catch {
            throw ArtifactStoreError(
                .invalidManifest, "The manifest is not the JSON of one: it needs schemaVersion and files.", cause: error)
        }
        try validate()
    }

    /// The bytes that are stored and hashed.
    public func canonicalJSON() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }

    /// The digest that names the bundle.
    public func digest() throws -> ContentDigest {
        ContentDigest(of: try canonicalJSON())
    }

    /// Sum of the files' sizes in bytes.
    public var totalSize: Int64 {
        files.reduce(0) { $0 + $1.size }
    }

    /// The file at a path, if the bundle has one.
    public func file(_ path: String) -> File? {
        files.first { $0.path == path }
    }

    private func validate() throws {
        guard schemaVersion == Self.currentSchemaVersion else {
            throw ArtifactStoreError(
                .invalidManifest,
                "The manifest has schemaVersion \(schemaVersion); this build reads \(Self.currentSchemaVersion).")
        }
        guard files.count <= Self.maximumFiles else {
            throw ArtifactStoreError(
                .invalidManifest,
                "The bundle has \(files.count) files; at most \(Self.maximumFiles) are allowed. Pack small files into one.")
        }
        // Paths that differ only in Unicode normalization compare equal here, which is wanted: some file systems
        // would put them into one file.
        var paths: Set<String> = []
        var total: Int64 = 0
        for file in files {
            let shown = BundlePath.printable(file.path)
            if let problem = BundlePath.problem(file.path) {
                throw ArtifactStoreError(.unsafePath, "The bundle lists \"\(shown)\", a path that \(problem).", path: shown)
            }
            guard paths.insert(file.path).inserted else {
                throw ArtifactStoreError(.invalidManifest, "The bundle lists \"\(shown)\" twice.", path: shown)
            }
            guard (0...Self.maximumFileSize).contains(file.size) else {
                throw ArtifactStoreError(
                    .invalidManifest, "\"\(shown)\" is said to have \(file.size) bytes, which no file here may have.",
                    path: shown)
            }
            guard (try? file.digest) != nil else {
                throw ArtifactStoreError(
                    .invalidManifest, "The sha256 of \"\(shown)\" is not 64 hexadecimal digits in lower case.", path: shown)
            }
            total += file.size
            guard total <= Self.maximumFileSize else {
                throw ArtifactStoreError(
                    .invalidManifest, "The files of the bundle sum to more than \(Self.maximumFileSize) bytes.", path: shown)
            }
        }
        for file in files {
            if let parent = BundlePath.parents(of: file.path).first(where: paths.contains) {
                let shown = BundlePath.printable(parent)
                throw ArtifactStoreError(
                    .invalidManifest, "The bundle lists \"\(shown)\" both as a file and as a directory.", path: shown)
            }
        }
    }
}
