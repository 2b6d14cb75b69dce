/// Reads values when a page is rendered: what the operating system knows, sizes of queues, readings of others.
public protocol MetricsCollector: Sendable {
    /// The metrics at this moment. Called on the thread that renders the page, so it must be quick.
    func collect() -> [MetricSnapshot]
}

/// One metric and its samples at one moment.
public struct MetricSnapshot: Sendable {
    /// One line of the page.
    struct Sample: Sendable {
        /// What is appended to the metric's name: empty, `_bucket`, `_sum` or `_count`.
        var suffix: String
        /// Labels as text, without braces.
        var labels: String
        var value: Double
    }

    public let name: String
    let type: String
    let help: String
    let samples: [Sample]

    /// A gauge or counter read from elsewhere.
    public init(
        name: String, kind: MetricDeclaration.Kind, help: String, values: [(labels: [(String, String)], value: Double)]
    ) {
        self.name = MetricName.sanitized(name, of: kind)
        type = kind.word
        self.help = help
        samples = values.map { Sample(suffix: "", labels: Labels($0.labels).text, value: $0.value) }
    }

    /// A gauge or counter without labels, read from elsewhere.
    public init(name: String, kind: MetricDeclaration.Kind, help: String, value: Double) {
        self.init(name: name, kind: kind, help: help, values: [(labels: [], value: value)])
    }

    init(_ family: MetricsRegistry.Family) {
        let declaration = family.declaration
        name = declaration.name
        type = declaration.kind.word
        help = declaration.help
        samples =
            switch family {
            case .counter(let family):
                family.sorted().map { Sample(suffix: "", labels: $0.text, value: $0.instrument.value) }
            case .gauge(let family):
                family.sorted().map { Sample(suffix: "", labels: $0.text, value: $0.instrument.value) }
            case .histogram(let family):
                family.sorted().flatMap { MetricSnapshot.samples(of: $0.instrument, labels: $0.text) }
            }
    }

    private static func samples(of histogram: Histogram, labels: String) -> [Sample] {
        let state = histogram.snapshot()
        let separator = labels.isEmpty ? "" : ","
        var cumulative: UInt64 = 0
        var samples: [Sample] = []
        for (index, count) in state.counts.enumerated() {
            cumulative += count
            // The bound is written alike in both formats: Prometheus would otherwise see two series for one bucket.
            let bound = index < histogram.bounds.count ? "\(histogram.bounds[index])" : "+Inf"
            samples.append(
                Sample(suffix: "_bucket", labels: "\(labels)\(separator)le=\"\(bound)\"", value: Double(cumulative)))
        }
        samples.append(Sample(suffix: "_sum", labels: labels, value: state.sum))
        samples.append(Sample(suffix: "_count", labels: labels, value: Double(cumulative)))
        return samples
    }
}
