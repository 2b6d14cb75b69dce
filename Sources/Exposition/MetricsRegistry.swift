import Synchronization

/// The metrics of one part of the program, and their page for Prometheus.
///
/// A registry is a value that is handed around, so that several parts in one process (and every test) have their own;
/// ``SwiftMetricsFactory`` makes one the backend of swift-metrics.
///
///     let registry = MetricsRegistry()
///     let requests = registry.counter("apus_gateway_requests_total", help: "Requests answered.", labels: ["code"])
///     requests.with("200").increment()
///     let page = registry.page(accept: request.headers["accept"])
public final class MetricsRegistry: Sendable {
    enum Family: Sendable {
        case counter(CounterFamily)
        case gauge(GaugeFamily)
        case histogram(HistogramFamily)

        var declaration: MetricDeclaration {
            switch self {
            case .counter(let family): family.declaration
            case .gauge(let family): family.declaration
            case .histogram(let family): family.declaration
            }
        }
    }

    private struct State {
        var families: [String: Family] = [:]
        var collectors: [any MetricsCollector] = []
    }

    private let state = Mutex(State())
    private let overflowed: CounterFamily
    private let conflicts: CounterFamily

    /// An empty registry.
    /// - Parameter collectors: sources that are read when the page is rendered.
    public init(collectors: [any MetricsCollector] = []) {
        overflowed = CounterFamily(
            .counter(
                "exposition_overflow_total", help: "Events counted in the overflow series of a metric with too many series.",
                labels: ["metric"]),
            make: Counter.init, onOverflow: {})
        conflicts = CounterFamily(
            .counter(
                "exposition_conflicts_total",
                help: "Metrics that are not exported because another one of a different kind has their name.",
                labels: ["metric"]),
            make: Counter.init, onOverflow: {})
        state.withLock { $0.collectors = collectors }
    }

    /// Says what metrics are before they are used, and creates those of their series that are listed.
    ///
    /// Needed for metrics that come through swift-metrics; the first declaration of a name stays.
    public func declare(_ declarations: [MetricDeclaration]) {
        for declaration in declarations {
            switch declaration.kind {
            case .counter: _ = counter(declaration)
            case .gauge: _ = gauge(declaration)
            case .histogram: _ = histogram(declaration)
            }
        }
    }

    /// Adds a source that is read when the page is rendered.
    public func add(_ collector: any MetricsCollector) {
        state.withLock { $0.collectors.append(collector) }
    }

    /// The counter of this name, created on first use.
    public func counter(_ declaration: MetricDeclaration) -> CounterFamily {
        let found = family(declaration) { .counter(CounterFamily(declaration, make: Counter.init, onOverflow: $0)) }
        if case .counter(let family) = found { return family }
        return CounterFamily(declaration, make: Counter.init, onOverflow: {})
    }

    /// The gauge of this name, created on first use.
    public func gauge(_ declaration: MetricDeclaration) -> GaugeFamily {
        let found = family(declaration) { .gauge(GaugeFamily(declaration, make: Gauge.init, onOverflow: $0)) }
        if case .gauge(let family) = found { return family }
        return GaugeFamily(declaration, make: Gauge.init, onOverflow: {})
    }

    /// The histogram of this name, created on first use. Its buckets are those of the first declaration.
    public func histogram(_ declaration: MetricDeclaration) -> HistogramFamily {
        var bounds = Buckets.seconds
        if case .histogram(let declared) = declaration.kind { bounds = declared }
        let make: @Sendable () -> Histogram = { [bounds] in Histogram(bounds: bounds) }
        let found = family(declaration) { .histogram(HistogramFamily(declaration, make: make, onOverflow: $0)) }
        if case .histogram(let family) = found { return family }
        return HistogramFamily(declaration, make: make, onOverflow: {})
    }

    /// The counter of this name, created on first use.
    public func counter(
        _ name: String, help: String, labels: [String] = [], series: [[String]] = []
    ) -> CounterFamily {
        counter(.counter(name, help: help, labels: labels, series: series))
    }

    /// The gauge of this name, created on first use.
    public func gauge(_ name: String, help: String, labels: [String] = [], series: [[String]] = []) -> GaugeFamily {
        gauge(.gauge(name, help: help, labels: labels, series: series))
    }

    /// The histogram of this name, created on first use.
    public func histogram(
        _ name: String, help: String, labels: [String] = [], buckets: [Double] = Buckets.seconds,
        series: [[String]] = []
    ) -> HistogramFamily {
        histogram(.histogram(name, help: help, labels: labels, buckets: buckets, series: series))
    }

    /// A metric of another kind under a name that is taken would make the page illegal. It then works but is not
    /// exported, and `exposition_conflicts_total` says so: a wrong name must not take the program down.
    private func family(
        _ declaration: MetricDeclaration, make: (@escaping @Sendable () -> Void) -> Family
    ) -> Family {
        let name = declaration.name
        let overflow = overflowed
        let found = state.withLock { state in
            if let existing = state.families[name] { return existing }
            let new = make({ overflow.with(name).increment() })
            state.families[name] = new
            return new
        }
        if found.declaration.kind.word != declaration.kind.word {
            conflicts.with(name).increment()
        }
        return found
    }

    /// The declaration of a metric that exists, if one does.
    func declaration(named name: String) -> MetricDeclaration? {
        state.withLock { $0.families[name]?.declaration }
    }

    func remove(instrument: AnyObject) {
        let families = state.withLock { Array($0.families.values) }
        for family in families {
            switch family {
            case .counter(let family): family.remove(instrument: instrument)
            case .gauge(let family): family.remove(instrument: instrument)
            case .histogram(let family): family.remove(instrument: instrument)
            }
        }
    }

    /// Everything at this moment, in the order of names; collectors' metrics follow where a name is still free.
    func snapshot() -> [MetricSnapshot] {
        let (families, collectors) = state.withLock { (Array($0.families.values), $0.collectors) }
        var snapshots = families.map(MetricSnapshot.init)
        snapshots += [overflowed, conflicts].map { MetricSnapshot(.counter($0)) }.filter { !$0.samples.isEmpty }
        var names = Set(snapshots.map(\.name))
        for collector in collectors {
            for snapshot in collector.collect() where names.insert(snapshot.name).inserted {
                snapshots.append(snapshot)
            }
        }
        return snapshots.sorted { $0.name < $1.name }
    }
}
