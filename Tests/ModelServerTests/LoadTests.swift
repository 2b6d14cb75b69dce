import ApusTesting
import Dispatch
import Foundation
import Testing
import Transformer

@testable import ModelServer

@Suite struct LoadTests {
    /// Holds the computing thread at the start of each batch until told to go on.
    final class Gate: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)
        private let entered = DispatchSemaphore(value: 0)
        func wait() {
            entered.signal()
            semaphore.wait()
        }
        func open(_ times: Int = 1000) { for _ in 0..<times { semaphore.signal() } }
        /// Returns when a batch has been started.
        func waitForBatch() async throws { try await onOwnThread("gate") { [entered] in entered.wait() } }
    }

    @Test func refusesBeyondTheQueueAndLosesNothingInIt() async throws {
        let gate = Gate()
        try await TestServer.with(
            configure: {
                $0.queuedTexts = 4
                $0.textsPerRequest = 4
            }, onBatch: { _ in gate.wait() }
        ) { server in
            defer { gate.open() }
            async let first = server.predict(["in the works"])
            try await gate.waitForBatch()
            async let second = server.predict(["a", "b"])
            async let third = server.predict(["c", "d"])
            try await eventually("full") { try await server.queuedTexts() == 4 }
            let refused = try await server.predict(["one too many"])
            #expect(refused.status == 503)
            #expect(Int(refused.headers["retry-after"] ?? "") ?? 0 >= 1)
            #expect(refused.json["error"]?.string?.contains("queue is full") == true)
            gate.open()
            #expect(try await first.status == 200)
            #expect(try await second.status == 200)
            #expect(try await third.status == 200)
            #expect(try await server.predict(["again"]).status == 200)
        }
    }

    @Test func dropsRequestsWhoseClientLeft() async throws {
        let gate = Gate()
        try await TestServer.with(
            configure: {
                $0.queuedTexts = 2
                $0.textsPerRequest = 2
            }, onBatch: { _ in gate.wait() }
        ) { server in
            defer { gate.open() }
            async let first = server.predict(["in the works"])
            try await gate.waitForBatch()
            let leaver = try HTTPConnection(port: server.port)
            try leaver.send("POST", "/v1/models/tickets:predict", TestServer.instances(["x", "y"]))
            try await eventually("full") { try await server.queuedTexts() == 2 }
            leaver.leave()
            // Its place is free again although nothing was computed.
            try await eventually("empty") { try await server.queuedTexts() == 0 }
            async let second = server.predict(["p", "q"])
            try await eventually("full again") { try await server.queuedTexts() == 2 }
            gate.open()
            #expect(try await first.status == 200)
            #expect(try await second.status == 200)
            let metrics = try await server.metrics()
            #expect(metrics["apus_model_server_requests_total{\(MetricsTests.model),code=\"499\"}"] == 1)
            let predictions = metrics.filter { $0.key.hasPrefix("predictions_total") }.values.reduce(0, +)
            #expect(predictions == 3)
        }
    }

    @Test func computesWhatWaitsTogetherAndGivesEachItsOwn() async throws {
        let expected = try TestServer.expected("distilbert")
        let largest = Largest()
        try await TestServer.with(onBatch: { largest.note($0) }) { server in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for client in 0..<24 {
                    group.addTask {
                        try await onOwnThread("client") {
                            let connection = try HTTPConnection(port: server.port)
                            for round in 0..<6 {
                                let item = expected[(client * 6 + round) % expected.count]
                                try connection.send(
                                    "POST", "/v1/models/tickets:predict", TestServer.instances([item.text]))
                                let answer = try connection.receive()
                                let scores = answer.json["predictions"]?.array?.first?["scores"]?.members ?? []
                                guard answer.status == 200, scores.count == 3,
                                    zip(scores, item.probabilities).allSatisfy({ abs(($0.value.double ?? 9) - $1) < 1e-5 })
                                else { return false }
                            }
                            return true
                        }
                    }
                }
                for try await right in group { #expect(right) }
            }
        }
        #expect(largest.value > 1)
    }

    final class Largest: @unchecked Sendable {
        // Sendable unchecked: guarded by its lock.
        private let lock = NSLock()
        private var largest = 0
        func note(_ value: Int) { lock.withLock { largest = max(largest, value) } }
        var value: Int { lock.withLock { largest } }
    }

    @Test func finishesWhatIsInFlightWhenToldToStop() async throws {
        let gate = Gate()
        await #expect(throws: Stop.self) {
            try await TestServer.with(
                configure: { $0.drainDelay = .seconds(60) }, onBatch: { _ in gate.wait() }
            ) { server in
                defer { gate.open() }
                async let inFlight = server.predict(["in the works"])
                try await gate.waitForBatch()
                async let waiting = server.predict(["waiting"])
                await server.group.triggerGracefulShutdown()
                try await eventually("not ready") { try await server.get("/ready").status == 503 }
                #expect(try await server.get("/ready").json["state"]?.string == "draining")
                #expect(try await server.get("/v2/health/live").status == 200)
                gate.open()
                #expect(try await inFlight.status == 200)
                #expect(try await waiting.status == 200)
                throw Stop()
            }
        }
    }

    /// Ends a server without waiting out its drain delay.
    struct Stop: Error {}
}
