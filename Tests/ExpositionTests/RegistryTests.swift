import CoreMetrics
import Testing

@testable import Exposition

@Suite struct RegistryTests {
    @Test func seriesBeyondTheCapShareOneThatSaysSo() {
        let registry = MetricsRegistry()
        let family = registry.counter(
            .counter("hits_total", help: "Hits.", labels: ["user"], series: [["known"]], maximumSeries: 3))
        for user in 0..<10 { family.with("user\(user)").increment() }
        family.with("known").increment()
        let page = registry.render()
        #expect(page.contains("hits_total{user=\"known\"} 1\n"))
        #expect(page.contains("hits_total{user=\"user1\"} 1\n"))
        #expect(!page.contains("user=\"user2\""))
        #expect(page.contains("hits_total{overflow=\"true\"} 8\n"))
        #expect(page.contains("exposition_overflow_total{metric=\"hits_total\"} 8\n"))
    }

    @Test func aNameTakenByAnotherKindIsReportedAndNotExportedTwice() {
        let registry = MetricsRegistry()
        registry.gauge("x_total", help: "A gauge.").set(1)
        registry.counter("x_total", help: "A counter.").increment()
        let page = registry.render()
        #expect(page.contains("# TYPE x_total gauge\nx_total 1\n"))
        #expect(page.contains("exposition_conflicts_total{metric=\"x_total\"} 1\n"))
    }

    @Test func removedSeriesAreGone() {
        let registry = MetricsRegistry()
        let progress = registry.gauge("progress_ratio", help: "Progress.", labels: ["namespace", "job"])
        progress.with("a", "one").set(1)
        progress.with("a", "two").set(1)
        progress.with("b", "one").set(1)
        progress.remove("a", "one")
        progress.removeAll { $0[0] == "b" }
        #expect(
            registry.render().split(separator: "\n").filter { !$0.hasPrefix("#") } == [
                "progress_ratio{namespace=\"a\",job=\"two\"} 1"
            ])
    }

    @Test func countersOnlyGrow() {
        let counter = Counter()
        counter.increment(by: -5)
        counter.increment(by: -0.5)
        counter.increment(by: Double.nan)
        counter.increment(by: 2)
        counter.increment(by: 0.5)
        #expect(counter.value == 2.5)
    }

    @Test func concurrentEventsAreAllCounted() async {
        let registry = MetricsRegistry()
        let counter = registry.counter("c_total", help: "C.", labels: ["k"])
        let gauge = registry.gauge("g", help: "G.")
        let histogram = registry.histogram("h", help: "H.", buckets: [1])
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for _ in 0..<1_000 {
                        counter.with("\(task % 2)").increment()
                        gauge.with().increment()
                        histogram.observe(0.5)
                    }
                }
            }
        }
        #expect(counter.with("0").value == 4_000)
        #expect(gauge.with().value == 8_000)
        #expect(histogram.with().count == 8_000)
        #expect(histogram.with().sum == 4_000)
    }

    @Test func isABackendOfSwiftMetrics() {
        let registry = MetricsRegistry()
        registry.declare([
            .histogram("work_seconds", help: "Work.", labels: ["kind"], buckets: [0.001, 1], series: [["idle"]])
        ])
        let factory = SwiftMetricsFactory(registry)
        CoreMetrics.Counter(label: "lib.events", dimensions: [("z", "1"), ("a", "2")], factory: factory).increment(by: 2)
        CoreMetrics.Timer(label: "work", dimensions: [("kind", "busy")], factory: factory).recordNanoseconds(2_000_000)
        CoreMetrics.Meter(label: "level", factory: factory).set(4)
        let short = CoreMetrics.Counter(label: "lib.events", dimensions: [("z", "1"), ("a", "gone")], factory: factory)
        short.increment()
        short.destroy()
        let page = registry.render()
        #expect(page.contains("lib_events_total{a=\"2\",z=\"1\"} 2\n"))
        #expect(!page.contains("gone"))
        #expect(page.contains("work_seconds_bucket{kind=\"busy\",le=\"0.001\"} 0\n"))
        #expect(page.contains("work_seconds_bucket{kind=\"busy\",le=\"1.0\"} 1\n"))
        #expect(page.contains("work_seconds_count{kind=\"idle\"} 0\n"))
        #expect(page.contains("\nlevel 4\n"))
    }

    @Test func combinationsAreAllSeries() {
        #expect(MetricDeclaration.combinations(["a", "b"], ["1", "2"]) == [["a", "1"], ["a", "2"], ["b", "1"], ["b", "2"]])
    }
}
