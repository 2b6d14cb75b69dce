import Foundation
import KubernetesTypes
import Synchronization
import Testing

@testable import APIServer

/// Many write one object at once, and each of them comes through.
struct ContentionTests {
    private static let writers = 40
    private static let path = "/api/v1/namespaces/default/configmaps"

    private let persistence = GatheringPersistence()
    private let core: APIServerCore

    init() async throws {
        var tokens = TokenFile()
        tokens.add("admin", UserInfo(name: "admin", groups: ["system:masters"]))
        let persistence = persistence
        var configuration = APIServerCore.Configuration()
        // The writer of a field's owner asks for the time after the object was read and before the change of it is stored.
        configuration.now = {
            persistence.arrived()
            return Date()
        }
        core = try APIServerCore(
            configuration: configuration, store: ObjectStore(persistence: persistence), tokens: tokens, signer: TokenSigner())
        try await Bootstrapper(core: core).run()
    }

    private func send(_ method: String, _ path: String, _ body: JSONValue, type: String = "application/json") async -> Int {
        await core.respond(
            to: APIRequest(
                method: method, target: path, headers: [("Authorization", "Bearer admin"), ("Content-Type", type)],
                body: JSONSerializer.bytes(body))
        ).status
    }

    /// Sends all at once; the disk takes the first when the others were made from the same state.
    private func together(_ send: @escaping @Sendable (Int) async -> Int) async -> [Int: Int] {
        persistence.expect(Self.writers)
        return await withTaskGroup(of: Int.self) { group in
            for index in 0..<Self.writers { group.addTask { await send(index) } }
            return await group.reduce(into: [:]) { counts, status in counts[status, default: 0] += 1 }
        }
    }

    private func configMap(_ data: JSONValue = [:]) -> JSONValue {
        ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a"], "data": data]
    }

    private var data: [String: JSONValue] {
        let resource = ResourceName(group: "", resource: "configmaps")
        return core.store.object(resource, key: "default/a")?.value["data"]?.object ?? [:]
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["merge-patch", "strategic-merge-patch"])
    func everyPatchOfManyIsMade(_ type: String) async {
        #expect(await send("POST", Self.path, configMap()) == 201)
        let answers = await together { index in
            await send("PATCH", "\(Self.path)/a", ["data": ["k\(index)": "v"]], type: "application/\(type)+json")
        }
        #expect(answers == [200: Self.writers])
        #expect(data.count == Self.writers)
    }

    @Test(.timeLimit(.minutes(1)), arguments: [true, false]) func everyApplyOfManyIsMade(isThere: Bool) async {
        if isThere { #expect(await send("POST", Self.path, configMap()) == 201) }
        let answers = await together { index in
            await send(
                "PATCH", "\(Self.path)/a?fieldManager=m\(index)&force=true", configMap(["k\(index)": "v"]),
                type: "application/apply-patch+yaml")
        }
        #expect(answers == (isThere ? [200: Self.writers] : [200: Self.writers - 1, 201: 1]))
        #expect(data.count == Self.writers)
    }

    @Test(.timeLimit(.minutes(1))) func aPatchOfOneVersionIsMadeOnce() async throws {
        #expect(await send("POST", Self.path, configMap()) == 201)
        let resource = ResourceName(group: "", resource: "configmaps")
        let version = String(try #require(core.store.object(resource, key: "default/a")).revision)
        let answers = await together { index in
            await send(
                "PATCH", "\(Self.path)/a",
                ["metadata": ["resourceVersion": .string(version)], "data": ["k\(index)": "v"]],
                type: "application/merge-patch+json")
        }
        #expect(answers == [200: 1, 409: Self.writers - 1])
        #expect(data.count == 1)
    }

    @Test func applyingIntoNoNamespaceFails() async {
        let path = "/api/v1/namespaces/none/configmaps/a?fieldManager=m"
        #expect(await send("PATCH", path, configMap(), type: "application/apply-patch+yaml") == 404)
    }
}

/// A disk that, once told to, keeps its first write until as many changes were begun as are expected.
private final class GatheringPersistence: StorePersistence {
    private struct State {
        var missing = 0
        var isArmed = false
    }

    private let state = Mutex(State())
    private let gate = DispatchSemaphore(value: 0)

    var blocks: Bool { true }
    func load() throws -> PersistedState { PersistedState(revision: 0, rows: []) }
    func close() {}

    func expect(_ count: Int) { state.withLock { $0 = State(missing: count, isArmed: true) } }

    func arrived() {
        let isLast = state.withLock { state in
            guard state.missing > 0 else { return false }
            state.missing -= 1
            return state.missing == 0
        }
        if isLast { gate.signal() }
    }

    func write(_ changes: [PersistedChange], revision: UInt64) throws(StoreError) {
        let waits = state.withLock { state in
            defer { state.isArmed = false }
            return state.isArmed
        }
        if waits { gate.wait() }
    }
}
