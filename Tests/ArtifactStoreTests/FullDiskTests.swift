import ApusTesting
import Foundation
import Testing

@testable import ArtifactStore

/// A file system of one megabyte, mounted for one test.
private final class SmallDisk {
    let path: String

    /// - Throws: ``MissingPrerequisite`` where mounting is not allowed.
    init() throws {
        try Machine.requireRoot()
        path = NSTemporaryDirectory() + "/apus-small-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard Self.run("mount", "-t", "tmpfs", "-o", "size=1m", "none", path) else {
            throw MissingPrerequisite("a tmpfs cannot be mounted at \(path): run the tests where mounting is allowed")
        }
    }

    deinit {
        _ = Self.run("umount", path)
        try? FileManager.default.removeItem(atPath: path)
    }

    private static func run(_ arguments: String...) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}

struct FullDiskTests {
    @Test func aFullDiskLeavesNothingVisibleAndSaysSo() async throws {
        let disk = try SmallDisk()
        let scratch = try Scratch()
        let store = FileBundleStore(root: "\(disk.path)/store")
        let small = try await store.publish(try scratch.write(["a": String(repeating: "a", count: 100_000)], in: "small"))
        let large = try scratch.write(
            ["b": String(repeating: "b", count: 400_000), "c": String(repeating: "c", count: 900_000)], in: "large")

        let publish = try #require(await failure { _ = try await store.publish(large) })
        #expect(publish.code == .diskFull)
        #expect(publish.message.contains("Free space"))
        let put = try #require(await failure { _ = try await store.putTree(large, as: try TreeName("checkpoints/x/y")) })
        #expect(put.code == .diskFull)
        #expect(try await store.trees(under: try TreeName("checkpoints")).isEmpty)

        let inventory = try await store.inventory()
        #expect(inventory.bundles.map(\.digest) == [small.digest])
        #expect(inventory.leftovers.isEmpty)
        try await store.open(small.digest).verify()
        // Once there is room again the same publish goes through.
        try await store.removeBundle(small.digest)
        _ = try await store.sweep(leftoversOlderThan: 0)
        let roomy = try await store.publish(try scratch.write(["d": String(repeating: "d", count: 500_000)], in: "roomy"))
        try await store.open(roomy.digest).verify()
    }

    @Test func fetchingToAFullDiskLeavesItAsItWas() async throws {
        let disk = try SmallDisk()
        let scratch = try Scratch()
        let store = scratch.store()
        let large = try await store.publish(
            try scratch.write(["a": "small", "b": String(repeating: "b", count: 2_000_000)], in: "large"))
        for destination in [disk.path, "\(disk.path)/new"] {
            let error = try #require(await failure { _ = try await store.fetch(large.digest, into: destination) })
            #expect(error.code == .diskFull)
            #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path).isEmpty)
        }
    }
}
