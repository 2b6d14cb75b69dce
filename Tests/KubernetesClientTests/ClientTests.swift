import ApusTesting
import KubernetesClient
import KubernetesTypes
import Synchronization
import Testing

@Suite struct ClientTests {
    static func answer(_ status: Int, _ body: JSONValue = [:], headers: [WireHeader] = []) -> WireResponse {
        WireResponse(status: status, headers: headers, body: ByteStream(JSONSerializer.bytes(body)))
    }

    static func client(_ transport: any Transport, time: any TimeSource = SystemTime()) -> Client {
        Client(transport: transport, time: time, chance: SeededChance())
    }

    @Test func typedObjectsAndPaths() async throws {
        let seen = Mutex<[String]>([])
        let client = Self.client(
            ScriptedTransport { request in
                seen.withLock { $0.append("\(request.method.rawValue) \(request.target)") }
                return Self.answer(200, ["kind": "Pod", "apiVersion": "v1", "metadata": ["name": "a", "namespace": "n"]])
            })
        let pod = try await client.get(Pod.self, "a", namespace: "n")
        #expect(pod.key == ObjectKey(namespace: "n", name: "a"))
        _ = try await client.page(Pod.resourceType, namespace: "n", ListOptions(labelSelector: "a=b,c in (d e)", limit: 2))
        _ = try await client.apply(
            Lease.resourceType, DynamicObject(["metadata": ["name": "l", "namespace": "n"]]), manager: "me")
        try await client.delete(Node.self, "x/y")
        #expect(
            seen.withLock { $0 } == [
                "GET /api/v1/namespaces/n/pods/a",
                "GET /api/v1/namespaces/n/pods?labelSelector=a%3Db,c%20in%20%28d%20e%29&limit=2",
                "PATCH /apis/coordination.k8s.io/v1/namespaces/n/leases/l?force=true&fieldManager=me",
                "DELETE /api/v1/nodes/x/y",
            ])
    }

    @Test func refusalsAreStatusErrors() async throws {
        let client = Self.client(
            ScriptedTransport { _ in
                Self.answer(
                    409, ["kind": "Status", "code": 409, "reason": "AlreadyExists", "message": "pods \"a\" already exists"])
            })
        let error = await #expect(throws: StatusError.self) { try await client.create(Pod(metadata: ObjectMeta(name: "a"))) }
        #expect(error?.isAlreadyExists == true)
        #expect(error?.isConflict == false)
    }

    /// How often a request is sent, by method and what comes back.
    @Test(
        arguments: [
            (WireRequest.Method.get, 429, "0", 5), (.post, 429, "0", 5), (.get, 503, nil, 5), (.post, 503, nil, 1),
            (.post, 503, "0", 5),
            (.get, 500, nil, 1), (.get, 404, nil, 1), (.put, 409, nil, 1),
        ] as [(WireRequest.Method, Int, String?, Int)])
    func retries(_ method: WireRequest.Method, _ status: Int, _ retryAfter: String?, _ expected: Int) async throws {
        let faulty = FaultyTransport(ScriptedTransport { _ in Self.answer(200) }) { _, _ in
            .answer(Self.answer(status, headers: retryAfter.map { [WireHeader("Retry-After", $0)] } ?? []))
        }
        var client = Self.client(faulty)
        client.options.longestWait = .milliseconds(1)
        await #expect(throws: StatusError.self) { try await client.send(Call(method, "/api/v1/pods")) }
        #expect(faulty.requests.count == expected)
    }

    @Test func aLostAnswerIsNotAskedForAgainUnlessThatIsSafe() async throws {
        let faulty = FaultyTransport(ScriptedTransport { _ in Self.answer(200) }) { _, index in index == 0 ? .loseAnswer : .none }
        await #expect(throws: TransportError.self) { try await Self.client(faulty).send(Call(.post, "/api/v1/pods")) }
        #expect(faulty.requests.count == 1)
        let unreachable = FaultyTransport(ScriptedTransport { _ in Self.answer(200) }) { _, index in index == 0 ? .refuse : .none
        }
        _ = try await Self.client(unreachable).send(Call(.post, "/api/v1/pods"))
        #expect(unreachable.requests.count == 2)
    }

    @Test func requestsTimeOutByTheClockHandedIn() async throws {
        let time = VirtualTime()
        var client = Self.client(
            ScriptedTransport { _ in
                try await time.sleep(for: .seconds(3600))
                return Self.answer(200)
            }, time: time)
        client.options.maximumTries = 1
        let fixed = client
        let request = Task { try await fixed.send(Call(.get, "/version")) }
        try await eventually("both sleep") { time.sleeperCount == 2 }
        time.advance(by: .seconds(33))
        let error = await #expect(throws: TransportError.self) { try await request.value }
        #expect(error?.code == .timedOut)
    }

    @Test func listsFollowPagesAndSurviveAnExpiredToken() async throws {
        let client = Self.client(
            ScriptedTransport { request in
                func items(_ names: [String]) -> JSONValue { .array(names.map { ["metadata": ["name": .string($0)]] }) }
                switch request.target {
                case "/api/v1/nodes?limit=2":
                    return Self.answer(
                        200, ["metadata": ["resourceVersion": "7", "continue": "t1"], "items": items(["a", "b"])])
                case "/api/v1/nodes?limit=2&continue=t1":
                    return Self.answer(200, ["metadata": ["resourceVersion": "7"], "items": items(["c"])])
                case "/api/v1/pods?limit=2":
                    return Self.answer(200, ["metadata": ["resourceVersion": "7", "continue": "old"], "items": items(["a"])])
                case "/api/v1/pods?limit=2&continue=old":
                    return Self.answer(410, ["kind": "Status", "code": 410, "reason": "Expired"])
                default:
                    return Self.answer(200, ["metadata": ["resourceVersion": "9"], "items": items(["x", "y", "z"])])
                }
            })
        let nodes = try await client.list(Node.self, ListOptions(limit: 2))
        #expect(nodes.items.map(\.name) == ["a", "b", "c"])
        #expect(nodes.items[0].kind == "Node")
        let pods = try await client.list(Pod.self, ListOptions(limit: 2))
        #expect(pods.items.map(\.name) == ["x", "y", "z"])
        #expect(pods.resourceVersion == "9")
    }
}
