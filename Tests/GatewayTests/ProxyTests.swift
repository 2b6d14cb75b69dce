import ApusTesting
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import Gateway

/// The data plane against real servers on loopback.
@Suite(.serialized) struct ProxyTests {
    func with(
        _ backends: [TestBackend], adjust: (inout Gateway.Configuration) -> Void = { _ in },
        _ body: (TestGateway) async throws -> Void
    ) async throws {
        let gateway = try await TestGateway(
            TestGateway.routes([("tickets-1", 100, backends.map(\.port))]), adjust: adjust)
        do {
            try await body(gateway)
        } catch {
            await gateway.stop()
            throw error
        }
        await gateway.stop()
        for backend in backends { try? await backend.stop() }
    }

    @Test func requestsAndResponsesPassThrough() async throws {
        let backend = try await TestBackend { request in
            .response(201, "\(request.head.method) \(request.head.uri) \(String(buffer: request.body))")
        }
        try await with([backend]) { (gateway: TestGateway) async throws in
            let response = try await gateway.request(
                .POST, "/default/tickets/v1/models/tickets:predict?x=1", body: "hello",
                headers: ["X-Request-Id": "mine-1", "X-Custom": "kept", "Connection": "X-Hop", "X-Hop": "dropped"])
            #expect(response.status == 201)
            #expect(response.body == "POST /v1/models/tickets:predict?x=1 hello")
            #expect(response.headers["X-Request-Id"] == ["mine-1"])
            let seen = try #require(backend.requests.first).head.headers
            #expect(seen["X-Request-Id"] == ["mine-1"])
            #expect(seen["X-Custom"] == ["kept"])
            #expect(!seen.contains(name: "X-Hop"))
            #expect(seen["X-Forwarded-For"] == ["127.0.0.1"])
            #expect(seen["X-Forwarded-Prefix"] == ["/default/tickets"])
            #expect(seen["Content-Length"] == ["5"])
            #expect(seen["Host"] == ["127.0.0.1:\(backend.port)"])
            let byHost = try await gateway.request(.GET, "/v2", headers: ["Host": "tickets.default.svc"])
            #expect(byHost.body == "GET /v2 ")
            #expect(byHost.headers.first(name: "X-Request-Id")?.count == 36)
            let metrics = try await gateway.metrics()
            #expect(
                metrics.contains(
                    #"apus_gateway_requests_total{inference_namespace="default",inference_service="tickets",model_version="tickets-1",code="201"} 2"#
                ))
            #expect(metrics.contains(#"apus_gateway_in_flight{inference_namespace="default",inference_service="tickets"} 0"#))
            #expect(metrics.contains("process_resident_memory_bytes"))
        }
    }

    @Test func whatHasNoRouteSaysWhatToDo() async throws {
        try await with([]) { (gateway: TestGateway) async throws in
            let unknown = try await gateway.request(.GET, "/default/nothing/x", headers: ["X-Request-Id": "q"])
            #expect(unknown.status == 404)
            #expect(
                unknown.body.contains(#""code":"UnknownService","error":"There is no InferenceService"#)
                    && unknown.body.contains(#""requestID":"q""#))
            #expect(try await gateway.request(.GET, "/").body.contains("UnknownPath"))
            let start = ContinuousClock.now
            let waiting = try await gateway.request(.GET, "/default/tickets/x")
            #expect(waiting.status == 503)
            #expect(waiting.headers["Retry-After"] == ["1"])
            #expect(waiting.body.contains("no server of tickets-1 is ready") && waiting.body.contains("kubectl describe"))
            #expect(ContinuousClock.now - start < .seconds(5))
            #expect(try await gateway.request(.GET, "/health").status == 200)
            #expect(try await gateway.request(.GET, "/ready").status == 200)
        }
    }

    @Test func aRequestWaitsForABackendThatIsAboutToBeReady() async throws {
        let backend = try await TestBackend { _ in .response(200, "here") }
        try await with([], adjust: { $0.waitForBackend = .seconds(15) }) { (gateway: TestGateway) async throws in
            async let response = gateway.request()
            try await eventually("the request waits") {
                try await gateway.metrics().contains(
                    #"apus_gateway_in_flight{inference_namespace="default",inference_service="tickets"} 1"#)
            }
            gateway.set(("tickets-1", 100, [backend.port]))
            #expect(try await response.body == "here")
        }
        try await backend.stop()
    }

    @Test func connectionsToBackendsAreKept() async throws {
        let backend = try await TestBackend { .response(200, "\($0.numberOnConnection)") }
        try await with([backend]) { (gateway: TestGateway) async throws in
            for _ in 0..<5 { #expect(try await gateway.request().status == 200) }
            // Whatever loop a client's connection is on keeps one of its own.
            #expect(backend.requests.contains { $0.numberOnConnection > 1 })
            #expect(backend.connections <= 5)
        }
    }

    @Test(arguments: [TestBackend.Reply.close, .truncated, .garbage, .response(503, "busy")])
    func aPredictionIsTriedElsewhere(bad: TestBackend.Reply) async throws {
        let failing = try await TestBackend { _ in bad }
        let good = try await TestBackend { _ in .response(200, "good") }
        try await with([failing, good]) { (gateway: TestGateway) async throws in
            for _ in 0..<20 {
                let response = try await gateway.request(.POST, "/default/tickets/v1/models/m:predict", body: "{}")
                #expect(response.status == 200)
                #expect(response.body == "good")
            }
            #expect(!failing.requests.isEmpty, "the failing one was tried")
        }
    }

    @Test func whatMayHaveAnEffectIsSentOnce() async throws {
        let failing = try await TestBackend { _ in .close }
        let good = try await TestBackend { _ in .response(200, "good") }
        try await with([failing, good]) { (gateway: TestGateway) async throws in
            var codes: Set<UInt> = []
            for _ in 0..<20 {
                let response = try await gateway.request(.POST, "/default/tickets/v1/models/m:feedback", body: "{}")
                codes.insert(response.status)
                if response.status == 502 { #expect(response.body.contains("may have had an effect")) }
            }
            #expect(codes == [200, 502])
            #expect(failing.requests.count + good.requests.count == 20)
        }
    }

    @Test func aRefusedConnectionIsNeverTheCallersProblem() async throws {
        let good = try await TestBackend { _ in .response(200, "good") }
        let gone = try await TestBackend { _ in .close }
        let port = gone.port
        try await gone.stop()
        try await with([good]) { (gateway: TestGateway) async throws in
            gateway.set(("tickets-1", 100, [port, good.port]))
            for _ in 0..<20 {
                #expect(try await gateway.request(.POST, "/default/tickets/v1/models/m:feedback", body: "{}").status == 200)
            }
        }
    }

    /// The only server restarts: nothing listens for a moment, and the cluster has not noticed.
    @Test func aRestartOfTheOnlyBackendIsWaitedOut() async throws {
        let first = try await TestBackend { _ in .response(200, "first") }
        let port = first.port
        try await first.stop()
        try await with([], adjust: { $0.maximumTries = 6 }) { (gateway: TestGateway) async throws in
            gateway.set(("tickets-1", 100, [port]))
            async let response = gateway.request(.POST, "/default/tickets/v1/models/m:predict", body: "{}")
            try await eventually("a try has failed") { try await gateway.metrics().contains(#"reason="connect"} 1"#) }
            let second = try await TestBackend(port: port) { _ in .response(200, "second") }
            #expect(try await response.body == "second")
            try await second.stop()
        }
    }

    @Test func aBackendThatNeverAnswersTimesOut() async throws {
        let silent = try await TestBackend { _ in .silence }
        let good = try await TestBackend { _ in .response(200, "good") }
        try await with([silent], adjust: { $0.tryTimeout = .milliseconds(150) }) { (gateway: TestGateway) async throws in
            let response = try await gateway.request(.POST, "/default/tickets/v1/models/m:feedback", body: "{}")
            #expect(response.status == 504)
            #expect(response.body.contains("BackendTimeout"))
            gateway.set(("tickets-1", 100, [silent.port, good.port]))
            for _ in 0..<3 { #expect(try await gateway.request().body == "good") }
        }
        try await good.stop()
    }

    @Test func aStreamReachesTheClientAsItIsMade() async throws {
        let gate = Gate()
        let backend = try await TestBackend { _ in .chunks(["first", "second"], gate) }
        try await with([backend]) { (gateway: TestGateway) async throws in
            let response = try await HTTPClient.shared.execute(
                HTTPClientRequest(url: gateway.address + "/default/tickets/stream"), timeout: .seconds(20))
            var iterator = response.body.makeAsyncIterator()
            #expect(try await iterator.next().map { String(buffer: $0) } == "first")
            gate.open()
            var rest = ""
            while let chunk = try await iterator.next() { rest += String(buffer: chunk) }
            #expect(rest == "second")
        }
    }

    @Test func largeBodiesPassBothWays() async throws {
        let backend = try await TestBackend { .response(200, String(buffer: $0.body)) }
        try await with([backend]) { (gateway: TestGateway) async throws in
            let large = String(repeating: "0123456789abcdef", count: (5 << 20) / 16)
            let echoed = try await gateway.request(.POST, "/default/tickets/echo", body: large)
            #expect(echoed.body == large)
        }
    }

    @Test func aClientThatGoesAwayEndsTheWorkAtOnce() async throws {
        let backend = try await TestBackend { _ in .silence }
        try await with([backend]) { (gateway: TestGateway) async throws in
            let task = Task { try await gateway.request(.POST, "/default/tickets/v1/models/m:predict", body: "{}") }
            try await eventually("the backend has it") { backend.requests.count == 1 && backend.connections == 1 }
            task.cancel()
            _ = try? await task.value
            try await eventually("the backend's connection is closed") { backend.connections == 0 }
            try await eventually("it is recorded") { try await gateway.metrics().contains(#"code="499"} 1"#) }
        }
    }

    @Test func aBackendThatLeavesFinishesWhatItHas() async throws {
        let gate = Gate()
        let leaving = try await TestBackend { _ in .gated(gate, "old") }
        let staying = try await TestBackend { _ in .response(200, "new") }
        try await with([leaving]) { (gateway: TestGateway) async throws in
            async let last = gateway.request()
            try await eventually("it has the request") { leaving.requests.count == 1 }
            gateway.set(("tickets-2", 100, [staying.port]))
            for _ in 0..<10 { #expect(try await gateway.request().body == "new") }
            gate.open()
            #expect(try await last.body == "old")
            #expect(leaving.requests.count == 1)
        }
        try await staying.stop()
    }

    @Test func aShutdownLetsRequestsFinish() async throws {
        let gate = Gate()
        let backend = try await TestBackend { _ in .gated(gate, "done") }
        let gateway = try await TestGateway(TestGateway.routes([("tickets-1", 100, [backend.port])]))
        async let last = gateway.request()
        try await eventually("it has the request") { backend.requests.count == 1 }
        await gateway.beginShutdown()
        try await eventually("nobody new is let in") {
            do {
                _ = try await gateway.request(.GET, "/health", timeout: .seconds(2))
                return false
            } catch {
                return true
            }
        }
        gate.open()
        #expect(try await last.body == "done")
        await gateway.stop()
        try await backend.stop()
    }

    @Test func manyRequestsAtOnceSpreadOverBackends() async throws {
        let backends = [
            try await TestBackend { _ in .delayed(.milliseconds(5), "a") },
            try await TestBackend { _ in .delayed(.milliseconds(5), "b") },
        ]
        try await with(backends) { (gateway: TestGateway) async throws in
            try await withThrowingTaskGroup(of: UInt.self) { group in
                for _ in 0..<200 { group.addTask { try await gateway.request(.GET, "/default/tickets/x").status } }
                for try await status in group { #expect(status == 200) }
            }
            #expect(backends.allSatisfy { (60...140).contains($0.requests.count) })
        }
    }
}
