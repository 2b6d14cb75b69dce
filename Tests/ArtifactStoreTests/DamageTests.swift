import Foundation
import Testing

@testable import ArtifactStore

/// Every way in which stored bytes can be wrong ends in a typed error that names the file.
@Suite struct DamageTests {
    enum Harm: CaseIterable, Sendable {
        case flippedByte, truncated, grown, missing, emptied
    }

    @Test(arguments: Harm.allCases)
    func aDamagedBlobIsNeverReturned(harm: Harm) async throws {
        let scratch = try Scratch()
        let store = scratch.store()
        let source = try scratch.write(["config.json": "{}", "model.bin": "weights!"], in: "model")
        let digest = try await store.publish(source).digest
        let path = blob(of: "weights!", in: store)
        switch harm {
        case .flippedByte: try damage(path, with: Array("weights?".utf8))
        case .truncated: try damage(path, with: Array("weight".utf8))
        case .grown: try damage(path, with: Array("weights!!".utf8))
        case .emptied: try damage(path, with: [])
        case .missing: try FileManager.default.removeItem(atPath: path)
        }
        let expected: ArtifactStoreError.Code = harm == .missing ? .missingFile : .digestMismatch
        let bundle = try await store.open(digest)
        let reads: [() async throws -> Void] = [
            { _ = try await store.fetch(digest, into: "\(scratch.path)/copy") },
            { _ = try await bundle.map("model.bin") },
            { _ = try await bundle.read("model.bin") },
            { try await bundle.verify() },
        ]
        for read in reads {
            let error = try #require(await failure(read))
            #expect(error.code == expected)
            #expect(error.path == "model.bin")
            #expect(error.message.contains("Publish the bundle again"))
        }
        #expect(!scratch.exists("copy"), "a failed fetch leaves no directory")
        #expect(try await bundle.read("config.json") == Array("{}".utf8))
        // As the message says: publishing again mends it.
        #expect(try await store.publish(source).bytesWritten == 8)
        try await store.open(digest).verify()
    }

    @Test func aDamagedManifestIsNeverParsed() async throws {
        let scratch = try Scratch()
        let store = scratch.store()
        let published = try await store.publish(try scratch.write(["a": "1"], in: "model"))
        let path = store.manifestPath(published.digest)
        let text = try scratch.read(path).replacingOccurrences(of: "\"a\"", with: "\"b\"")
        try damage(path, with: Array(text.utf8))
        #expect(await failure { _ = try await store.manifest(of: published.digest) }?.code == .digestMismatch)
        #expect(try await store.inventory().damaged.count == 1)
        #expect(await failure { _ = try await store.sweep(leftoversOlderThan: 0) }?.code == .invalidManifest)
        #expect(try await store.publish("\(scratch.path)/model").digest == published.digest)
        try await store.open(published.digest).verify()
    }

