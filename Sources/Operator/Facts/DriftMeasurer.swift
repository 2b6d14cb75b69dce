import ApusAPI
import ArtifactStore
import Drift
import Foundation
import Logging
import Prometheus
import Reconcilers
import Synchronization

/// Reads a monitor's detectors: PromQL as it is, built-in methods from the buckets that Prometheus scraped and the version's
/// `reference.json`.
final class DriftMeasurer: Sendable {
    private let defaultURL: String?
    private let store: any BundleStore
    /// Profiles by the digest of their bundle, which never change.
    private let profiles = Mutex<[String: ReferenceProfile]>([:])

    init(defaultURL: String?, store: any BundleStore) {
        self.defaultURL = defaultURL
        self.store = store
    }

    func measure(_ monitor: DriftMonitor, served: ModelVersion) async -> DriftMeasurement {
        var results: [String: DetectorResult] = [:]
        guard let address = monitor.spec.prometheus?.url ?? defaultURL else {
            let message = "no Prometheus is configured; name one in spec.prometheus.url"
            return DriftMeasurement(results: Dictionary(monitor.spec.detectors.map { ($0.name, .unreachable(message)) }) { $1 })
        }
        for detector in monitor.spec.detectors {
            do {
                let client = try PrometheusClient(address: address)
                results[detector.name] =
                    if let query = detector.query {
                        try await .value(client.query(query).number(), samples: nil)
                    } else {
                        try await builtIn(detector, monitor, served, client)
                    }
            } catch {
                results[detector.name] = describe(error)
            }
        }
        return DriftMeasurement(results: results)
    }

    private func builtIn(
        _ detector: Detector, _ monitor: DriftMonitor, _ served: ModelVersion, _ client: PrometheusClient
    ) async throws -> DetectorResult {
        guard let method = detector.method.flatMap({ DriftMethod(rawValue: $0.rawValue) }), let feature = detector.feature else {
            return .invalid("it names no method")
        }
        let profile = try await profile(of: served)
        let expression = Self.counts(of: feature, monitor, version: served.name)
        let counts = try await client.query(expression).vector().reduce(into: [String: Double]()) { counts, element in
            if let bucket = element.labels["bucket"] { counts[bucket, default: 0] += element.sample.value }
        }
        // Without a single count the profile still tells whether it has the feature at all.
        let distribution = try profile.served(feature, countsByBucket: counts)
        let minimum = Double(monitor.spec.minimumSamples ?? 100)
        switch try profile.measure(method, feature: feature, served: distribution, minimumSamples: minimum) {
        case .value(let value, let samples): return .value(value, samples: Int(samples.rounded()))
        case .insufficientSamples(let found, _): return .tooFewSamples(Int(found.rounded()))
        }
    }

    /// What the version's servers counted; where they count nothing, being of an image that does not, what the gateway saw pass.
    static func counts(of feature: String, _ monitor: DriftMonitor, version: String) -> String {
        let window = (monitor.spec.window ?? KubernetesDuration(seconds: 600)).duration
        let service = monitor.spec.inferenceServiceRef.name
        let servers = PromQL.bucketIncreases(
            metric: "feature_bucket_total",
            labels: [
                "namespace": monitor.namespace, "inference_service": service, "model_version": version, "feature": feature,
            ], window: window)
        let gateway = PromQL.bucketIncreases(
            metric: "apus_gateway_feature_bucket_total",
            labels: [
                "inference_namespace": monitor.namespace, "inference_service": service, "model_version": version,
                "feature": feature,
            ], window: window)
        return PromQL.preferring(servers, to: gateway)
    }

    private func profile(of version: ModelVersion) async throws -> ReferenceProfile {
        let digest = version.spec.artifact.digest
        if let known = profiles.withLock({ $0[digest] }) { return known }
        let bytes = try await store.open(ContentDigest(digest)).read(ReferenceProfile.fileName)
        let profile = try ReferenceProfile(json: Data(bytes))
        profiles.withLock { $0[digest] = profile }
        return profile
    }

    private func describe(_ error: any Error) -> DetectorResult {
        switch error {
        case let error as PrometheusError:
            switch error.code {
            case .badQuery, .queryFailed, .unexpectedResult, .invalidAddress: .invalid(error.message)
            case .noData: .noData(error.message)
            default: .unreachable(error.message)
            }
        case let error as DriftError: .invalid(error.message)
        case let error as ArtifactStoreError where error.isDamage: .invalid("the version's reference profile: \(error.message)")
        default: .unreachable("\(error)")
        }
    }
}
