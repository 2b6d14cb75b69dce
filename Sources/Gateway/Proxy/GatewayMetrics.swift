import Exposition
import NIOCore
import Synchronization

/// What the gateway reports. Requests to services that do not exist share one series, so that strangers cannot make
/// series at will.
///
/// Autoscalers read `apus_gateway_in_flight`, or `rate(apus_gateway_request_duration_seconds_sum[1m])`, which is the mean
/// number of requests under way.
final class GatewayMetrics: Sendable {
    let registry: MetricsRegistry
    private let requests: CounterFamily
    private let duration: HistogramFamily
    private let inFlight: GaugeFamily
    private let tries: CounterFamily
    private let retries: CounterFamily
    private let inFlightTotal = Atomic<Int>(0)

    init(_ registry: MetricsRegistry) {
        self.registry = registry
        let service = ["inference_namespace", "inference_service"]
        requests = registry.counter(
            "apus_gateway_requests_total", help: "Requests answered, by status code; 499 is a client that went away.",
            labels: service + ["model_version", "code"])
        duration = registry.histogram(
            "apus_gateway_request_duration_seconds", help: "Time from a request's head to its response's last byte.",
            labels: service + ["model_version"])
        inFlight = registry.gauge(
            "apus_gateway_in_flight", help: "Requests under way, those that wait for a ready backend included.",
            labels: service)
        tries = registry.counter(
            "apus_gateway_tries_total", help: "Requests sent to backends, repetitions included.", labels: service)
        retries = registry.counter(
            "apus_gateway_retries_total", help: "Requests sent again after a failed try, by what failed.",
            labels: service + ["reason"])
    }

    var requestsUnderWay: Int { inFlightTotal.load(ordering: .relaxed) }

    func began(_ key: ServiceKey) {
        inFlightTotal.add(1, ordering: .relaxed)
        inFlight.with(key.namespace, key.name).increment()
    }

    /// Stops reporting services that are no more.
    func keepOnly(_ keys: Set<ServiceKey>) {
        func isGone(_ values: [String]) -> Bool {
            // What named no service has empty labels and stays, and so does the series of those that were too many.
            values.count > 1 && !values[0].isEmpty && !keys.contains(ServiceKey(namespace: values[0], name: values[1]))
        }
        requests.removeAll(where: isGone)
        duration.removeAll(where: isGone)
        tries.removeAll(where: isGone)
        retries.removeAll(where: isGone)
        inFlight.removeAll(where: isGone)
    }

    func tried(_ key: ServiceKey) { tries.with(key.namespace, key.name).increment() }

    func retried(_ key: ServiceKey, reason: TryFailure.Reason) {
        retries.with(key.namespace, key.name, reason.rawValue).increment()
    }

    /// - Parameter began: whether ``began(_:)`` was called for the request.
    func finished(_ key: ServiceKey?, began: Bool, version: String?, code: UInt, duration time: TimeAmount) {
        let (namespace, name) = began ? (key?.namespace ?? "", key?.name ?? "") : ("", "")
        if began {
            inFlightTotal.subtract(1, ordering: .relaxed)
            inFlight.with(namespace, name).decrement()
            duration.with(namespace, name, version ?? "").observe(Double(time.nanoseconds) / 1e9)
        }
        requests.with(namespace, name, version ?? "", String(code)).increment()
    }
}
