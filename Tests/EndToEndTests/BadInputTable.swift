import Foundation

/// A mistake that a person can make: what is applied, and what comes of it.
struct BadInput {
    enum Outcome {
        /// `kubectl apply` refuses it, and says all of these.
        case refused([String])
        /// The object's condition Ready gets this reason, with a message that has all of these words in it.
        case told(reason: String, words: [String])
    }

    var name: String
    /// `tjob/zero-epochs`
    var object: String
    var manifest: String
    var outcome: Outcome
    /// Attempts that a job may have made by then: a mistake that the operator can see needs no pod, and one that the user has to
    /// correct is not tried again.
    var attempts = 0
    /// What a job's phase is by then.
    var phase: String?
}

extension BadInput {
    static let table: [BadInput] = refusedAtOnce + toldByTheOperator + toldByThePod + registry + monitors

    // MARK: Refused by kubectl apply

    private static let refusedAtOnce: [BadInput] = [
        badJob(
            "zero-epochs", refused: ["spec.hyperparameters", "epochs must be a number above 0"], "hyperparameters: {epochs: 0}"),
        badJob(
            "negative-rate", refused: ["spec.hyperparameters", "learning_rate must be above 0"],
            "hyperparameters: {learning_rate: \"-1e-4\"}"),
        badJob("fraction", refused: ["spec.hyperparameters.weight_decay"], "hyperparameters: {weight_decay: 0.1}"),
        badJob("bad-output", refused: ["spec.output.model", "Tickets_1"], "output: {model: Tickets_1}"),
        badJob("unknown-field", refused: ["unknown field \"spec.epochs\""], "epochs: 3"),
        badJob("too-many-gpus", refused: ["spec.resources.gpus", "64"], "resources: {gpus: 65}"),
        badJob("bad-quantity", refused: ["spec.resources.limits.memory"], "resources: {limits: {memory: 2 GB}}"),
        badJob("bad-duration", refused: ["spec.activeDeadline", "1d"], "activeDeadline: 1d"),
        badJob("no-replicas", refused: ["spec.replicas", "greater than or equal to 1"], "replicas: 0"),
        badJob(
            "both-ways", refused: ["say either runtimeRef or template"],
            "template: {spec: {containers: [{name: trainer, image: localhost/host}]}}"),
        badJob(
            "reserved", refused: ["the channels model and baseline"],
            channels: ["training": "DATA/season1/train.csv", "model": "DATA"]),
        badJob("no-training", refused: ["one channel must be named training"], channels: ["test": "DATA/season1/test.csv"]),
        badJob("ftp-base", refused: ["spec.baseModel.uri", "ftp://"], base: "ftp://models/bert"),
        badJob(String(repeating: "n", count: 53), refused: ["at most 52 characters"]),
        monitor("half-a-detector", refused: ["method and feature go together"], "{name: a, method: psi, threshold: 1}"),
        monitor("no-threshold", refused: ["spec.detectors[0].threshold", "Required"], "{name: a, query: up}"),
        monitor(
            "unknown-method", refused: ["spec.detectors[0].method", "wasserstein"],
            "{name: a, method: mmd, feature: b, threshold: 1}"),
        monitor("no-url", refused: ["spec.prometheus.url"], "{name: a, query: up, threshold: 1}", prometheus: "localhost:9090"),
        object(
            "InferenceService", "infer/two-models", "spec: {model: {name: good, version: good-1}}",
            .refused(["say either name (and alias) or version"])),
        object(
            "ModelVersion", "mver/no-digest", "spec: {model: good, version: 9, artifact: {uri: \"STORE\", digest: latest}}",
            .refused(["spec.artifact.digest"])),
        object(
            "ModelVersion", "mver/good-1", "spec: {model: other, version: 1, artifact: {uri: \"STORE\", digest: \"DIGEST\"}}",
            .refused(["a model version cannot be changed"])),
    ]

    // MARK: Told without a pod

