/// A place that keeps bundles under their digest, and directories that change under a name.
///
/// Every read checks the digest of what it returns. A bundle is visible only when it is whole, and it never changes
/// afterwards, so readers need no lock. All operations work in bounded memory and stop when their task is cancelled.
public protocol BundleStore: Sendable {
    /// Stores the regular files of a directory as a bundle and returns its digest.
    ///
    /// Publishing the same content again, also at the same time from several places, gives the same digest and stores
    /// nothing twice.
    func publish(_ directory: String) async throws -> PublishedBundle

    /// The list of a bundle's files.
    func manifest(of digest: ContentDigest) async throws -> BundleManifest

    /// Copies a bundle into a directory, which is created if needed and must be empty or hold a part of this bundle.
    /// - Returns: what was fetched.
    func fetch(_ digest: ContentDigest, into directory: String) async throws -> BundleManifest

    /// Opens a bundle for reading its files in place.
    func open(_ digest: ContentDigest) async throws -> ArtifactBundle

    /// Stores a copy of a directory under a name, replacing what had that name at once.
    func putTree(_ directory: String, as name: TreeName) async throws -> StoredTree

    /// The directories stored below a name, newest first: in the natural order of their last component, so that
    /// `checkpoint-100` is newer than `checkpoint-20`.
    func trees(under prefix: TreeName) async throws -> [StoredTree]

    /// Copies the directory of a name, checked, into a directory that is created if needed.
    func fetchTree(_ name: TreeName, into directory: String) async throws -> StoredTree

    /// Removes the directory of a name; nothing happens when there is none.
    func deleteTree(_ name: TreeName) async throws

    /// What the store holds, for garbage collection.
    func inventory() async throws -> StoreInventory

    /// Makes a bundle invisible. The space of content that no other bundle shares is freed by ``sweep(leftoversOlderThan:)``.
    func removeBundle(_ digest: ContentDigest) async throws

    /// Removes content that no bundle lists, and leftovers of interrupted writes older than a number of seconds.
    /// - Returns: the bytes freed; nil when nothing was done because something is being published right now.
    func sweep(leftoversOlderThan seconds: Double) async throws -> Int64?
}

extension BundleStore {
    /// Copies the newest directory below a name that is whole; damaged ones are skipped and reported.
    /// - Returns: nil when there is none.
    public func fetchNewestTree(
        under prefix: TreeName, into directory: String
    ) async throws -> (tree: StoredTree, skipped: [ArtifactStoreError])? {
        var skipped: [ArtifactStoreError] = []
        for tree in try await trees(under: prefix) {
            do {
                return (try await fetchTree(tree.name, into: directory), skipped)
            } catch let error as ArtifactStoreError where error.isDamage {
                skipped.append(error)
            }
        }
        return nil
    }

    /// Removes all directories below a name but the newest ones.
    /// - Returns: the names removed.
    @discardableResult
    public func deleteOlderTrees(under prefix: TreeName, keeping count: Int) async throws -> [TreeName] {
        let old = try await trees(under: prefix).dropFirst(max(0, count)).map(\.name)
        for name in old { try await deleteTree(name) }
        return old
    }
}

extension ArtifactStoreError {
    /// True when the stored content itself is bad or gone, so that another copy should be tried.
    public var isDamage: Bool {
        [.digestMismatch, .missingFile, .unexpectedFile, .invalidManifest, .unsafePath, .notFound, .changedWhileReading]
            .contains(code)
    }
}

/// The result of a publish.
public struct PublishedBundle: Sendable, Equatable {
    public let digest: ContentDigest
    public let manifest: BundleManifest
    /// Bytes that were not in the store before.
    public let bytesWritten: Int64
}

/// A name for a directory that changes, such as `checkpoints/<namespace>/<uid>/checkpoint-100`.
public struct TreeName: Sendable, Hashable, CustomStringConvertible {
    public let components: [String]

    /// - Parameter text: components separated by `/`; letters, digits, `-`, `_` and `.` each.
    public init(_ text: String) throws {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let isLegal = parts.allSatisfy { part in
            !part.isEmpty && part.utf8.count <= 200 && !part.hasPrefix(".")
                && !part.hasSuffix(".tree")
                && part.utf8.allSatisfy {
                    (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                        || $0 == 0x2D || $0 == 0x5F || $0 == 0x2E
                }
        }
        guard isLegal, parts.count <= 16 else {
            throw ArtifactStoreError(
                .invalidReference,
                "\"\(BundlePath.printable(text))\" is not a name: use up to 16 components of letters, digits, '-', '_' and "
                    + "'.', separated by '/', none starting with '.' or ending in '.tree'.")
        }
        components = parts
    }

    /// A name below this one.
    public func appending(_ component: String) throws -> TreeName {
        try TreeName(description + "/" + component)
    }

    public var description: String {
        components.joined(separator: "/")
    }
}

/// A directory stored under a name.
public struct StoredTree: Sendable, Equatable {
    public let name: TreeName
    /// Digest of its manifest: what was stored under the name at the time of reading.
    public let digest: ContentDigest
    public let manifest: BundleManifest
    /// Seconds since 1970 when it was stored.
    public let modified: Double
}

/// What a store holds.
public struct StoreInventory: Sendable, Equatable {
    public struct StoredBundle: Sendable, Equatable {
        public let digest: ContentDigest
        /// Sum of the files' sizes, shared content included.
        public let size: Int64
        /// Seconds since 1970.
        public let modified: Double
    }

    public struct StoredBlob: Sendable, Equatable {
        public let digest: ContentDigest
        public let size: Int64
        public let modified: Double
        /// Whether some bundle lists it.
        public let isReferenced: Bool
    }

    public var bundles: [StoredBundle] = []
    public var blobs: [StoredBlob] = []
    /// Paths below the store's folder of interrupted writes.
    public var leftovers: [String] = []
    /// Manifests that do not check out, with what is wrong.
    public var damaged: [String: String] = [:]

    /// Bytes in content that no bundle lists.
    public var unreferencedBytes: Int64 {
        blobs.filter { !$0.isReferenced }.reduce(0) { $0 + $1.size }
    }
}
