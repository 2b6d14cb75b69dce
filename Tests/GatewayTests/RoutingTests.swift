import Testing

@testable import Gateway

@Suite struct RoutingTests {
    static let key = ServiceKey(namespace: "default", name: "tickets")
    static func backend(_ number: Int) -> Backend { Backend(host: "10.88.0.\(number)", port: 8080) }

    static func version(_ name: String, weight: Int, _ backends: [Int]) -> VersionRoute {
        VersionRoute(modelVersion: name, modelName: "tickets", weight: weight, backends: backends.map(backend))
    }

    static func table(_ versions: VersionRoute..., reason: String? = nil) -> RoutingTable {
        RoutingTable(services: [key: ServiceRoute(versions: versions, notReadyReason: reason)])
    }

    @Test(arguments: [
        (
            "/default/tickets/v1/models/tickets:predict", nil,
            RequestTarget.service(key, path: "/v1/models/tickets:predict", prefix: "/default/tickets")
        ),
        ("/default/tickets", nil, .service(key, path: "/", prefix: "/default/tickets")),
        ("/default/tickets/", nil, .service(key, path: "/", prefix: "/default/tickets")),
        ("/default/tickets?x=/a/b", nil, .service(key, path: "/?x=/a/b", prefix: "/default/tickets")),
        ("/default/tickets/v2?x=1", nil, .service(key, path: "/v2?x=1", prefix: "/default/tickets")),
        ("http://gateway:80/default/tickets/a", nil, .service(key, path: "/a", prefix: "/default/tickets")),
        ("/v2/models/m/infer", "tickets.default.example.com:8088", .service(key, path: "/v2/models/m/infer", prefix: "")),
        ("/", "Tickets.Default", .service(key, path: "/", prefix: "")),
        // A Host that names no service of the table is not one: 127.0.0.1 has dots too.
        ("/default/tickets/a", "127.0.0.1:8088", .service(key, path: "/a", prefix: "/default/tickets")),
        ("/other/thing/a", nil, .service(.init(namespace: "other", name: "thing"), path: "/a", prefix: "/other/thing")),
        ("/metrics", nil, .own("/metrics")), ("/ready?x", nil, .own("/ready")), ("/health", nil, .own("/health")),
        ("/", nil, .unknown), ("", nil, .unknown), ("*", nil, .unknown), ("//", nil, .unknown), ("/../etc", nil, .unknown),
        ("/de%66ault/tickets/a", nil, .unknown), ("/a b/c", nil, .unknown), ("http://nothing", nil, .unknown),
    ])
    func targets(uri: String, host: String?, expected: RequestTarget) {
        let table = Self.table(Self.version("tickets-1", weight: 100, [1]))
        #expect(RequestTarget(uri: uri, host: host, table: table) == expected)
    }

    @Test func versionsShareByWeight() throws {
        let table = Self.table(
            Self.version("a", weight: 90, [1]), Self.version("b", weight: 10, [2]), Self.version("c", weight: 0, [3]))
        var counts: [String: Int] = [:]
        for step in 0..<1_000 {
            let choice = try table.choose(Self.key, draw: Double(step) / 1_000) { _ in 0 }.get()
            counts[choice.version.modelVersion, default: 0] += 1
        }
        #expect(counts == ["a": 900, "b": 100])
    }

    @Test func theLeastLoadedBackendIsTakenAndEqualsTakeTurns() throws {
        let table = Self.table(Self.version("a", weight: 1, [1, 2, 3]))
        let loads = [Self.backend(1): 3, Self.backend(2): 1, Self.backend(3): 2]
        #expect(try table.choose(Self.key, draw: 0.9) { loads[$0] }.get().backend == Self.backend(2))
        let even = Set(try (0..<9).map { try table.choose(Self.key, draw: Double($0) / 9) { _ in 0 }.get().backend })
        #expect(even.count == 3)
    }

    @Test func versionsWithoutReadyBackendsGetNothing() throws {
        let table = Self.table(Self.version("a", weight: 99, []), Self.version("b", weight: 1, [2]))
        for draw in [0, 0.5, 0.999] {
            #expect(try table.choose(Self.key, draw: draw) { _ in 0 }.get().backend == Self.backend(2))
        }
    }

    @Test func failingBackendsAreTheLastResort() throws {
        let table = Self.table(Self.version("a", weight: 50, [1]), Self.version("b", weight: 50, [2]))
        // Avoided in this request: the other version takes over.
        #expect(try table.choose(Self.key, draw: 0, avoiding: [Self.backend(1)]) { _ in 0 }.get().backend == Self.backend(2))
        // Known to fail: likewise.
        #expect(try table.choose(Self.key, draw: 0) { $0 == Self.backend(1) ? nil : 5 }.get().backend == Self.backend(2))
        // All failed in this request: better again than not at all.
        #expect(
            try table.choose(Self.key, draw: 0, avoiding: [Self.backend(1), Self.backend(2)]) { _ in nil }.get().backend
                == Self.backend(1))
    }

    @Test(arguments: [1.0, 2, -1, .infinity])
    func oddDrawsAreHarmless(draw: Double) throws {
        let table = Self.table(Self.version("a", weight: 1, [1, 2]), Self.version("b", weight: 1, [3]))
        _ = try table.choose(Self.key, draw: draw) { _ in 0 }.get()
    }

    @Test func whyThereIsNone() {
        func reason(_ table: RoutingTable) -> NoChoice? {
            if case .failure(let reason) = table.choose(Self.key, draw: 0, load: { _ in 0 }) { return reason }
            return nil
        }
        #expect(reason(RoutingTable()) == .unknownService)
        #expect(reason(Self.table()) == .noReadyBackend(reason: "no model version has been deployed for it yet"))
        #expect(
            reason(Self.table(Self.version("tickets-1", weight: 100, [])))
                == .noReadyBackend(reason: "no server of tickets-1 is ready"))
        #expect(
            reason(Self.table(reason: "UnsupportedArchitecture: llama"))
                == .noReadyBackend(reason: "UnsupportedArchitecture: llama"))
    }

    @Test func failuresAreRememberedForAMoment() throws {
        let clock = TestClock()
        let states = BackendStates(now: { clock.now })
        let table = Self.table(Self.version("a", weight: 1, [1, 2]))
        func pick() throws -> Backend { try states.choose(Self.key, in: table, draw: 0, avoiding: []).get().backend }
        #expect(try pick() == Self.backend(1))
        #expect(try pick() == Self.backend(2))
        states.finished(Self.backend(1), failed: true)
        #expect(try (0..<4).map { _ in try pick() } == Array(repeating: Self.backend(2), count: 4))
        clock.advance(.milliseconds(300))
        #expect(try pick() == Self.backend(1))
        states.finished(Self.backend(1), failed: false)
        #expect(states.inFlight(Self.backend(1)) == 0)
        #expect(states.inFlight(Self.backend(2)) == 5)
    }

    @Test func retriesAreBounded() {
        let budget = RetryBudget(maximum: 2, perRequest: 0.5)
        #expect(budget.withdraw() && budget.withdraw())
        #expect(!budget.withdraw())
        budget.deposit()
        #expect(!budget.withdraw())
        budget.deposit()
        #expect(budget.withdraw())
    }
}
