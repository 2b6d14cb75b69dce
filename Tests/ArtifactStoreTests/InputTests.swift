import Foundation
import Testing

@testable import ArtifactStore

@Suite struct InputTests {
    @Test func aFileKeepsItsNameAndHasItsOwnDigest() async throws {
        let scratch = try Scratch()
        let directory = try scratch.write(["train set.csv": "text,label\n"], in: "data")
        let uri = "file://\(directory)/train%20set.csv"
        let input = try await InputFetching.fetch(uri, into: "\(scratch.path)/training")
        #expect(input.digest == ContentDigest(of: Array("text,label\n".utf8)))
        #expect(input.size == 11)
        #expect(try scratch.read(input.path) == "text,label\n")
        #expect(try scratch.read("training/train set.csv") == "text,label\n")
        #expect(try await InputFetching.digest(of: uri) == input.digest)
    }

    @Test func linksInADirectoryAreFollowed() async throws {
        let scratch = try Scratch()
        let blobs = try scratch.write(["abc": "{}", "def/deep": "x"], in: "blobs")
        let snapshot = try scratch.write(["vocab.txt": "a"], in: "snapshot")
        try FileManager.default.createSymbolicLink(atPath: "\(snapshot)/config.json", withDestinationPath: "\(blobs)/abc")
        try FileManager.default.createSymbolicLink(atPath: "\(snapshot)/onnx", withDestinationPath: "\(blobs)/def")
        let input = try await InputFetching.fetch("file://\(snapshot)", into: "\(scratch.path)/model")
        #expect(input.fileCount == 3)
        #expect(try scratch.read("model/config.json") == "{}")
        #expect(try scratch.read("model/onnx/deep") == "x")
        #expect(input.digest == (try await ArtifactBundle.directory("\(scratch.path)/model").digest))
    }

    @Test func whatCannotBeBroughtSaysWhy() async throws {
        let scratch = try Scratch()
        let loop = try scratch.write(["a": "1"], in: "loop")
        try FileManager.default.createSymbolicLink(atPath: "\(loop)/again", withDestinationPath: loop)
        let dangling = try scratch.write(["a": "1"], in: "dangling")
        try FileManager.default.createSymbolicLink(atPath: "\(dangling)/x", withDestinationPath: "/nowhere/at/all")
        _ = try scratch.write([:], in: "empty")
        let pipe = try scratch.write([:], in: "pipe")
        #expect(mkfifo("\(pipe)/p", 0o644) == 0)
        let cases: [(String, ArtifactStoreError.Code)] = [
            ("file://\(scratch.path)/missing.csv", .notFound), ("file://\(scratch.path)/empty", .notFound),
            ("file://\(loop)", .unsafePath), ("file://\(dangling)", .missingFile), ("file://\(pipe)/p", .unsafePath),
            ("s3://bucket/key", .unsupportedScheme), ("hf://org/model", .unsupportedScheme), ("train.csv", .invalidReference),
        ]
        for (uri, code) in cases {
            #expect(await failure { _ = try await InputFetching.fetch(uri, into: "\(scratch.path)/out") }?.code == code, "\(uri)")
            #expect(!scratch.exists("out"))
        }
    }

    @Test(arguments: [
        ("file:///var/lib/apus/artifacts", "/var/lib/apus/artifacts"), ("file:///a%20b/", "/a b"), ("FILE:///x//y", "/x/y"),
        ("file:///", "/"),
    ])
    func fileURIs(text: String, path: String) throws {
        #expect(try StoreURI(text) == .file(path: path))
    }

    @Test(arguments: [
        "", "/path", "file:/path", "file://host/path", "file://relative", "file:///a/../b", "file:///a%2F..%2Fb", "file:///a%00b",
        "file:///a?x=1", "file:///a#f", "file:///%zz", "ftp://x/y", "s3://bucket", "hf://x/y",
    ])
    func otherURIsAreRefused(text: String) {
        #expect(throws: ArtifactStoreError.self) { try StoreURI(text) }
    }

    @Test(arguments: [
        "", "abc", "sha256:", "sha256:ABC", "md5:" + String(repeating: "a", count: 64),
        "sha256:" + String(repeating: "A", count: 64), "sha256:../" + String(repeating: "a", count: 61),
    ])
    func badDigestsAreRefused(text: String) {
        #expect(throws: ArtifactStoreError.self) { try ContentDigest(text) }
    }
}
