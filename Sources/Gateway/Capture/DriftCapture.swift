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

    /// Bytes that it holds, its own few included.
    var size: Int { request.reduce(response.readableBytes + 512) { $0 + $1.readableBytes } }
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
    /// Requests that wait to be counted, by number and by bytes.
    private static let backlog = 1_024
    private static let backlogBytes = 16 << 20

    private let budget = ByteBudget(DriftCapture.backlogBytes)
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
        let size = exchange.size
        guard budget.take(size) else { return missed.with("overload").increment() }
        guard case .enqueued = feed.yield(.exchange(exchange)) else {
            budget.giveBack(size)
            return missed.with("overload").increment()
        }
    }

    /// Makes the series of the table's versions exist at 0, before their first request.
    func prepare(_ table: RoutingTable) {
        feed.yield(.table(table))
    }

    /// Counts until cancelled.
    func run() async {
        var profiles = ProfileCache()
        var served = RoutingTable(services: [:])
        for await event in events {
            switch event {
            case .table(let table):
                served = table
                forget(except: table)
                let artifacts = Set(table.services.values.flatMap(\.versions).compactMap(\.artifact))
                profiles.keepOnly(artifacts)
                for artifact in artifacts {
                    let now = ContinuousClock.now
                    if case .unread = profiles.answer(artifact, now: now) {
                        profiles.record(await load(artifact), of: artifact, now: now)
                    }
                    if case .profile(let profile) = profiles.answer(artifact, now: now) { exposeZeros(table, artifact, profile) }
                }
            case .exchange(let exchange):
                defer { budget.giveBack(exchange.size) }
                guard let artifact = exchange.version.artifact else { continue }
                let now = ContinuousClock.now
                if case .unread = profiles.answer(artifact, now: now) {
                    let reading = await load(artifact)
                    profiles.record(reading, of: artifact, now: now)
                    if case .profile(let profile) = reading { exposeZeros(served, artifact, profile) }
                }
                if case .profile(let profile) = profiles.answer(artifact, now: now) {
                    count(exchange, profile)
                } else {
                    missed.with("no_profile").increment()
                }
            }
        }
    }

    private func load(_ artifact: ArtifactLocation) async -> ProfileCache.Reading {
        do {
            let bundle = try await StoreURI(artifact.uri).openStore().open(ContentDigest(artifact.digest))
            guard bundle.manifest.file(ReferenceProfile.fileName) != nil else { return .absent }
            let bytes = try await bundle.read(ReferenceProfile.fileName, limit: ReferenceProfile.maximumBytes)
            return .profile(try ReferenceProfile(json: Data(bytes)))
        } catch {
            logger.warning(
                "a version's requests are not counted for drift for now, because its reference profile cannot be read; trying on",
                metadata: ["digest": "\(artifact.digest)", "error": "\(error)"])
            return .failed
        }
    }

    /// Makes the series of all versions with this artifact exist at 0.
    private func exposeZeros(_ table: RoutingTable, _ artifact: ArtifactLocation, _ profile: ReferenceProfile) {
        for (key, route) in table.services {
            for version in route.versions where version.artifact == artifact { exposeZeros(key, version, profile) }
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