    private static let toldByTheOperator: [BadInput] = [
        badJob(
            "no-base", told: "BaseModelNotFound", ["spec.baseModel.uri", "/opt/apus/models/nobody"],
            base: "file:///opt/apus/models/nobody"),
        badJob(
            "no-file", told: "InputNotFound", ["inputs[training]", "nowhere.csv"], channels: ["training": "FILES/nowhere.csv"]),
        badJob("empty-file", told: "InputEmpty", ["inputs[training]", "empty.csv"], channels: ["training": "FILES/empty.csv"]),
        badJob(
            "empty-folder", told: "InputEmpty", ["inputs[test]"],
            channels: ["training": "DATA/season1/train.csv", "test": "FILES/nothing"]),
        badJob(
            "secret-file", told: "FileNotAllowed", ["/etc/shadow", "examples"],
            channels: ["training": "FILES/../../../../etc/shadow"]),
        badJob("no-runtime", told: "RuntimeNotFound", ["tensorflow", "kubectl get"], phase: "Pending", runtime: "tensorflow"),
        badJob(
            "huge", told: "NoNodeHasEnoughGPUs", ["asks for 8", "spec.resources.gpus"], phase: "Pending", "resources: {gpus: 8}"),
        badJob(
            "no-version", told: "BaselineNotFound", ["good-99", "kubectl get mver"], phase: "Pending",
            "baseline: {modelVersion: good-99}"),
    ]

    // MARK: Told by what happens in the pod

    private static let toldByThePod: [BadInput] = [
        badJob(
            "no-image", told: "ImagePullFailed", ["localhost/nobody-has-this:1"], attempts: 1, phase: "Starting",
            "image: localhost/nobody-has-this:1"),
        trainerSays("missing-column", ["no column 'klass'", "'text' and 'label'"], "hyperparameters: {label_column: klass}"),
        trainerSays("unknown-setting", ["did you mean 'learning_rate'"], "hyperparameters: {learning_rat: \"1e-4\"}"),
        trainerSays("no-number", ["'batch_size' has to be a whole number, not 'many'"], "hyperparameters: {batch_size: many}"),
        trainerSays("one-class", ["same label 'request'", "at least two"], channels: ["training": "FILES/one-class.csv"]),
        trainerSays("header-only", ["no rows"], channels: ["training": "FILES/header-only.csv"]),
        trainerSays("broken-text", ["line 3 is not valid UTF-8", "0xfc"], channels: ["training": "FILES/latin1.csv"]),
        trainerSays("same-header", ["'text' more than once"], channels: ["training": "FILES/same-header.csv"]),
        trainerSays("huge-line", ["line 2", "characters"], channels: ["training": "FILES/huge-line.csv"]),
        trainerSays("swallowed", ["line 2", "quotation mark"], channels: ["training": "FILES/swallowed.csv"]),
        trainerSays("cut-parquet", ["not a whole Parquet file"], channels: ["training": "FILES/cut.parquet"]),
        trainerSays(
            "new-label", ["Channel 'validation'", "'praise'"],
            channels: ["training": "DATA/season1/train.csv", "validation": "FILES/new-label.csv"]),
        trainerSays(
            "new-test-label", ["Channel 'test'", "'praise'", "line 2"],
            channels: ["training": "DATA/season1/train.csv", "test": "FILES/new-label.csv"]),
        trainerSays("no-model-there", ["not a Hugging Face model directory", "no config.json"], base: "file://DATA"),
        script("leaves-nothing", "exit 0", told: "NoModel", ["/opt/ml/model"], attempts: 1),
        script(
            "always-dies", "echo giving up >&2; exit 3", told: "TrainerExited",
            ["exit code 3", "spec.retry.limit (1) is used up"], attempts: 2),
    ]

    // MARK: The registry and what is served

