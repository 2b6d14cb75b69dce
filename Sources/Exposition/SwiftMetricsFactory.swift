public import CoreMetrics

/// Makes a registry the backend of swift-metrics, for libraries that report through it.
///
///     MetricsSystem.bootstrap(SwiftMetricsFactory(registry))
///
/// Names lose characters that Prometheus does not accept; counters gain `_total`, timers `_seconds`. Timers and
/// aggregating recorders are histograms with the buckets that were declared for their name, else ``Buckets/seconds``
/// for timers. Help texts come from ``MetricsRegistry/declare(_:)``.
public struct SwiftMetricsFactory: MetricsFactory {
    public let registry: MetricsRegistry

    public init(_ registry: MetricsRegistry) {
        self.registry = registry
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        CounterAdapter(counter(label, dimensions))
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        CounterAdapter(counter(label, dimensions))
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        GaugeAdapter(gauge(label, dimensions))
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate
            ? HistogramAdapter(histogram(label, dimensions, buckets: Buckets.exponential(start: 1, factor: 4, count: 12)))
            : GaugeAdapter(gauge(label, dimensions))
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let name = label.hasSuffix("_seconds") ? label : label + "_seconds"
        return HistogramAdapter(histogram(name, dimensions, buckets: Buckets.seconds))
    }

    public func destroyCounter(_ handler: any CounterHandler) { destroy(handler) }
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { destroy(handler) }
    public func destroyMeter(_ handler: any MeterHandler) { destroy(handler) }
    public func destroyRecorder(_ handler: any RecorderHandler) { destroy(handler) }
    public func destroyTimer(_ handler: any TimerHandler) { destroy(handler) }

    private func destroy(_ handler: AnyObject) {
        guard let adapter = handler as? any InstrumentAdapter else { return }
        registry.remove(instrument: adapter.adapted)
    }

    private func counter(_ label: String, _ dimensions: [(String, String)]) -> Counter {
        let family = registry.counter(.counter(label, help: help(label), labels: names(dimensions)))
        return family.instrument(labels(dimensions, of: family.declaration))
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> Gauge {
        let family = registry.gauge(.gauge(label, help: help(label), labels: names(dimensions)))
        return family.instrument(labels(dimensions, of: family.declaration))
    }

    private func histogram(_ label: String, _ dimensions: [(String, String)], buckets: [Double]) -> Histogram {
        let declaration = MetricDeclaration.histogram(
            label, help: help(label), labels: names(dimensions), buckets: buckets)
        let family = registry.histogram(declaration)
        return family.instrument(labels(dimensions, of: family.declaration))
    }

    private func help(_ label: String) -> String {
        "Reported by a library as \(label)."
    }

    private func names(_ dimensions: [(String, String)]) -> [String] {
        Labels(dimensions).pairs.map(\.name)
    }

    /// Dimensions in the declared order when they are exactly the declared labels, so that both ways of reporting a
    /// metric meet in one series.
    private func labels(_ dimensions: [(String, String)], of declaration: MetricDeclaration) -> Labels {
        let given = Labels(dimensions)
        let values = Dictionary(uniqueKeysWithValues: given.pairs.map { ($0.name, $0.value) })
        guard Set(values.keys) == Set(declaration.labelNames) else { return given }
        return Labels(names: declaration.labelNames, values: declaration.labelNames.map { values[$0] ?? "" })
    }
}

private protocol InstrumentAdapter: AnyObject {
    var adapted: AnyObject { get }
}

private final class CounterAdapter: CounterHandler, FloatingPointCounterHandler, InstrumentAdapter {
    private let counter: Counter
    init(_ counter: Counter) { self.counter = counter }
    var adapted: AnyObject { counter }

    func increment(by amount: Int64) { counter.increment(by: Int(amount)) }
    func increment(by amount: Double) { counter.increment(by: amount) }
    func reset() { counter.reset() }
}

private final class GaugeAdapter: MeterHandler, RecorderHandler, InstrumentAdapter {
    private let gauge: Gauge
    init(_ gauge: Gauge) { self.gauge = gauge }
    var adapted: AnyObject { gauge }

    func set(_ value: Int64) { gauge.set(Double(value)) }
    func set(_ value: Double) { gauge.set(value) }
    func increment(by amount: Double) { gauge.increment(by: amount) }
    func decrement(by amount: Double) { gauge.decrement(by: amount) }
    func record(_ value: Int64) { gauge.set(Double(value)) }
    func record(_ value: Double) { gauge.set(value) }
}

private final class HistogramAdapter: RecorderHandler, TimerHandler, InstrumentAdapter {
    private let histogram: Histogram
    init(_ histogram: Histogram) { self.histogram = histogram }
    var adapted: AnyObject { histogram }

    func record(_ value: Int64) { histogram.observe(Double(value)) }
    func record(_ value: Double) { histogram.observe(value) }
    func recordNanoseconds(_ duration: Int64) { histogram.observe(Double(duration) / 1e9) }
}
