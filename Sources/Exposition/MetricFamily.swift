import Synchronization

/// All series of one metric. Looking a series up takes a lock and a hash; keep the instrument where it is used often.
public final class MetricFamily<Instrument: AnyObject & Sendable>: Sendable {
    public let declaration: MetricDeclaration
    private let make: @Sendable () -> Instrument
    private let onOverflow: @Sendable () -> Void
    private let instruments: Mutex<[Labels: Instrument]>

    init(
        _ declaration: MetricDeclaration, make: @escaping @Sendable () -> Instrument,
        onOverflow: @escaping @Sendable () -> Void
    ) {
        self.declaration = declaration
        self.make = make
        self.onOverflow = onOverflow
        var initial: [Labels: Instrument] = [:]
        for values in declaration.series {
            initial[Labels(names: declaration.labelNames, values: values)] = make()
        }
        if declaration.labelNames.isEmpty {
            initial[Labels([])] = make()
        }
        instruments = Mutex(initial)
    }

    /// The series with these label values, in the order of the declared names; created at 0 when new.
    ///
    /// Once the metric has as many series as it may, new label values share one series labelled `overflow="true"`.
    public func with(_ values: String...) -> Instrument {
        with(values)
    }

    /// The series with these label values, in the order of the declared names; created at 0 when new.
    public func with(_ values: [String]) -> Instrument {
        instrument(Labels(names: declaration.labelNames, values: values))
    }

    /// Makes series exist at 0 before their first event, whatever the cap on series says.
    public func prepare(_ series: [[String]]) {
        instruments.withLock {
            for values in series {
                let labels = Labels(names: declaration.labelNames, values: values)
                if $0[labels] == nil { $0[labels] = make() }
            }
        }
    }

    /// Stops exporting the series with these label values: the object it spoke of is gone.
    public func remove(_ values: String...) {
        let labels = Labels(names: declaration.labelNames, values: values)
        _ = instruments.withLock { $0.removeValue(forKey: labels) }
    }

    /// Stops exporting every series whose label values match.
    public func removeAll(where matches: ([String]) -> Bool) {
        instruments.withLock {
            for labels in $0.keys where matches(labels.pairs.map(\.value)) {
                $0[labels] = nil
            }
        }
    }

    func instrument(_ labels: Labels) -> Instrument {
        let (instrument, overflowed) = instruments.withLock { instruments in
            if let existing = instruments[labels] { return (existing, false) }
            if instruments.count >= declaration.maximumSeries {
                if let shared = instruments[.overflow] { return (shared, true) }
                let shared = make()
                instruments[.overflow] = shared
                return (shared, true)
            }
            let new = make()
            instruments[labels] = new
            return (new, false)
        }
        if overflowed { onOverflow() }
        return instrument
    }

    func remove(instrument: AnyObject) {
        instruments.withLock {
            for (labels, candidate) in $0 where candidate === instrument {
                $0[labels] = nil
            }
        }
    }

    /// The series in the order of their labels' text, so that two pages differ only where values do.
    func sorted() -> [(text: String, instrument: Instrument)] {
        instruments.withLock { $0.map { (text: $0.key.text, instrument: $0.value) } }
            .sorted { $0.text < $1.text }
    }
}

public typealias CounterFamily = MetricFamily<Counter>
public typealias GaugeFamily = MetricFamily<Gauge>
public typealias HistogramFamily = MetricFamily<Histogram>

extension MetricFamily where Instrument == Counter {
    /// The series without labels.
    public func increment(by amount: Int = 1) {
        with([]).increment(by: amount)
    }
}

extension MetricFamily where Instrument == Gauge {
    /// The series without labels.
    public func set(_ value: Double) {
        with([]).set(value)
    }
}

extension MetricFamily where Instrument == Histogram {
    /// The series without labels.
    public func observe(_ value: Double) {
        with([]).observe(value)
    }
}
