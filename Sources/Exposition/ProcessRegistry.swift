import CoreMetrics

/// The registry of what libraries and controllers report through swift-metrics, which has one backend a process.
public enum ProcessRegistry {
    /// Made, and made the backend, when it is first asked for; that has to be before anything is measured.
    public static let shared: MetricsRegistry = {
        let registry = MetricsRegistry(collectors: [ProcessMetrics()])
        MetricsSystem.bootstrap(SwiftMetricsFactory(registry))
        return registry
    }()
}
