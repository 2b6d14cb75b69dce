import ArtifactStore
import Foundation

/// One file of a bundle, in memory as long as this value or a copy of it lives.
///
/// Sendable although it holds a pointer: the bytes are only read.
struct BundleFile: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer
    /// Keeps the bytes mapped.
    let owner: AnyObject
}

/// The files of a bundle by name.
struct BundleFiles: Sendable {
    private let files: [String: BundleFile]

    /// What is read; other files of a bundle are for people and other programs.
    private static let names = [
        "config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors", "reference.json",
    ]

    /// Maps the files that the server reads. Of a bundle with a digest, every file is checked, read here or not.
    ///
    /// - Throws: `ModelServerError`, naming the file that is missing, unreadable or damaged.
    init(_ source: ModelServer.Source) async throws {
        do {
            switch source {
            case .directory(let path, digest: nil): files = try Self.directory(path)
            case .directory(let path, let digest?):
                files = try await Self.checked(.directory(path, digest: ContentDigest(digest)))
            case .artifact(let store, let digest):
                files = try await Self.checked(StoreURI(store).openStore().open(ContentDigest(digest)))
            }
        } catch let error as ArtifactStoreError {
            throw ModelServerError(error.isDamage ? .bundleCorrupt : .bundleUnreadable, error.message, cause: error)
        }
    }

    private static func checked(_ bundle: ArtifactBundle) async throws -> [String: BundleFile] {
        var files: [String: BundleFile] = [:]
        for entry in bundle.manifest.files {
            let file = try await bundle.map(entry.path)
            // The mapping lives as long as its owner, which goes along.
            if names.contains(entry.path) { files[entry.path] = BundleFile(bytes: file.withUnsafeBytes { $0 }, owner: file) }
        }
        return files
    }

    /// - Throws: `bundleUnreadable` when there is none of that name.
    func require(_ name: String) throws -> BundleFile {
        guard let file = files[name] else { throw ModelServerError(.bundleUnreadable, "The bundle has no \(name).") }
        return file
    }

    subscript(name: String) -> BundleFile? { files[name] }

    private static func directory(_ path: String) throws -> [String: BundleFile] {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue else {
            throw ModelServerError(.bundleUnreadable, "There is no bundle directory at \(path).")
        }
        var files: [String: BundleFile] = [:]
        for name in names where FileManager.default.fileExists(atPath: path + "/" + name) {
            do {
                let data = try NSData(contentsOfFile: path + "/" + name, options: .alwaysMapped)
                files[name] = BundleFile(bytes: .init(start: data.bytes, count: data.length), owner: data)
            } catch {
                throw ModelServerError(
                    .bundleUnreadable, "\(name) cannot be read: \(error.localizedDescription)", cause: error)
            }
        }
        return files
    }
}