    @Test func directoriesAreComparedWithTheirManifest() async throws {
        let scratch = try Scratch()
        let directory = try scratch.write(["a": "1", "b/c": "2"], in: "model")
        let bundle = try await ArtifactBundle.directory(directory)
        try await ArtifactBundle.verify(directory, against: bundle.manifest)
        _ = try scratch.write(["extra": ""], in: "model")
        let extra = await failure { try await ArtifactBundle.verify(directory, against: bundle.manifest) }
        #expect(extra?.code == .unexpectedFile)
        #expect(extra?.path == "extra")
        #expect(
            await failure { _ = try await ArtifactBundle.directory(directory, digest: bundle.digest) }?.code == .digestMismatch)
        _ = try scratch.write(["b/c": "3"], in: "model")
        #expect(await failure { try await ArtifactBundle.verify(directory, against: bundle.manifest) }?.path == "b/c")
        #expect(await failure { _ = try await bundle.map("b/c") }?.code == .digestMismatch)
        try FileManager.default.removeItem(atPath: "\(directory)/a")
        #expect(await failure { try await ArtifactBundle.verify(directory, against: bundle.manifest) }?.code == .missingFile)
    }

    static let zeros = String(repeating: "0", count: 64)

    @Test(arguments: [
        (#"{"schemaVersion":1,"files":[{"path":"../x","size":1,"sha256":"\#(zeros)"}]}"#, ArtifactStoreError.Code.unsafePath),
        (#"{"schemaVersion":1,"files":[{"path":"a/../../x","size":1,"sha256":"\#(zeros)"}]}"#, .unsafePath),
        (#"{"schemaVersion":1,"files":[{"path":"/etc/passwd","size":1,"sha256":"\#(zeros)"}]}"#, .unsafePath),
        (#"{"schemaVersion":1,"files":[{"path":"","size":1,"sha256":"\#(zeros)"}]}"#, .unsafePath),
        (#"{"schemaVersion":1,"files":[{"path":"a//b","size":1,"sha256":"\#(zeros)"}]}"#, .unsafePath),
        (#"{"schemaVersion":1,"files":[{"path":"a/./b","size":1,"sha256":"\#(zeros)"}]}"#, .unsafePath),
        (#"{"schemaVersion":1,"files":[{"path":"a\u0000b","size":1,"sha256":"\#(zeros)"}]}"#, .unsafePath),
        (#"{"schemaVersion":1,"files":[{"path":"a\\b","size":1,"sha256":"\#(zeros)"}]}"#, .unsafePath),
        (
            #"{"schemaVersion":1,"files":[{"path":"a","size":1,"sha256":"\#(zeros)"},{"path":"a","size":1,"sha256":"\#(zeros)"}]}"#,
            .invalidManifest
        ),
        (
            #"{"schemaVersion":1,"files":[{"path":"\u00e9","size":1,"sha256":"\#(zeros)"},{"path":"e\u0301","size":1,"sha256":"\#(zeros)"}]}"#,
            .invalidManifest
        ),
        (
            #"{"schemaVersion":1,"files":[{"path":"a","size":1,"sha256":"\#(zeros)"},{"path":"a/b","size":1,"sha256":"\#(zeros)"}]}"#,
            .invalidManifest
        ),
        (#"{"schemaVersion":1,"files":[{"path":"a","size":-1,"sha256":"\#(zeros)"}]}"#, .invalidManifest),
        (#"{"schemaVersion":1,"files":[{"path":"a","size":9223372036854775807,"sha256":"\#(zeros)"}]}"#, .invalidManifest),
        (#"{"schemaVersion":1,"files":[{"path":"a","size":1e30,"sha256":"\#(zeros)"}]}"#, .invalidManifest),
        (
            #"{"schemaVersion":1,"files":[{"path":"a","size":8796093022208,"sha256":"\#(zeros)"},{"path":"b","size":8796093022208,"sha256":"\#(zeros)"}]}"#,
            .invalidManifest
        ),
        (#"{"schemaVersion":1,"files":[{"path":"a","size":1,"sha256":"../../x"}]}"#, .invalidManifest),
        (#"{"schemaVersion":2,"files":[]}"#, .invalidManifest),
        (#"{"files":[]}"#, .invalidManifest),
        ("[]", .invalidManifest),
        ("", .invalidManifest),
    ])
    func hostileManifestsAreRefused(text: String, code: ArtifactStoreError.Code) {
        do {
            _ = try BundleManifest(json: Data(text.utf8))
            Issue.record("accepted")
        } catch {
            #expect((error as? ArtifactStoreError)?.code == code)
        }
    }

    @Test func linksPipesAndOddNamesAreNotPublished() async throws {
        let scratch = try Scratch()
        let store = scratch.store()
        let manager = FileManager.default
        let linked = try scratch.write(["a": "1"], in: "linked")
        try manager.createSymbolicLink(atPath: "\(linked)/b", withDestinationPath: "/etc/hostname")
        let folderLink = try scratch.write(["a": "1"], in: "folderlink")
        try manager.createSymbolicLink(atPath: "\(folderLink)/etc", withDestinationPath: "/etc")
        let pipe = try scratch.write(["a": "1"], in: "pipe")
        #expect(mkfifo("\(pipe)/p", 0o644) == 0)
        let odd = try scratch.write(["new\nline": "1"], in: "odd")
        for (directory, path) in [(linked, "b"), (folderLink, "etc"), (pipe, "p"), (odd, "new?line")] {
            let error = await failure { _ = try await store.publish(directory) }
            #expect(error?.code == .unsafePath)
            #expect(error?.path == path)
            #expect(await failure { _ = try await store.putTree(directory, as: try TreeName("x")) }?.code == .unsafePath)
        }
        #expect(await failure { _ = try await store.publish("\(scratch.path)/nowhere") }?.code == .notFound)
        #expect(try await store.inventory().bundles.isEmpty)
        #expect(scratch.entries("store/staging").isEmpty)
    }
}
