import ApusTesting
import ControllerRuntime
import KubernetesClient
import KubernetesTypes
import Logging
import Synchronization
import Testing

@Suite struct InformerTests {
    private static func map(_ name: String, _ value: String = "") -> ConfigMap {
        ConfigMap(data: ["v": value], metadata: ObjectMeta(name: name, namespace: "default"))
    }

    @Test func followsTheServerOverBrokenWatches() async throws {
        try await InProcessCluster.run { cluster in
            let client = cluster.client()
            try await client.create(Self.map("a"))
            // Every second watch breaks before it begins, and the first list fails.
            let faulty = FaultyTransport(InProcessTransport(core: cluster.core)) { request, index in
                if index == 0 { return .refuse }
                return request.target.contains("watch=true") && index % 2 == 0 ? .refuse : .none
            }
            let manager = Manager(client: Client(transport: faulty, chance: SeededChance()))
            let maps = manager.informer(ConfigMap.self, InformerScope(namespace: "default"))
            let running = Task { try await manager.run() }
            try await maps.waitUntilSynced()
            #expect(maps.cache.get("a", namespace: "default") != nil)
            try await client.create(Self.map("b"))
            var changed = try await client.get(ConfigMap.self, "a", namespace: "default")
            changed.data = ["v": "2"]
            try await client.update(changed)
            try await eventually("both changes arrive") {
                maps.cache.get("b", namespace: "default") != nil && maps.cache.get("a", namespace: "default")?.data?["v"] == "2"
            }
            try await client.delete(ConfigMap.self, "a", namespace: "default")
            try await eventually("the deletion arrives") { maps.cache.get("a", namespace: "default") == nil }
            running.cancel()
            _ = await running.result
        }
    }

    @Test func relistsWhenTheVersionHasExpired() async throws {
        try await InProcessCluster.run { cluster in
            let client = cluster.client()
            try await client.create(Self.map("a"))
            let lists = Mutex(0)
            let faulty = FaultyTransport(InProcessTransport(core: cluster.core)) { request, _ in
                guard request.target.contains("watch=true") else {
                    lists.withLock { $0 += 1 }
                    return .none
                }
                // The first watch is told that its version is gone.
                return lists.withLock { $0 } == 1
                    ? .answer(
                        WireResponse(
                            status: 410, body: ByteStream(Array(#"{"kind":"Status","code":410,"reason":"Expired"}"#.utf8))))
                    : .none
            }
            let manager = Manager(client: Client(transport: faulty, chance: SeededChance()))
            let maps = manager.informer(ConfigMap.self, InformerScope(namespace: "default"))
            let running = Task { try await manager.run() }
            try await eventually("the list is fetched again") { lists.withLock { $0 } == 2 }
            try await client.create(Self.map("b"))
            try await eventually("the watch goes on") { maps.cache.count >= 2 }
            running.cancel()
            _ = await running.result
        }
    }

    /// What was known of an object before it became unreadable is not what it is now.
    @Test func whatCannotBeReadIsTakenForAbsent() async throws {
        func map(_ version: Int, _ data: String) -> String {
            #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"default","uid":"u","#
                + #""resourceVersion":"\#(version)"},"data":\#(data)}"#
        }
        let list =
            #"{"apiVersion":"v1","kind":"ConfigMapList","metadata":{"resourceVersion":"10"},"items":[\#(map(10, #"{"v":"1"}"#))]}"#
        let news = [
            #"{"type":"MODIFIED","object":\#(map(11, #""nonsense""#))}"#,
            #"{"type":"MODIFIED","object":\#(map(12, #"{"v":"2"}"#))}"#,
            #"{"type":"DELETED","object":\#(map(13, #""nonsense""#))}"#,
            #"{"type":"ADDED","object":\#(map(14, #"{"v":"3"}"#))}"#,
        ]
        let transport = ScriptedTransport { request in
            guard request.target.contains("watch=true") else {
                return WireResponse(status: 200, body: ByteStream(Array(list.utf8)))
            }
            guard request.target.contains("resourceVersion=10") else { try await untilCancelled() }
            return WireResponse(status: 200, body: ByteStream(Array(news.map { $0 + "\n" }.joined().utf8)))
        }
        let manager = Manager(client: Client(transport: transport, chance: SeededChance()))
        let maps = manager.informer(ConfigMap.self, InformerScope(namespace: "default"))
        let heard = Mutex<[String]>([])
        maps.cache.onChange { change in
            let value = change.object.data?["v"] ?? ""
            heard.withLock { heard in
                switch change {
                case .added: heard.append("added \(value)")
                case .updated: heard.append("updated \(value)")
                case .deleted: heard.append("deleted \(value)")
                }
            }
        }
        let running = Task { try await manager.run() }
        try await eventually("the last news") { maps.cache.get("a", namespace: "default")?.data?["v"] == "3" }
        #expect(heard.withLock { $0 } == ["added 1", "deleted 1", "added 2", "deleted 2", "added 3"])
        running.cancel()
        _ = await running.result
    }

    @Test func ownWritesAreSeenAtOnceAndOlderNewsIsDropped() {
        let cache = ObjectCache<ConfigMap> { ObjectIdentity($0.metadata) }
        func map(_ version: Int, uid: String = "u", value: String) -> ConfigMap {
            ConfigMap(
                data: ["v": value],
                metadata: ObjectMeta(name: "a", namespace: "n", resourceVersion: String(version), uid: uid))
        }
        let heard = Mutex<[String]>([])
        cache.onChange { change in heard.withLock { $0.append(change.object.data?["v"] ?? "") } }
        cache.wrote(map(5, value: "five"))
        #expect(cache.get("a", namespace: "n")?.data?["v"] == "five")
        cache.wrote(map(4, value: "four"))
        #expect(cache.get("a", namespace: "n")?.data?["v"] == "five")
        #expect(heard.withLock { $0 } == ["five"])
    }
}
