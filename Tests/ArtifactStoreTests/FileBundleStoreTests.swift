import Foundation
import Testing

@testable import ArtifactStore

@Suite struct FileBundleStoreTests {
    static let model = ["config.json": "{}", "weights/model.bin": "abcdef", "empty": "", "é.txt": "accent"]

    @Test func whatIsPublishedIsFetchedUnchanged() async throws {
        let scratch = try Scratch()
        let store = scratch.store()
        let published = try await store.publish(try scratch.write(Self.model, in: "model"))
        let manifest = try await store.fetch(published.digest, into: "\(scratch.path)/copy")
        #expect(manifest.files.map(\.path) == ["config.json", "empty", "weights/model.bin", "é.txt"])
        for (name, text) in Self.model {
            #expect(try scratch.read("copy/\(name)") == text)
        }
        try await ArtifactBundle.verify("\(scratch.path)/copy", against: manifest)
        #expect(scratch.entries("store/staging").isEmpty)
        #expect(scratch.entries("copy") == ["config.json", "empty", "weights", "é.txt"])
    }

    /// The digest is the SHA-256 of canonical JSON, so anyone can recompute it; this one was, with sha256sum.
    @Test func theDigestIsThatOfTheCanonicalManifest() async throws {
        let manifest = try BundleManifest(files: [
            .init(path: "b/c", size: 1, sha256: String(repeating: "b", count: 64)),
            .init(path: "a", size: 0, sha256: String(repeating: "a", count: 64)),
        ])
        let (a, b) = (String(repeating: "a", count: 64), String(repeating: "b", count: 64))
        let text =
            #"{"files":[{"path":"a","sha256":"\#(a)","size":0},{"path":"b/c","sha256":"\#(b)","size":1}],"schemaVersion":1}"#
        #expect(String(decoding: try manifest.canonicalJSON(), as: UTF8.self) == text)
        #expect(try manifest.digest().description == "sha256:\(ContentDigest(of: Array(text.utf8)).hexadecimal)")
        #expect(
            ContentDigest(of: Array("abc".utf8)).hexadecimal
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func equalContentIsStoredOnce() async throws {
        let scratch = try Scratch()
        let store = scratch.store()
        let first = try await store.publish(try scratch.write(["a": "same", "b": "same", "c": "other"], in: "one"))
        let again = try await store.publish(try scratch.write(["a": "same", "b": "same", "c": "other"], in: "two"))
        let third = try await store.publish(try scratch.write(["x": "same", "y": "new"], in: "three"))
        #expect(first.digest == again.digest)
        #expect(first.bytesWritten == 9)
        #expect(again.bytesWritten == 0)
        #expect(third.bytesWritten == 3)
        #expect(try await store.inventory().blobs.count == 3)
    }

    @Test func concurrentPublishesOfOneBundleAgree() async throws {
        let scratch = try Scratch()
        let store = scratch.store()
        let files = Dictionary(uniqueKeysWithValues: (0..<20).map { ("file\($0)", String(repeating: "x", count: $0 * 1_000)) })
        let directory = try scratch.write(files, in: "model")
        let digests = try await withThrowingTaskGroup(of: ContentDigest.self) { group in
            for _ in 0..<8 { group.addTask { try await store.publish(directory).digest } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(digests.count == 1)
        try await store.open(try #require(digests.first)).verify()
        #expect(scratch.entries("store/staging").isEmpty)
    }

    /// Readers poll while bundles are published: each sees a bundle whole or not at all.
    @Test func aReaderNeverSeesHalfABundle() async throws {
        let scratch = try Scratch()
        let store = scratch.store()
        let directories = try (0..<12).map {
            try scratch.write(["a": "\($0)", "b": String(repeating: "b", count: 300_000) + "\($0)"], in: "m\($0)")
        }
        var digests: [ContentDigest] = []
        for directory in directories { digests.append(try await ArtifactBundle.directory(directory).digest) }
        let expected = digests
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for directory in directories { _ = try await store.publish(directory) } }
            for _ in 0..<2 {
                group.addTask {
                    var remaining = expected
                    while let digest = remaining.last {
                        do {
                            try await store.open(digest).verify()
                            remaining.removeLast()
                        } catch let error as ArtifactStoreError {
                            #expect(error.code == .notFound)
                            await Task.yield()
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func aFetchThatWasKilledIsCompleted() async throws {
        let scratch = try Scratch()
        let store = scratch.store()
        let published = try await store.publish(try scratch.write(Self.model, in: "model"))
        _ = try scratch.write(["config.json": "{}", ".apus-fetch-dead/0": "par"], in: "copy")
        _ = try await store.fetch(published.digest, into: "\(scratch.path)/copy")
        _ = try await store.fetch(published.digest, into: "\(scratch.path)/copy")
        try await ArtifactBundle.verify("\(scratch.path)/copy", against: published.manifest)
    }

    @Test func aDirectoryWithOtherContentIsLeftAlone() async throws {
        let scratch = try Scratch()
        let store = scratch.store()
        let published = try await store.publish(try scratch.write(Self.model, in: "model"))
        for other in [["config.json": "{ }"], ["notes.txt": "mine"]] {
            let folder = try scratch.write(other, in: "full-\(other.keys.first ?? "")")
            let error = try #require(await failure { _ = try await store.fetch(published.digest, into: folder) })
            #expect(error.code == .destinationNotEmpty)
            #expect(error.path == other.keys.first)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == Array(other.keys))
        }
    }

    @Test func filesAreReadInPlace() async throws {
        let scratch = try Scratch()
        let store = scratch.store()
        let bundle = try await store.open(try await store.publish(try scratch.write(Self.model, in: "model")).digest)
        let mapped = try await bundle.map("weights/model.bin")
        // Removing the bundle does not disturb whoever has it mapped.
        try await store.removeBundle(bundle.digest)
        #expect(try await store.sweep(leftoversOlderThan: 0) == 14)
        #expect(mapped.withUnsafeBytes { Array($0) } == Array("abcdef".utf8))
        #expect(await failure { _ = try await store.open(bundle.digest) }?.code == .notFound)
    }

    @Test func theSweepKeepsWhatIsListed() async throws {
        let scratch = try Scratch()
        let store = scratch.store()
        let keep = try await store.publish(try scratch.write(["shared": "s", "a": "aa"], in: "keep"))
        let drop = try await store.publish(try scratch.write(["shared": "s", "b": "bbb"], in: "drop"))
        _ = try scratch.write(["0": "left by a crash"], in: "store/staging/dead")
        try await store.removeBundle(drop.digest)
        let before = try await store.inventory()
        #expect(before.bundles.map(\.digest) == [keep.digest])
        #expect(before.unreferencedBytes == 3)
        #expect(before.leftovers.count == 1)
        #expect(try await store.sweep(leftoversOlderThan: 3_600) == 3)
        #expect(scratch.entries("store/staging") == ["dead"])
        #expect(try await store.sweep(leftoversOlderThan: -60) == 0)
        #expect(scratch.entries("store/staging").isEmpty)
        try await store.open(keep.digest).verify()
    }

    @Test func aCancelledPublishLeavesNothing() async throws {
        let scratch = try Scratch()
        let store = scratch.store()
        let directory = try scratch.write(["big": String(repeating: "x", count: 50_000_000)], in: "model")
        let task = Task { try await store.publish(directory) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(scratch.entries("store/staging").isEmpty)
        #expect(scratch.entries("store/manifests").isEmpty)
    }
}

/// The store's error that a body throws; nil when it throws none.
func failure(_ body: () async throws -> Void) async -> ArtifactStoreError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? ArtifactStoreError
    }
}
