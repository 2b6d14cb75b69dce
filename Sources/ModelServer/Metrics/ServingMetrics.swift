import Drift
import Exposition
import Transformer

/// Everything this server counts, under the names that dashboards, alerts and drift detectors use.
struct ServingMetrics: Sendable {
    let registry: MetricsRegistry
    private let name: String
    private let version: String
    private let latency: Histogram
    private let predictions: CounterFamily
    private let failures: Counter
    private let requests: CounterFamily
    private let batchTexts: Histogram
    private let accuracy: GaugeFamily
    private let groundTruth: CounterFamily
    private let buckets: CounterFamily

    init(_ registry: MetricsRegistry, modelName: String, modelVersion: String) {
        self.registry = registry
        name = modelName
        version = modelVersion
        let model = [modelName, modelVersion]
        let labels = ["model_name", "model_version"]
        latency = registry.histogram(
            "prediction_latency_seconds", help: "Time from a request's arrival to its predictions.", labels: labels,
            series: [model]
        ).with(model)
        predictions = registry.counter(
            "predictions_total", help: "Texts classified, by predicted label.", labels: labels + ["result"])
        // A counter of its own: any word can be a model's label.
        failures = registry.counter(
            "prediction_failures_total", help: "Texts that could not be classified.", labels: labels, series: [model]
        ).with(model)
        requests = registry.counter(
            "apus_model_server_requests_total", help: "Requests to the model, by status code.", labels: labels + ["code"],
            series: [model + ["200"]])
        batchTexts = registry.histogram(
            "apus_model_server_batch_texts", help: "Texts computed together.", labels: labels,
            buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256], series: [model]
        ).with(model)
        accuracy = registry.gauge(
            "model_accuracy", help: "Share of right predictions among the latest 1000 with posted ground truth.",
            labels: labels)
        groundTruth = registry.counter(
            "ground_truth_total", help: "Posted truths, by whether the prediction agreed.", labels: labels + ["correct"],
            series: [model + ["true"], model + ["false"]])
        buckets = registry.counter(
            MetricDeclaration.counter(
                "feature_bucket_total", help: "Served texts by bucket of each feature of reference.json.",
                labels: labels + ["feature", "bucket"], maximumSeries: 20_000))
    }

    /// Shows how many texts wait, as of each scrape.
    func watch(_ queue: InferenceQueue) {
        registry.add(QueueDepth(queue: queue, labels: [("model_name", name), ("model_version", version)]))
    }

    /// Makes all series that the model can have exist at 0.
    func prepare(_ model: LoadedModel) {
        predictions.prepare(model.labels.map { [name, version, $0] })
        guard let reference = model.reference else { return }
        for feature in reference.features.keys {
            buckets.prepare(reference.bucketNames(of: feature).map { [name, version, feature, $0] })
        }
    }

    func observe(latency duration: Duration) { latency.observe(duration) }
    func observe(batch texts: Int) { batchTexts.observe(Double(texts)) }
    func count(status: Int) { requests.with(name, version, String(status)).increment() }
    func countFailure(texts: Int) { failures.increment(by: texts) }
    func count(prediction: String) { predictions.with(name, version, prediction).increment() }
    func set(accuracy value: Double) { accuracy.with(name, version).set(value) }
    func count(truth correct: Bool) { groundTruth.with(name, version, correct ? "true" : "false").increment() }

    /// Counts one served text into its bucket of every feature.
    func count(_ features: TextFeatures, against reference: ReferenceProfile) {
        for feature in reference.features.keys {
            let bucket =
                feature == "prediction"
                ? reference.bucketName(of: feature, category: features.prediction)
                : features.value(feature).flatMap { reference.bucketName(of: feature, value: $0) }
            guard let bucket else { continue }
            buckets.with(name, version, feature, bucket).increment()
        }
    }
}

private struct QueueDepth: MetricsCollector {
    let queue: InferenceQueue
    let labels: [(String, String)]

    func collect() -> [MetricSnapshot] {
        [
            MetricSnapshot(
                name: "apus_model_server_queued_texts", kind: .gauge, help: "Texts that wait to be computed.",
                values: [(labels: labels, value: Double(queue.depth))])
        ]
    }
}

/// What drift detectors look at in one served text; the trainer computes the same on the validation set.
struct TextFeatures: Sendable {
    var prediction: String
    var confidence: Double
    /// Unicode scalars of the text as it came.
    var textLength: Int
    /// Tokens after truncation, special ones included.
    var tokenLength: Int
    /// Unknown tokens among those that the template did not add.
    var unknownTokenRatio: Double
    var embedding: [Double]

    init(
        text: String, encoding: Encoding, result: TextClassifier.Classification, model: LoadedModel
    ) {
        prediction = model.labels[result.label]
        confidence = Double(result.probabilities[result.label])
        textLength = text.unicodeScalars.count
        tokenLength = encoding.count
        let ordinary = encoding.count - model.classifier.tokenizer.specialCount
        let unknown = encoding.ids.count { $0 == model.classifier.tokenizer.unknownID }
        unknownTokenRatio = ordinary > 0 ? Double(unknown) / Double(ordinary) : 0
        // The sketch's width was compared with the model's when it was loaded.
        embedding = (try? model.reference?.sketch?.project(result.meanHiddenState)) ?? []
    }

    /// A numeric feature by its name in `reference.json`; nil for one that this server does not know.
    func value(_ feature: String) -> Double? {
        switch feature {
        case "confidence": return confidence
        case "text_length": return Double(textLength)
        case "token_length": return Double(tokenLength)
        case "unknown_token_ratio": return unknownTokenRatio
        default:
            guard feature.hasPrefix("embedding_"), let index = Int(feature.dropFirst("embedding_".count)),
                embedding.indices.contains(index)
            else { return nil }
            return embedding[index]
        }
    }
}
