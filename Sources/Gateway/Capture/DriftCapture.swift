import ArtifactStore
import Drift
import Exposition
import Foundation
import Logging
import NIOCore

/// A request that was answered with 200, for whoever counts it.
struct CapturedExchange: Sendable {
    let key: ServiceKey
    let version: VersionRoute
    let path: String
    let request: [ByteBuffer]
    let response: ByteBuffer
}

/// Counts texts and answers by the buckets of the version's reference profile, beside the requests and never in their
/// way: when it cannot keep up, it leaves some out and says how many.
final class DriftCapture: Sendable {
    private enum Event: Sendable {
        case exchange(CapturedExchange)
        case table(RoutingTable)
    }

    /// What the gateway can see without knowing the model.
    static let features = ["prediction", "confidence", "text_length"]
    private static let backlog = 1_024

    private let buckets: CounterFamily
    private let missed: CounterFamily
    private let logger: Logger
    private let events: AsyncStream<Event>
    private let feed: AsyncStream<Event>.Continuation

    init(registry: MetricsRegistry, logger: Logger) {
        let labels = ["inference_namespace", "inference_service", "model_name", "model_version", "feature", "bucket"]
        buckets = registry.counter(
            .counter(
                "apus_gateway_feature_bucket_total",
                help: "Served values by feature and by bucket of the version's reference profile.", labels: labels,
                maximumSeries: 20_000))
        missed = registry.counter(
            "apus_gateway_capture_missed_total", help: "Requests that were not counted for drift, by why.", labels: ["reason"],
            series: [["overload"], ["unreadable"], ["no_profile"]])
        self.logger = logger
        (events, feed) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingOldest(Self.backlog))
    }

    /// Hands a request over to be counted; never waits.
    func record(_ exchange: CapturedExchange) {
        guard exchange.version.artifact != nil else { return }
        if case .dropped = feed.yield(.exchange(exchange)) { missed.with("overload").increment() }
    }

    /// Makes the series of the table's versions exist at 0, before their first request.
    func prepare(_ table: RoutingTable) {
        feed.yield(.table(table))
    }

    /// Counts until cancelled.
    func run() async {
        var profiles: [ArtifactLocation: ReferenceProfile?] = [:]
        for await event in events {
            switch event {
            case .table(let table):
                var used: Set<ArtifactLocation> = []
                for (key, route) in table.services {
                    for version in route.versions {
                        guard let artifact = version.artifact else { continue }
                        used.insert(artifact)
                        if profiles[artifact] == nil { profiles[artifact] = await load(artifact) }
                        if let profile = profiles[artifact] ?? nil { exposeZeros(key, version, profile) }
                    }
                }
                forget(except: table)
                // One that could not be read is tried again with the next table.
                profiles = profiles.filter { used.contains($0.key) && $0.value != nil }
            case .exchange(let exchange):
                guard let artifact = exchange.version.artifact else { continue }
                if profiles[artifact] == nil { profiles[artifact] = await load(artifact) }
                if let profile = profiles[artifact] ?? nil {
                    count(exchange, profile)
                } else {
                    missed.with("no_profile").increment()
                }
            }
        }
    }

    private func load(_ artifact: ArtifactLocation) async -> ReferenceProfile? {
        do {
            let bundle = try await StoreURI(artifact.uri).openStore().open(ContentDigest(artifact.digest))
            // A bundle of somebody else's need not have one.
            guard bundle.manifest.file(ReferenceProfile.fileName) != nil else { return nil }
            let bytes = try await bundle.read(ReferenceProfile.fileName, limit: ReferenceProfile.maximumBytes)
            return try ReferenceProfile(json: Data(bytes))
        } catch {
            logger.warning(
                "a version's requests are not counted for drift, because its reference profile cannot be read",
                metadata: ["digest": "\(artifact.digest)", "error": "\(error)"])
            return nil
        }
    }

    private func exposeZeros(_ key: ServiceKey, _ version: VersionRoute, _ profile: ReferenceProfile) {
        buckets.prepare(
            Self.features.flatMap { feature in
                profile.bucketNames(of: feature).map { labels(key, version, feature, $0) }
            })
    }

    /// Stops reporting versions that are not served any more.
    private func forget(except table: RoutingTable) {
        var served: Set<[String]> = []
        for (key, route) in table.services {
            for version in route.versions { served.insert([key.namespace, key.name, version.modelVersion]) }
        }
        buckets.removeAll { $0.count > 3 && !served.contains([$0[0], $0[1], $0[3]]) }
    }

    private func labels(_ key: ServiceKey, _ version: VersionRoute, _ feature: String, _ bucket: String) -> [String] {
        [key.namespace, key.name, version.modelName, version.modelVersion, feature, bucket]
    }

    private func count(_ exchange: CapturedExchange, _ profile: ReferenceProfile) {
        let request = exchange.request.flatMap { Array($0.readableBytesView) }
        let response = Array(exchange.response.readableBytesView)
        guard let seen = PredictionExchange(path: exchange.path, request: request, response: response) else {
            if exchange.path.contains("/infer") || exchange.path.contains(":predict") { missed.with("unreadable").increment() }
            return
        }
        func add(_ feature: String, _ bucket: String?) {
            guard let bucket else { return }
            buckets.with(labels(exchange.key, exchange.version, feature, bucket)).increment()
        }
        for prediction in seen.predictions {
            if let label = prediction.label { add("prediction", profile.bucketName(of: "prediction", category: label)) }
            if let confidence = prediction.confidence {
                add("confidence", profile.bucketName(of: "confidence", value: confidence))
            }
            if let length = prediction.textLength {
                add("text_length", profile.bucketName(of: "text_length", value: Double(length)))
            }
        }
    }
}
