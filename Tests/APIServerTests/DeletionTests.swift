import Foundation
import KubernetesTypes
import Synchronization
import Testing

@testable import APIServer

/// Objects go at once and as one where nothing holds them, and none is left half deleted.
struct DeletionTests {
    private static let pods = ResourceName(group: "", resource: "pods")
    private static let path = "/api/v1/namespaces/default/pods"

    private let persistence = MeasuredPersistence()
    private let core: APIServerCore

    init() async throws {
        var tokens = TokenFile()
        tokens.add("admin", UserInfo(name: "admin", groups: ["system:masters"]))
        core = try APIServerCore(
            configuration: APIServerCore.Configuration(), store: ObjectStore(persistence: persistence), tokens: tokens,
            signer: TokenSigner())
        try await Bootstrapper(core: core).run()
        let account: JSONValue = ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": "default"]]
        #expect(await send("POST", "/api/v1/namespaces/default/serviceaccounts", account) == 201)
    }

    private func send(
        _ method: String, _ path: String, _ body: JSONValue? = nil, type: String = "application/json"
    ) async -> Int {
        await core.respond(
            to: APIRequest(
                method: method, target: path, headers: [("Authorization", "Bearer admin"), ("Content-Type", type)],
                body: body.map { JSONSerializer.bytes($0) } ?? [])
        ).status
    }

    private func createPod(_ name: String) async throws -> StoredObject {
        let pod: JSONValue = [
            "apiVersion": "v1", "kind": "Pod", "metadata": ["name": .string(name)],
            "spec": ["containers": [["name": "c", "image": "i"]]],
        ]
        try #require(await send("POST", Self.path, pod) == 201)
        return try stored(name)
    }

    private func stored(_ name: String) throws -> StoredObject {
        try #require(core.store.object(Self.pods, key: "default/\(name)"))
    }

    /// As a server leaves a pod that stopped between marking it and removing it.
    private func createStuckPod(_ name: String, finalizers: [JSONValue] = []) async throws {
        let pod = try await createPod(name)
        var value = pod.value
        value["metadata"]?["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        value["metadata"]?["deletionGracePeriodSeconds"] = 0
        if !finalizers.isEmpty { value["metadata"]?["finalizers"] = .array(finalizers) }
        _ = try await core.store.commit(
            StoreWrite(resource: Self.pods, operation: .update(PreparedObject(value), expected: pod.revision)))
    }

    @Test func aPodOfNoNodeIsMarkedAndRemovedWithOneWrite() async throws {
        let pod = try await createPod("a")
        persistence.allow(1)
        #expect(await send("DELETE", "\(Self.path)/a") == 200)
        #expect(await send("GET", "\(Self.path)/a") == 404)
        let events = try #require(core.store.events(Self.pods, after: pod.revision, limit: 10)).events
        #expect(events.map(\.kind) == [.modified, .deleted])
        #expect(events.map(\.revision) == [pod.revision + 1, pod.revision + 2])
        for event in events {
            let metadata = event.object.value["metadata"]
            #expect(metadata?["deletionTimestamp"]?.string != nil)
            #expect(metadata?["deletionGracePeriodSeconds"] == 0)
            #expect(metadata?["resourceVersion"]?.string == String(event.revision))
        }
        #expect(core.store.objects(Self.pods, at: pod.revision)?.map(\.name) == ["a"])
        #expect(core.store.revision == pod.revision + 2)
    }

    @Test func aDeletionThatIsNotStoredLeavesNoMark() async throws {
        let pod = try await createPod("a")
        persistence.allow(0)
        #expect(await send("DELETE", "\(Self.path)/a") == 507)
        #expect(try stored("a").body == pod.body)
        persistence.allow(1)
        #expect(await send("DELETE", "\(Self.path)/a") == 200)
        #expect(core.store.object(Self.pods, key: "default/a") == nil)
    }

    @Test(arguments: ["", "?gracePeriodSeconds=0", "?gracePeriodSeconds=30", "?propagationPolicy=Background"])
    func aPodThatWasLeftMarkedGoes(_ query: String) async throws {
        try await createStuckPod("a")
        #expect(await send("DELETE", "\(Self.path)/a\(query)") == 200)
        #expect(core.store.object(Self.pods, key: "default/a") == nil)
    }

    @Test func aMarkedPodStaysAsLongAsAFinalizerHoldsIt() async throws {
        try await createStuckPod("a", finalizers: ["example.dev/hold"])
        let before = try stored("a")
        #expect(await send("DELETE", "\(Self.path)/a?gracePeriodSeconds=0") == 200)
        #expect(try stored("a").revision == before.revision)
        let patch: JSONValue = ["metadata": ["finalizers": nil]]
        #expect(await send("PATCH", "\(Self.path)/a", patch, type: "application/merge-patch+json") == 200)
        #expect(core.store.object(Self.pods, key: "default/a") == nil)
    }

    /// Keeps nothing, and has room for so many writes.
    private final class MeasuredPersistence: StorePersistence {
        private let room = Mutex(Int.max)
        var blocks: Bool { false }
        func allow(_ writes: Int) { room.withLock { $0 = writes } }
        func load() throws -> PersistedState { PersistedState(revision: 0, rows: []) }
        func close() {}
        func write(_ changes: [PersistedChange], revision: UInt64) throws(StoreError) {
            let hasRoom = room.withLock { room in
                guard room > 0 else { return false }
                room -= 1
                return true
            }
            if !hasRoom { throw .noSpace("no space left") }
        }
    }
}
