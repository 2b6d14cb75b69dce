import ApusAPI
public import KubernetesTypes

/// What Prometheus scrapes, from pods: the same labels whether Prometheus finds the pods by itself on a cluster or is told by
/// `apus up`.
public struct ScrapeTargetGroup: Sendable, Hashable, Codable {
    /// `host:port`
    public var targets: [String]
    public var labels: [String: String]

    /// One group for every pod that asks to be scraped and can be reached, in the order of their names.
    ///
    /// - Parameter pods: all pods; those without the annotation `prometheus.io/scrape: "true"` are passed over.
    public static func groups(of pods: [Pod]) -> [ScrapeTargetGroup] {
        pods.sorted { $0.key < $1.key }.compactMap { ScrapeTargetGroup($0) }
    }

    /// What is no pod.
    /// - Parameter target: `host:port`
    public init(job: String, target: String) {
        targets = [target]
        labels = ["job": job]
    }

    private init?(_ pod: Pod) {
        let annotations = pod.metadata.annotations ?? [:]
        guard annotations["prometheus.io/scrape"] == "true", let address = pod.status?.podIP, !address.isEmpty,
            pod.status?.phase == "Running", let port = Self.port(of: pod)
        else { return nil }
        let podLabels = pod.metadata.labels ?? [:]
        targets = [address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"]
        var labels = ["namespace": pod.namespace, "pod": pod.name, "job": Self.job(podLabels)]
        labels["node"] = pod.spec.nodeName
        labels["inference_service"] = podLabels[ApusLabel.inferenceService]
        labels["model_version"] = podLabels[ApusLabel.modelVersion]
        labels["training_job"] = podLabels[ApusLabel.trainingJob]
        let path = annotations["prometheus.io/path"] ?? "/metrics"
        labels["__metrics_path__"] = path.hasPrefix("/") ? path : "/" + path
        if let scheme = annotations["prometheus.io/scheme"] { labels["__scheme__"] = scheme }
        self.labels = labels
    }

    /// The port of the annotation, else the first that a container names.
    private static func port(of pod: Pod) -> Int? {
        if let text = pod.metadata.annotations?["prometheus.io/port"] {
            guard let port = Int(text), (1...65_535).contains(port) else { return nil }
            return port
        }
        return pod.spec.containers.lazy.compactMap { $0.ports?.first?.containerPort }.first
    }

    private static func job(_ labels: [String: String]) -> String {
        if labels[ApusLabel.inferenceService] != nil { return "apus-inference" }
        if labels[ApusLabel.trainingJob] != nil { return "apus-training" }
        return "pods"
    }
}
