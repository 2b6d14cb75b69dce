public import ApusAPI
public import FoundationEssentials

/// Everything that is known when a drift monitor is planned.
public struct DriftMonitorObservation: Sendable {
    public var monitor: DriftMonitor
    public var now: Date
    public var service: InferenceService?
    /// The version that the service serves.
    public var served: ModelVersion?
    /// What was measured just now; nil where it was not time to.
    public var measurement: DriftMeasurement?
    /// Training jobs that carry the monitor's label.
    public var jobs: [TrainingJob]
    /// Versions of the model that is served.
    public var versions: [ModelVersion]
    /// Promotions of that model.
    public var promotions: [Promotion]

    public init(monitor: DriftMonitor, now: Date) {
        self.monitor = monitor
        self.now = now
        (jobs, versions, promotions) = ([], [], [])
    }

    /// Whether the detectors are due to be read.
    public var isMeasurementDue: Bool {
        guard let last = monitor.status?.lastMeasureTime else { return true }
        return now.timeIntervalSince(last.date) >= DriftMonitorPlanner.interval(of: monitor) - 0.5
    }
}

/// One look at all detectors.
public struct DriftMeasurement: Sendable, Hashable {
    /// By the detector's name.
    public var results: [String: DetectorResult]

    public init(results: [String: DetectorResult]) { self.results = results }
}

public enum DetectorResult: Sendable, Hashable {
    /// `samples` is nil for PromQL.
    case value(Double, samples: Int?)
    /// Fewer predictions in the window than the monitor wants.
    case tooFewSamples(Int)
    /// Prometheus has nothing for it.
    case noData(String)
    /// The detector itself is wrong; `message` is Prometheus' own.
    case invalid(String)
    /// Prometheus did not answer.
    case unreachable(String)
}
