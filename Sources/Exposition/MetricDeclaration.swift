/// What a metric is before it has any value: its name, its kind, its help text, its labels and the series that
/// exist from the start.
///
/// A series that appears only with its first event hides that event from `rate()` and `increase()`, which need a
/// point before it. Whoever knows the label values in advance lists them in ``series``, and they are exported as 0.
public struct MetricDeclaration: Sendable, Equatable {
    /// The three kinds that are exported.
    public enum Kind: Sendable, Equatable {
        case counter
        case gauge
        /// Upper bounds of the buckets, strictly increasing, without the implied `+Inf`.
        case histogram(buckets: [Double])

        var word: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    /// The exported name: counters end in `_total`, and the unit is part of the name (`_seconds`, `_bytes`).
    public var name: String
    public var kind: Kind
    public var help: String
    /// Names of the labels, in the order in which values are given.
    public var labelNames: [String]
    /// Label values of the series that exist at 0 before anything happens.
    public var series: [[String]]
    /// How many series this metric may have, beyond which events go to one series labelled `overflow="true"`.
    public var maximumSeries: Int

    /// Describes a metric.
    /// - Parameters:
    ///   - maximumSeries: the cap on label cardinality; series listed in `series` are always admitted.
    public init(
        name: String, kind: Kind, help: String, labelNames: [String] = [], series: [[String]] = [],
        maximumSeries: Int = 2_000
    ) {
        self.name = MetricName.sanitized(name, of: kind)
        if case .histogram(let buckets) = kind {
            self.kind = .histogram(buckets: MetricDeclaration.cleaned(buckets))
        } else {
            self.kind = kind
        }
        self.help = help
        self.labelNames = labelNames.map { MetricName.sanitizedLabel($0) }
        self.series = series
        self.maximumSeries = max(1, maximumSeries)
    }

    /// A counter: a total that only grows.
    public static func counter(
        _ name: String, help: String, labels: [String] = [], series: [[String]] = [], maximumSeries: Int = 2_000
    ) -> MetricDeclaration {
        MetricDeclaration(
            name: name, kind: .counter, help: help, labelNames: labels, series: series, maximumSeries: maximumSeries)
    }

    /// A gauge: a value that goes up and down.
    public static func gauge(
        _ name: String, help: String, labels: [String] = [], series: [[String]] = [], maximumSeries: Int = 2_000
    ) -> MetricDeclaration {
        MetricDeclaration(
            name: name, kind: .gauge, help: help, labelNames: labels, series: series, maximumSeries: maximumSeries)
    }

    /// A histogram over declared buckets.
    public static func histogram(
        _ name: String, help: String, labels: [String] = [], buckets: [Double] = Buckets.seconds,
        series: [[String]] = [], maximumSeries: Int = 2_000
    ) -> MetricDeclaration {
        MetricDeclaration(
            name: name, kind: .histogram(buckets: buckets), help: help, labelNames: labels, series: series,
            maximumSeries: maximumSeries)
    }

    /// Every combination of the given values, one list of values a label: for ``series``.
    public static func combinations(_ values: [String]...) -> [[String]] {
        values.reduce([[]]) { partial, choices in
            partial.flatMap { prefix in choices.map { prefix + [$0] } }
        }
    }

    /// Bounds that a histogram can be built from: sorted, distinct, finite.
    private static func cleaned(_ buckets: [Double]) -> [Double] {
        Array(Set(buckets.filter(\.isFinite))).sorted()
    }
}

/// Bucket bounds for common quantities.
public enum Buckets {
    /// Latencies of requests, from half a millisecond to a minute.
    public static let seconds: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]

    /// Durations of long work, from a second to a day.
    public static let longSeconds: [Double] = [1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400]

    /// Sizes from 256 bytes to 1 GiB.
    public static let bytes: [Double] = (4...15).map { Double(sign: .plus, exponent: $0 * 2, significand: 1) }

    /// `count` bounds, each `factor` times the one before.
    public static func exponential(start: Double, factor: Double, count: Int) -> [Double] {
        var bounds: [Double] = []
        var bound = start
        for _ in 0..<max(0, count) {
            bounds.append(bound)
            bound *= factor
        }
        return bounds
    }
}