    private static let registry: [BadInput] = [
        object(
            "Promotion", "promo/to-nowhere", "spec: {model: good, alias: staging, version: good-99}",
            .told(reason: "VersionNotFound", words: ["good-99", "kubectl get mver"]), phase: "Rejected"),
        object(
            "Promotion", "promo/to-another", "spec: {model: good, alias: staging, version: hostile-1}",
            .told(reason: "VersionOfAnotherModel", words: ["hostile"]), phase: "Rejected"),
        object(
            "Model", "mdl/pinned", "spec: {aliases: [{name: production, version: pinned-7}]}",
            .told(reason: "PinnedVersionNotFound", words: ["pinned-7"])),
        version(
            "hostile-1", digest: "HOSTILE",
            .told(reason: "BundleInvalid", words: ["../../etc/passwd", "Register the model again"])),
        version("truncated-1", digest: "TRUNCATED", .told(reason: "BundleInvalid", words: ["damaged"])),
        version(
            "absent-1", digest: "sha256:\(String(repeating: "0", count: 64))",
            .told(reason: "BundleNotFound", words: ["has no bundle"])),
        service("hostile", "{version: hostile-1}", told: "BundleInvalid", ["../../etc/passwd"]),
        // One byte of the weights is another: the version's description is whole, and whoever loads it finds out.
        version("flipped-1", digest: "FLIPPED", .told(reason: "Registered", words: [])),
        service("flipped", "{version: flipped-1}", told: "BundleCorrupt", ["model.safetensors", "digest"]),
        service("unservable", "{name: lstm}", told: "UnsupportedArchitecture", ["lstm-1", "BertForSequenceClassification"]),
        service("no-such-version", "{version: good-77}", told: "VersionNotFound", ["good-77", "kubectl get mver"]),
        service("no-such-model", "{name: nobody}", told: "ModelNotFound", ["nobody", "spec.output.model"]),
        service("no-such-alias", "{name: good, alias: canary}", told: "AliasNotFound", ["canary", "Promotion"]),
    ]

    // MARK: Prometheus

    private static let monitors: [BadInput] = [
        monitor(
            "prometheus-down", told: "PrometheusUnreachable", ["127.0.0.1:1"], "{name: a, query: up, threshold: 1}",
            prometheus: "http://127.0.0.1:1"),
        monitor(
            "not-prometheus", told: "PrometheusUnreachable", ["GATEWAY"], "{name: a, query: up, threshold: 1}",
            prometheus: "GATEWAY"),
        monitor("no-data", told: "NoData", ["no_such_metric"], "{name: a, query: no_such_metric, threshold: 1}"),
        monitor(
            "typo", told: "QueryInvalid", ["spec.detectors[a].query", "1:"],
            "{name: a, query: \"sum(rate(up[5m])\", threshold: 1}"),
        monitor(
            "no-feature", told: "DetectorInvalid", ["mood", "text_length"], "{name: a, method: psi, feature: mood, threshold: 1}"),
        monitor(
            "nobody-asks", told: "Measuring", ["of 100 samples in the window"],
            "{name: a, method: psi, feature: prediction, threshold: 1}"),
        monitor(
            "nowhere", told: "ServiceNotFound", ["no-such-service", "kubectl get infer"], "{name: a, query: up, threshold: 1}",
            service: "no-such-service"),
    ]
}

// MARK: - Rows

extension BadInput {
    private static func object(_ kind: String, _ name: String, _ body: String, _ outcome: Outcome, phase: String? = nil)
        -> BadInput
    {
        let bare = name.split(separator: "/").last.map(String.init) ?? name
        return BadInput(
            name: name, object: name,
            manifest: "apiVersion: apus.dev/v1alpha1\nkind: \(kind)\nmetadata: {name: \(bare)}\n\(body)", outcome: outcome,
            phase: phase)
    }

    private static func version(_ name: String, digest: String, _ outcome: Outcome) -> BadInput {
        let model = name.dropLast(2)
        return object(
            "ModelVersion", "mver/\(name)",
            "spec: {model: \(model), version: 1, artifact: {uri: \"STORE\", digest: \"\(digest)\"}}", outcome)
    }

    private static func service(_ name: String, _ model: String, told reason: String, _ words: [String]) -> BadInput {
        object("InferenceService", "infer/\(name)", "spec: {model: \(model)}", .told(reason: reason, words: words))
    }

    private static func monitor(
        _ name: String, refused words: [String], _ detector: String, prometheus: String? = nil
    ) -> BadInput {
        monitor(name, .refused(words), detector, prometheus, "good")
    }

    private static func monitor(
        _ name: String, told reason: String, _ words: [String], _ detector: String, prometheus: String? = nil,
        service: String = "good"
    ) -> BadInput {
        monitor(name, .told(reason: reason, words: words), detector, prometheus, service)
    }

