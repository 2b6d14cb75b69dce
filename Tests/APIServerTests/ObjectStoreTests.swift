import Foundation
import KubernetesTypes
import Testing

@testable import APIServer

/// What the store promises: order, durability, history.
struct ObjectStoreTests {
    static let resource = ResourceName(group: "", resource: "configmaps")

    private func object(_ name: String, value: String = "v", namespace: String = "n") -> PreparedObject {
        PreparedObject([
            "metadata": ["name": .string(name), "namespace": .string(namespace), "uid": .string("u-\(name)")],
            "data": ["k": .string(value)],
        ])
    }

    private func write(_ store: ObjectStore, _ operation: StoreWrite.Operation) async throws -> StoredObject {
        try await store.commit(StoreWrite(resource: Self.resource, operation: operation))
    }

    @Test func revisionsRiseAndAreInTheObject() async throws {
        let store = try ObjectStore(persistence: MemoryPersistence())
        let first = try await write(store, .create(object("a")))
        let second = try await write(store, .update(object("a", value: "w"), expected: first.revision))
        #expect(second.revision == first.revision + 1)
        #expect(second.value["metadata"]?["resourceVersion"]?.string == String(second.revision))
        #expect(store.object(Self.resource, key: "n/a")?.value["data"]?["k"] == "w")
    }

    @Test func writesFromAnOldStateAreRefused() async throws {
        let store = try ObjectStore(persistence: MemoryPersistence())
        let first = try await write(store, .create(object("a")))
        _ = try await write(store, .update(object("a", value: "w"), expected: first.revision))
        await #expect(throws: StoreError.self) { try await write(store, .update(object("a"), expected: first.revision)) }
        await #expect(throws: StoreError.self) { try await write(store, .create(object("a"))) }
        await #expect(throws: StoreError.self) { try await write(store, .delete(key: "n/missing", expected: 1)) }
    }

    @Test func listsAreOrderedAsInEtcd() async throws {
        let store = try ObjectStore(persistence: MemoryPersistence())
        for (namespace, name) in [("b", "x"), ("a", "z"), ("a-b", "y"), ("a", "c")] {
            _ = try await write(store, .create(object(name, namespace: namespace)))
        }
        #expect(store.objects(Self.resource).objects.map(\.key) == ["a-b/y", "a/c", "a/z", "b/x"])
        #expect(ResourceTable.inNamespace("a", store.objects(Self.resource).objects).map(\.name) == ["c", "z"])
    }

    @Test func thePastCanBeRead() async throws {
        let store = try ObjectStore(persistence: MemoryPersistence())
        let first = try await write(store, .create(object("a")))
        let second = try await write(store, .create(object("b")))
        _ = try await write(store, .delete(key: "n/a", expected: first.revision))
        #expect(store.objects(Self.resource, at: second.revision)?.map(\.name) == ["a", "b"])
        #expect(store.objects(Self.resource, at: first.revision)?.map(\.name) == ["a"])
        #expect(store.objects(Self.resource).objects.map(\.name) == ["b"])
    }

    @Test func deletionsAreEventsUnderTheirOwnRevision() async throws {
        let store = try ObjectStore(persistence: MemoryPersistence())
        let first = try await write(store, .create(object("a")))
        let gone = try await write(store, .delete(key: "n/a", expected: first.revision))
        let events = try #require(store.events(Self.resource, after: first.revision, limit: 10)).events
        #expect(events.map(\.kind) == [.deleted])
        #expect(events[0].object.value["metadata"]?["resourceVersion"]?.string == String(gone.revision))
    }

    @Test func historyIsBounded() async throws {
        let store = try ObjectStore(persistence: MemoryPersistence())
        var current = try await write(store, .create(object("a")))
        let start = current.revision
        for step in 0...ResourceTable.maximumEvents {
            current = try await write(store, .update(object("a", value: "\(step)"), expected: current.revision))
        }
        #expect(store.events(Self.resource, after: start - 1, limit: 1) == nil)
        #expect(store.events(Self.resource, after: current.revision - 1, limit: 10)?.events.count == 1)
    }

