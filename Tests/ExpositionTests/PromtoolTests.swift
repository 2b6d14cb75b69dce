import ApusTesting
import Foundation
import Testing

@testable import Exposition

@Suite struct PromtoolTests {
    /// Prometheus' own linter reads a page with every kind of metric on it and has nothing to say.
    @Test func promtoolAcceptsThePage() throws {
        let registry = MetricsRegistry(collectors: [ProcessMetrics()])
        registry.counter("apus_requests_total", help: "Requests.", labels: ["path"], series: [["/"]])
            .with("a\"b\\c\nd").increment()
        registry.gauge("apus_queue_jobs", help: "Jobs that wait, \"now\" \\ then.").set(.infinity)
        registry.histogram("apus_latency_seconds", help: "Latency.", labels: ["x"]).with("1").observe(0.2)
        let tight = registry.counter(.counter("tight_total", help: "Capped.", labels: ["v"], maximumSeries: 1))
        tight.with("1").increment()
        tight.with("2").increment()
        let page = registry.render()
        #expect(page.contains("process_resident_memory_bytes"))
        #expect(page.contains("process_start_time_seconds"))
        #expect(page.contains("process_open_fds"))

        let process = Process()
        process.executableURL = URL(fileURLWithPath: try Machine.program("promtool"))
        process.arguments = ["check", "metrics"]
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(page.utf8))
        try input.fileHandleForWriting.close()
        let said = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(said)\n\(page)")
        #expect(said.isEmpty)
    }

    @Test func processMetricsAreThoseOfThisProcess() throws {
        #if os(Linux)
            let page = MetricsRegistry(collectors: [ProcessMetrics()]).render()
            func value(_ name: String) -> Double? {
                page.split(separator: "\n").first { $0.hasPrefix(name + " ") }.flatMap { Double($0.split(separator: " ")[1]) }
            }
            let start = try #require(value("process_start_time_seconds"))
            #expect(abs(Date().timeIntervalSince1970 - start) < 86_400)
            #expect(try #require(value("process_resident_memory_bytes")) > 1_000_000)
            #expect(try #require(value("process_open_fds")) >= 3)
            #expect(try #require(value("process_max_fds")) >= 3)
            #expect(try #require(value("process_threads")) >= 1)
        #endif
    }
}
