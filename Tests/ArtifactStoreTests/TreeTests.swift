import Foundation
import Testing

@testable import ArtifactStore

@Suite struct TreeTests {
    @Test func theNewestIsTheOneWithTheHighestStep() async throws {
        let scratch = try Scratch()
        let store = scratch.store()
        let prefix = try TreeName("checkpoints/default/uid-1")
        for step in [100, 20, 9] {
            let directory = try scratch.write(["state": "step \(step)"], in: "c\(step)")
            _ = try await store.putTree(directory, as: try prefix.appending("checkpoint-\(step)"))
        }
        _ = try await store.putTree("\(scratch.path)/c9", as: try TreeName("checkpoints/default/uid-2/checkpoint-7"))
        #expect(
            try await store.trees(under: prefix).map(\.name.description) == [100, 20, 9].map { "\(prefix)/checkpoint-\($0)" })
        let newest = try #require(try await store.fetchNewestTree(under: prefix, into: "\(scratch.path)/out"))
        #expect(newest.tree.name.components.last == "checkpoint-100")
        #expect(try scratch.read("out/state") == "step 100")
        #expect(try await store.deleteOlderTrees(under: prefix, keeping: 1).count == 2)
        #expect(try await store.trees(under: prefix).count == 1)
        #expect(try await store.trees(under: try TreeName("checkpoints/default")).count == 2)
        #expect(try await store.trees(under: try TreeName("checkpoints/nobody")).isEmpty)
    }

    @Test func aDamagedNewestIsSkipped() async throws {
        let scratch = try Scratch()
        let store = scratch.store()
        let prefix = try TreeName("checkpoints/default/uid")
        for step in 1...4 {
            _ = try await store.putTree(
                try scratch.write(["state": "step \(step)"], in: "c\(step)"), as: try prefix.appending("checkpoint-\(step)"))
        }
        func version(_ step: Int) throws -> String {
            let tree = "store/trees/\(prefix)/checkpoint-\(step).tree"
            return "\(scratch.path)/\(tree)/" + (try #require(scratch.entries(tree).first { $0 != "current" }))
        }
        try damage("\(version(4))/files/state", with: Array("step 5".utf8))
        try damage("\(version(3))/manifest.json", with: Array("{}".utf8))
        try FileManager.default.removeItem(atPath: "\(version(2))/files/state")
        let newest = try #require(try await store.fetchNewestTree(under: prefix, into: "\(scratch.path)/out"))
        #expect(newest.tree.name.components.last == "checkpoint-1")
        #expect(newest.skipped.count == 3)
        #expect(try scratch.read("out/state") == "step 1")
    }

    @Test func replacingIsAtomicForReaders() async throws {
        let scratch = try Scratch()
        let store = scratch.store()
        let name = try TreeName("checkpoints/default/uid/last")
        let directories = try (0..<2).map { version in
            try scratch.write(
                Dictionary(uniqueKeysWithValues: (0..<5).map { ("f\($0)", "version \(version)") }), in: "v\(version)")
        }
        _ = try await store.putTree(directories[0], as: name)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for round in 1...20 { _ = try await store.putTree(directories[round % 2], as: name) }
            }
            group.addTask {
                for round in 0..<20 {
                    let out = "\(scratch.path)/out\(round)"
                    do {
                        _ = try await store.fetchTree(name, into: out)
                    } catch let error as ArtifactStoreError {
                        // A name rewritten faster than it can be read is an error, never a mixture.
                        #expect(error.code == .missingFile)
                        continue
                    }
                    let texts = try Set((0..<5).map { try scratch.read("\(out)/f\($0)") })
                    #expect(texts.count == 1)
                }
            }
            try await group.waitForAll()
        }
        #expect(scratch.entries("store/trees/\(name).tree").count == 2)
        try await store.deleteTree(name)
        try await store.deleteTree(name)
        #expect(await failure { _ = try await store.fetchTree(name, into: "\(scratch.path)/x") }?.code == .notFound)
        #expect(try await store.inventory().leftovers.isEmpty)
    }

    @Test(arguments: [
        "", "/a", "a/", "a//b", "..", "a/../b", ".hidden", "a b", "a\0", "x.tree", String(repeating: "a", count: 300),
    ])
    func badNamesAreRefused(name: String) {
        #expect(throws: ArtifactStoreError.self) { try TreeName(name) }
    }

    @Test(arguments: [
        ("checkpoint-20", "checkpoint-100"), ("a", "b"), ("a1", "a1b"), ("1", "18446744073709551617"), ("c-007", "c-10"),
        ("step-2-b", "step-10-a"),
    ])
    func naturalOrder(smaller: String, larger: String) {
        #expect(NaturalOrder.precedes(smaller, larger))
        #expect(!NaturalOrder.precedes(larger, smaller))
        #expect(!NaturalOrder.precedes(smaller, smaller))
    }
}
