import Foundation

@testable import ArtifactStore

/// A temporary folder that is removed with the test.
final class Scratch: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/apus-artifacts-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func write(_ files: [String: String], in folder: String) throws -> String {
        let directory = "\(path)/\(folder)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for (name, text) in files {
            let target = "\(directory)/\(name)"
            try FileManager.default.createDirectory(
                atPath: (target as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(fileURLWithPath: target))
        }
        return directory
    }

    func store() -> FileBundleStore {
        FileBundleStore(root: "\(path)/store")
    }

    func read(_ file: String) throws -> String {
        try String(contentsOfFile: file.hasPrefix("/") ? file : "\(path)/\(file)", encoding: .utf8)
    }

    func exists(_ file: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(path)/\(file)")
    }

    func entries(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")) ?? []).sorted()
    }
}

/// The only blob whose content is `text`.
func blob(of text: String, in store: FileBundleStore) -> String {
    store.blobPath(ContentDigest(of: Array(text.utf8)))
}

/// Overwrites a stored, read-only file.
func damage(_ path: String, with bytes: [UInt8]) throws {
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
}
