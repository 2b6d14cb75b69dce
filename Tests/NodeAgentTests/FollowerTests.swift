import ApusTesting
import KubernetesClient
import KubernetesTypes
import Logging
import Synchronization
import Testing

@testable import NodeAgent

/// How the agent hears of what there is.
@Suite struct FollowerTests {
    private static func map(_ name: String, uid: String = "u", version: String = "1") -> ConfigMap {
        ConfigMap(metadata: ObjectMeta(name: name, namespace: "default", resourceVersion: version, uid: uid))
    }

    /// What changes say, in short.
    private static func words(_ changes: [Follower<ConfigMap>.Change]) -> [String] {
        changes.map { change in
            switch change {
            case .listed(let list): "all " + list.map(\.name).joined(separator: " ")
            case .changed(let map): "put \(map.name) \(map.metadata.uid ?? "")"
            case .removed(let map): "gone \(map.name) \(map.metadata.uid ?? "")"
            }
        }
    }

    @Test func whatWentIsToldBeforeWhatBearsItsName() {
        let old = [Self.map("a", uid: "1"), Self.map("b", uid: "2"), Self.map("c", uid: "3")]
        let new = [
            Self.map("a", uid: "1"), Self.map("b", uid: "4"), Self.map("c", uid: "3", version: "2"), Self.map("d", uid: "5"),
        ]
        #expect(Self.words(Follower.changes(from: old, to: new)) == ["gone b 2", "put b 4", "put c 3", "put d 5"])
        #expect(Self.words(Follower.changes(from: new, to: [])).count == 4)
        #expect(Self.words(Follower.changes(from: new, to: new)) == [])
    }

    @Test func whatCannotBeReadIsNotGone() {
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        func document(_ name: String, _ version: String, data: JSONValue) -> DynamicObject {
            DynamicObject([
                "metadata": [
                    "name": .string(name), "namespace": "default", "uid": .string(name), "resourceVersion": .string(version),
                ], "data": data,
            ])
        }
        func names(_ documents: [DynamicObject], _ known: [ConfigMap]?) -> [String]? {
            Follower<ConfigMap>.read(documents, known: known, log)?.map { "\($0.name) \($0.metadata.resourceVersion ?? "")" }
        }
        let good = document("a", "1", data: ["k": "v"])
        #expect(names([good], nil) == ["a 1"])
        #expect(names([good, document("b", "1", data: 7)], nil) == nil, "the list would say that b is gone")
        let known = [Self.map("b", uid: "b")]
        #expect(names([good, document("b", "2", data: 7), document("c", "2", data: 7)], known) == ["a 1", "b 1"])
        #expect(names([good, document("b", "3", data: ["k": "v"])], known) == ["a 1", "b 3"])
    }

    /// A connection that died without a word is given up in time, and nothing that happened meanwhile is missed.
    @Test func watchesThatFallSilentAreBegunAnew() async throws {
        try await InProcessCluster.run { cluster in
            let client = cluster.client()
            let time = VirtualTime()
            let watches = Mutex(0)
            let (silence, holder) = AsyncStream<[UInt8]>.makeStream()
            let faulty = FaultyTransport(InProcessTransport(core: cluster.core)) { request, _ in
                guard request.target.contains("watch=true") else { return .none }
                let count = watches.withLock { count in
                    count += 1
                    return count
                }
                return count == 1 ? .answer(WireResponse(status: 200, body: ByteStream(silence))) : .none
            }
            let follower = Follower<ConfigMap>(
                client: Client(transport: faulty, time: time, chance: SeededChance()),
                fieldSelector: "metadata.namespace=default",
                log: Logger(label: "test"))
            let heard = Journal<String>()
            func hears(_ text: String) async throws {
                try await eventually("\(text) is heard") {
                    time.advance(by: .seconds(60))
                    return heard.entries.contains { $0.hasPrefix(text) }
                }
            }
            let running = Task {
                await follower.run { change in for word in Self.words([change]) { heard.append(word) } }
            }
            try await eventually("the watch has begun") { watches.withLock { $0 } == 1 }
            try await client.create(ConfigMap(metadata: ObjectMeta(name: "a", namespace: "default")))
            try await hears("put a")
            try await client.delete(ConfigMap.self, "a", namespace: "default")
            try await hears("gone a")
            #expect(heard.entries.first?.hasPrefix("all") == true)
            running.cancel()
            await running.value
            holder.finish()
        }
    }
}
