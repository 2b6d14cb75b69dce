import ApusTesting
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Prometheus

/// Against the program itself: what it says of good and bad queries is not ours to imagine.
@Suite(.serialized)
struct ClientTests {
    @Test func queriesWhatWasScraped() async throws {
        let counts = Counts()
        let prometheus = try await RealPrometheus.start { _ in
            let value = counts.next()
            return (
                "text/plain; version=0.0.4",
                """
                # TYPE feature_bucket_total counter
                feature_bucket_total{feature="prediction",bucket="a"} \(value * 3)
                feature_bucket_total{feature="prediction",bucket="b"} \(value)
                feature_bucket_total{feature="prediction",bucket="other"} 0

                """
            )
        }
        let client = prometheus.client
        do {
            let query = PromQL.bucketIncreases(
                metric: "feature_bucket_total", labels: ["feature": "prediction", "job": "shop"], window: .seconds(60))
            // Increases need two scrapes of each series.
            try await eventually("buckets are counted") {
                let buckets = try await client.query(query).vector()
                return buckets.count == 3 && buckets.contains { $0.sample.value > 2 }
            }
            var shares: [String: Double] = [:]
            for element in try await client.query(query).vector() {
                shares[element.labels["bucket"] ?? ""] = element.sample.value
            }
            #expect(shares["other"] == 0)
            #expect(abs((shares["a"] ?? 0) / (shares["b"] ?? 1) - 3) < 1e-6)

            let absent = PromQL.bucketIncreases(metric: "nobody_counts_this_total", labels: [:], window: .seconds(60))
            for expression in [PromQL.preferring(absent, to: query), PromQL.preferring(query, to: "\(query) * 0")] {
                let counts = try await client.query(expression).vector()
                #expect(counts.count == 3)
                #expect(counts.contains { $0.sample.value > 2 })
            }

            #expect(try await client.query("1 + 1").number() == 2)
            #expect(try await client.query("count(feature_bucket_total)").number() == 3)
            let now = Date()
            let range = try await client.queryRange("up", from: now - 10, to: now, step: .seconds(1)).matrix()
            #expect(range.count == 1)
            #expect(range.first?.labels["job"] == "shop")
            #expect(try await client.query("up", at: now - 3_600).vector().isEmpty)

            try await expectFailures(client)
            try await expectTimeout(prometheus)
        } catch {
            try await prometheus.stop()
            throw error
        }
        try await prometheus.stop()
        let gone = await failure { _ = try await client.query("up", timeout: .seconds(2)) }
        #expect(gone?.code == .unreachable)
        #expect(gone?.isTransient == true)
        #expect(!(await client.isReady()))
    }

    private func expectFailures(_ client: PrometheusClient) async throws {
        let typo = await failure { _ = try await client.query("sum(rate(x[5m])") }
        #expect(typo?.code == .badQuery)
        #expect(typo?.position == QueryPosition(line: 1, column: 16))
        #expect(typo?.message.contains("unclosed left parenthesis") == true)
        #expect(typo?.isTransient == false)
        #expect(await failure { _ = try await client.query("") }?.code == .badQuery)
        #expect(await failure { _ = try await client.query("rate(up)") }?.code == .badQuery)
        #expect(await failure { _ = try await client.query("nothing_by_this_name").number() }?.code == .noData)
        #expect(await failure { _ = try await client.query("0 / 0").number() }?.code == .noData)
        #expect(await failure { _ = try await client.query("feature_bucket_total").number() }?.code == .unexpectedResult)
        #expect(await failure { _ = try await client.query("up[1m]").number() }?.code == .unexpectedResult)
        // Legal to read, impossible to evaluate: two series for one label set.
        #expect(
            await failure { _ = try await client.query("up + on() group_left() feature_bucket_total") }?.code == .queryFailed)
        let other = try PrometheusClient(address: client.address + "/no/such/path")
        #expect(await failure { _ = try await other.query("up") }?.code == .notPrometheus)
    }

    private func expectTimeout(_ prometheus: RealPrometheus) async throws {
        try await prometheus.freeze()
        defer { prometheus.thaw() }
        let start = ContinuousClock.now
        let late = await failure { _ = try await prometheus.client.query("up", timeout: .milliseconds(200)) }
        #expect(late?.code == .timeout, "\(String(describing: late))")
        #expect(ContinuousClock.now - start < .seconds(5))
        // A cancelled caller is not kept waiting, and is told that it was cancelled.
        let task = Task { try await prometheus.client.query("up", timeout: .seconds(60)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func theConfigurationIsOneThatPromtoolAccepts() throws {
        let folder = NSTemporaryDirectory() + "/apus-promtool-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try "token".write(toFile: "\(folder)/token", atomically: true, encoding: .utf8)
        let configuration = PrometheusConfiguration(
            discoveryURL: "https://127.0.0.1:6443/targets?x=\"y\"", discoveryTokenFile: "\(folder)/token",
            fixedTargets: ["apus gateway": ["127.0.0.1:8088"], "b": ["a:1", "b:2"]], externalLabels: ["cluster": "x: y #"])
        try configuration.yaml.write(toFile: "\(folder)/prometheus.yml", atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/promtool")
        process.arguments = ["check", "config", "\(folder)/prometheus.yml"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(said)\n\(configuration.yaml)")
    }
}

/// Counts scrapes.
private final class Counts: Sendable {
    private let count = Atomic<Int>(0)

    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}

private func failure(_ body: () async throws -> Void) async -> PrometheusError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? PrometheusError
    }
}