    private static func monitor(
        _ name: String, _ outcome: Outcome, _ detector: String, _ prometheus: String?, _ service: String
    ) -> BadInput {
        let address = prometheus.map { "\n  prometheus: {url: \"\($0)\"}" } ?? ""
        return object(
            "DriftMonitor", "drift/\(name)",
            "spec:\n  inferenceServiceRef: {name: \(service)}\n  interval: 2s\(address)\n  detectors: [\(detector)]", outcome)
    }

    private static func badJob(
        _ name: String, refused words: [String], channels: [String: String] = ["training": "DATA/season1/train.csv"],
        base: String = minilm, _ extra: String = ""
    ) -> BadInput {
        job(name, .refused(words), channels, base, "huggingface", extra)
    }

    private static func badJob(
        _ name: String, told reason: String, _ words: [String], attempts: Int = 0, phase: String = "Failed",
        channels: [String: String] = ["training": "DATA/season1/train.csv"], base: String = minilm,
        runtime: String = "huggingface", _ extra: String = ""
    ) -> BadInput {
        var row = job(name, .told(reason: reason, words: words), channels, base, runtime, extra)
        (row.attempts, row.phase) = (attempts, phase)
        return row
    }

    /// What the trainer finds is the user's to correct: one attempt, and its words in the condition.
    private static func trainerSays(
        _ name: String, _ words: [String], channels: [String: String] = ["training": "DATA/season1/train.csv"],
        base: String = minilm, _ extra: String = ""
    ) -> BadInput {
        badJob(name, told: "TrainerFailed", words, attempts: 1, channels: channels, base: base, extra)
    }

    private static func script(_ name: String, _ command: String, told reason: String, _ words: [String], attempts: Int)
        -> BadInput
    {
        BadInput(
            name: name, object: "tjob/\(name)", manifest: scriptJob(name, command), outcome: .told(reason: reason, words: words),
            attempts: attempts, phase: "Failed")
    }

    private static let minilm = "file:///opt/apus/models/all-MiniLM-L6-v2"

    private static func job(
        _ name: String, _ outcome: Outcome, _ channels: [String: String], _ base: String, _ runtime: String, _ extra: String
    ) -> BadInput {
        let inputs = channels.sorted { $0.key > $1.key }.map { "{name: \($0.key), uri: \"file://\($0.value)\"}" }
        return object(
            "TrainingJob", "tjob/\(name)",
            """
            spec:
              runtimeRef: {name: \(runtime)}
              baseModel: {uri: "\(base)"}
              inputs: [\(inputs.joined(separator: ", "))]
              \(extra)
            """, outcome)
    }

    /// A job whose trainer is a line of shell.
    static func scriptJob(_ name: String, _ command: String, output: String? = nil) -> String {
        """
        apiVersion: apus.dev/v1alpha1
        kind: TrainingJob
        metadata: {name: \(name)}
        spec:
          template:
            spec:
              containers:
                - name: trainer
                  image: localhost/host
                  command: [/bin/sh, -c, "\(command)"]
          inputs: [{name: training, uri: "file://DATA/season1/train.csv"}]
          retry: {limit: 1, backoff: {base: 1s}}
          \(output.map { "output: {model: \($0)}" } ?? "")
        """
    }

    /// Two jobs that go well: the version that is served while everything else goes wrong, and one that no server here can load.
    static let goodJobs = """
        apiVersion: apus.dev/v1alpha1
        kind: TrainingJob
        metadata: {name: good}
        spec:
          runtimeRef: {name: huggingface}
          baseModel: {uri: "\(minilm)"}
          inputs: [{name: training, uri: "file://FILES/few.csv"}]
          hyperparameters: {epochs: 1, max_length: 32, compare_to_base: "false"}
          output: {model: good}
        ---
        apiVersion: apus.dev/v1alpha1
        kind: TrainingJob
        metadata: {name: lstm}
        spec:
          runtimeRef: {name: huggingface}
          inputs: [{name: training, uri: "file://FILES/few.csv"}]
          hyperparameters: {epochs: 1, architecture: lstm, max_length: 32, compare_to_base: "false"}
          output: {model: lstm}
        """
}
