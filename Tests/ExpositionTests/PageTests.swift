import Testing

@testable import Exposition

@Suite struct PageTests {
    @Test func rendersCountersGaugesAndHistograms() {
        let registry = MetricsRegistry()
        let requests = registry.counter("http_requests_total", help: "Requests.", labels: ["code"], series: [["200"], ["500"]])
        requests.with("200").increment(by: 3)
        registry.gauge("temperature_celsius", help: "Heat.").set(-1.5)
        let latency = registry.histogram("latency_seconds", help: "Time.", labels: ["path"], buckets: [0.1, 1])
        latency.with("/").observe(0.1)
        latency.with("/").observe(0.5)
        latency.with("/").observe(7)
        #expect(
            registry.render() == """
                # HELP http_requests_total Requests.
                # TYPE http_requests_total counter
                http_requests_total{code="200"} 3
                http_requests_total{code="500"} 0
                # HELP latency_seconds Time.
                # TYPE latency_seconds histogram
                latency_seconds_bucket{path="/",le="0.1"} 1
                latency_seconds_bucket{path="/",le="1.0"} 2
                latency_seconds_bucket{path="/",le="+Inf"} 3
                latency_seconds_sum{path="/"} 7.6
                latency_seconds_count{path="/"} 3
                # HELP temperature_celsius Heat.
                # TYPE temperature_celsius gauge
                temperature_celsius -1.5

                """)
    }

    @Test func openMetricsNamesCountersWithoutSuffixAndEnds() {
        let registry = MetricsRegistry()
        registry.counter("jobs_total", help: "Jobs \"done\".").increment()
        #expect(
            registry.render(.openMetrics) == """
                # HELP jobs Jobs \\"done\\".
                # TYPE jobs counter
                jobs_total 1
                # EOF

                """)
    }

    @Test(arguments: [
        (nil, ExpositionFormat.text),
        ("*/*", .text),
        ("text/plain", .text),
        ("application/json", .text),
        ("application/openmetrics-text", .openMetrics),
        // What Prometheus 2.42 sends.
        (
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            .openMetrics
        ),
        ("application/openmetrics-text;q=0.2, text/plain;q=0.9", .text),
        ("application/openmetrics-text;q=0", .text),
        ("application/openmetrics-text; version=2.0.0", .text),
    ])
    func negotiates(accept: String?, expected: ExpositionFormat) {
        #expect(ExpositionFormat.negotiate(accept: accept) == expected)
    }

    @Test func escapesLabelValuesAndHelp() {
        let registry = MetricsRegistry()
        registry.gauge("x", help: "a\\b\nc\"d", labels: ["v"]).with("q\"b\\n\nend é").set(1)
        #expect(registry.render().contains("# HELP x a\\\\b\\nc\"d\n"))
        #expect(registry.render().contains(#"x{v="q\"b\\n\nend é"} 1"#))
    }

    @Test(arguments: [
        (Double.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (3, "3"), (-0.25, "-0.25"), (1e300, "1e+300"),
        (9_007_199_254_740_992, "9007199254740992.0"),
    ])
    func writesNumbers(value: Double, text: String) {
        #expect(MetricsRegistry.text(of: value) == text)
    }

    @Test(arguments: [
        ("hb.requests", MetricDeclaration.Kind.counter, "hb_requests_total"),
        ("loss", .gauge, "loss"),
        ("9lives", .gauge, "_9lives"),
        ("eval/f1 é", .gauge, "eval_f1__"),
        ("", .gauge, "_"),
        ("ns:rule", .gauge, "ns:rule"),
    ])
    func mendsNames(name: String, kind: MetricDeclaration.Kind, expected: String) {
        #expect(MetricDeclaration(name: name, kind: kind, help: "").name == expected)
    }

    @Test func reservedAndRepeatedLabelsStayLegal() {
        #expect(
            Labels([("le", "1"), ("__name__", "x"), ("a.b", "1"), ("a_b", "2")]).text
                == #"a_b="2",exported___name__="x",exported_le="1""#)
    }
}
