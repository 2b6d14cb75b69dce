import ApusTesting
import AsyncHTTPClient
import Foundation
import NIOCore
import Synchronization
import Testing

@testable import Gateway

/// A server in a process of its own, so that it can be killed as pods are.
private final class ServerProcess: Sendable {
    let port: Int
    private let process: Process

    private static let program = """
        import http.server, sys, time
        class H(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def answer(self):
                length = int(self.headers.get("Content-Length", 0))
                self.rfile.read(length)
                time.sleep(0.002)
                body = ('{"by":"%s"}' % sys.argv[1]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            do_GET = do_POST = answer
            def log_message(self, *a): pass
        class S(http.server.ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True
        s = S(("127.0.0.1", 0), H)
        print(s.server_address[1], flush=True)
        s.serve_forever()
        """

    init(_ name: String) throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.program, name]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)))
    }

    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}

@Suite(.serialized) struct SteadyLoadTests {
    private struct Tally {
        var answered = 0
        var failures: [String] = []
        var byServer: [String: Int] = [:]
    }

    /// Runs `changes` while clients send predictions without a pause; gives the clients' tally.
    private func underLoad(
        _ gateway: TestGateway, clients: Int = 6, _ changes: @escaping @Sendable (@Sendable () -> Int) async throws -> Void
    ) async throws -> (answered: Int, failures: [String], byServer: [String: Int]) {
        let tally = Shared(Tally())
        let isOver = Shared(false)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<clients {
                group.addTask {
                    while !isOver.get() {
                        do {
                            let response = try await gateway.request(
                                .POST, "/default/tickets/v1/models/tickets:predict", body: #"{"instances":["x"]}"#)
                            tally.change {
                                $0.answered += 1
                                $0.byServer[response.body, default: 0] += 1
                                if response.status != 200 { $0.failures.append("\(response.status) \(response.body)") }
                            }
                        } catch {
                            tally.change { $0.failures.append("\(error)") }
                        }
                    }
                }
            }
            defer { isOver.change { $0 = true } }
            try await changes { tally.get().answered }
            isOver.change { $0 = true }
            try await group.waitForAll()
        }
        let result = tally.get()
        return (result.answered, result.failures, result.byServer)
    }

    private final class Shared<Value: Sendable>: Sendable {
        private let value: Mutex<Value>
        init(_ value: Value) { self.value = Mutex(value) }
        func get() -> Value { value.withLock { $0 } }
        func change(_ body: (inout sending Value) -> Void) { value.withLock { body(&$0) } }
    }

    @Test func killingOneOfTwoBackendsLosesNoRequest() async throws {
        let (doomed, survivor) = (try ServerProcess("doomed"), try ServerProcess("survivor"))
        defer { survivor.kill() }
        let gateway = try await TestGateway(TestGateway.routes([("tickets-1", 100, [doomed.port, survivor.port])]))
        let load = try await underLoad(gateway) { answered in
            try await eventually("load is steady") { answered() > 200 }
            doomed.kill()
            // The cluster's news is late, as it is in life: the dead one stays in the table for a while.
            let atKill = answered()
            try await eventually("load goes on") { answered() > atKill + 300 }
            gateway.set(("tickets-1", 100, [survivor.port]))
            let atNews = answered()
            try await eventually("load goes on") { answered() > atNews + 100 }
        }
        #expect(load.failures.isEmpty, "\(load.failures.prefix(3))")
        #expect((load.byServer[#"{"by":"doomed"}"#] ?? 0) > 20)
        #expect((load.byServer[#"{"by":"survivor"}"#] ?? 0) > 400)
        await gateway.stop()
    }

    @Test func movingTheAliasLosesNoRequest() async throws {
        let (old, new) = (try ServerProcess("old"), try ServerProcess("new"))
        let gateway = try await TestGateway(TestGateway.routes([("tickets-1", 100, [old.port])]))
        let load = try await underLoad(gateway) { answered in
            try await eventually("load is steady") { answered() > 100 }
            for percent in [10, 50, 90] {
                gateway.set(("tickets-1", 100 - percent, [old.port]), ("tickets-2", percent, [new.port]))
                let before = answered()
                try await eventually("load goes on") { answered() > before + 100 }
            }
            gateway.set(("tickets-2", 100, [new.port]))
            let before = answered()
            try await eventually("load goes on") { answered() > before + 100 }
            // Scaled down only once nothing is sent to it any more.
            old.kill()
            let after = answered()
            try await eventually("load goes on") { answered() > after + 100 }
        }
        #expect(load.failures.isEmpty, "\(load.failures.prefix(3))")
        #expect(load.byServer.count == 2)
        new.kill()
        await gateway.stop()
    }

    /// A backend that comes and goes every few requests, beside one that stays.
    @Test func aFlappingBackendLosesNoPrediction() async throws {
        let count = Atomic<Int>(0)
        let flapping = try await TestBackend { _ in
            count.add(1, ordering: .relaxed).newValue % 5 < 2 ? .close : .response(200, "flapping")
        }
        let steady = try await TestBackend { _ in .delayed(.milliseconds(1), "steady") }
        let gateway = try await TestGateway(TestGateway.routes([("tickets-1", 100, [flapping.port, steady.port])]))
        let load = try await underLoad(gateway) { answered in
            try await eventually("load goes on") { answered() > 600 }
        }
        #expect(load.failures.isEmpty, "\(load.failures.prefix(3))")
        #expect(load.byServer["flapping"] != nil)
        await gateway.stop()
        try await flapping.stop()
        try await steady.stop()
    }
}