    @Test func everythingIsThereAfterARestart() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "apus-store-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.appending(path: "state.db").path
        let before = try ObjectStore(persistence: SQLitePersistence(path: path))
        defer { before.close() }
        #expect(throws: DatabaseFailure.self) { try ObjectStore(persistence: SQLitePersistence(path: path)) }
        let a = try await write(before, .create(object("a")))
        let b = try await write(before, .create(object("b")))
        _ = try await write(before, .delete(key: "n/b", expected: b.revision))
        before.close()
        let after = try ObjectStore(persistence: SQLitePersistence(path: path))
        #expect(after.revision == before.revision)
        #expect(after.objects(Self.resource).objects.map(\.body) == [a.body])
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    /// The version in the bytes is found again, also where other members look like it.
    @Test(
        arguments: [
            ["metadata": ["name": "a", "namespace": "n", "uid": "u"], "data": ["k": "v"]],
            ["metadata": ["name": "a", "namespace": "n", "uid": "u"], "data": ["resourceVersion": "7"]],
        ] as [JSONValue])
    func storedBytesAreKept(_ value: JSONValue) {
        let written = StoredObject(PreparedObject(value), revision: 7)
        let read = StoredObject(body: written.body, value: written.value, revision: 7)
        #expect(read.body == written.body && read.key == written.key && read.uid == "u")
        let later = read.withRevision(123)
        #expect(later.value[path: ["metadata", "resourceVersion"]] == "123")
        #expect(later.value["data"] == value["data"])
    }

    @Test func manyWritersShareTransactions() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "apus-store-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let store = try ObjectStore(persistence: SQLitePersistence(path: directory.appending(path: "state.db").path))
        try await withThrowingTaskGroup(of: UInt64.self) { group in
            for index in 0..<200 {
                group.addTask { try await write(store, .create(object("o\(index)"))).revision }
            }
            var revisions: Set<UInt64> = []
            for try await revision in group { revisions.insert(revision) }
            #expect(revisions.count == 200)
        }
        #expect(store.objects(Self.resource).objects.count == 200)
    }

    /// Writers that no queue orders, too: of many that saw the same revision, one writes.
    @Test func oneWriterWinsARevision() async throws {
        let store = try ObjectStore(persistence: CrowdedPersistence())
        var current = try await write(store, .create(object("a")))
        for _ in 0..<100 {
            let revision = current.revision
            let won = await withTaskGroup(of: StoredObject?.self) { group in
                for index in 0..<8 {
                    group.addTask { try? await write(store, .update(object("a", value: "\(index)"), expected: revision)) }
                }
                var won: [StoredObject] = []
                for await stored in group { if let stored { won.append(stored) } }
                return won
            }
            #expect(won.count == 1)
            current = try #require(store.object(Self.resource, key: "n/a"))
            #expect(current.revision == revision + 1)
        }
    }

    /// A write that the disk refuses never happened, and the store goes on.
    @Test func aFullDiskRefusesWritesAndKeepsReads() async throws {
        let persistence = FlakyPersistence()
        let store = try ObjectStore(persistence: persistence)
        let first = try await write(store, .create(object("a")))
        persistence.isFull = true
        await #expect(throws: StoreError.self) { try await write(store, .create(object("b"))) }
        #expect(store.objects(Self.resource).objects.map(\.name) == ["a"])
        #expect(store.revision == first.revision)
        persistence.isFull = false
        #expect(try await write(store, .create(object("b"))).revision == first.revision + 1)
    }
}

/// Lets other threads go first in the middle of every write.
private struct CrowdedPersistence: StorePersistence {
    var blocks: Bool { false }
    func load() throws -> PersistedState { PersistedState(revision: 0, rows: []) }
    func close() {}
    func write(_ changes: [PersistedChange], revision: UInt64) throws(StoreError) {
        for _ in 0..<50 { sched_yield() }
    }
}

private final class FlakyPersistence: StorePersistence, @unchecked Sendable {
    // Only the test's one task touches it.
    var isFull = false
    var blocks: Bool { false }
    func load() throws -> PersistedState { PersistedState(revision: 0, rows: []) }
    func close() {}
    func write(_ changes: [PersistedChange], revision: UInt64) throws(StoreError) {
        if isFull { throw .noSpace("no space left") }
    }
}
