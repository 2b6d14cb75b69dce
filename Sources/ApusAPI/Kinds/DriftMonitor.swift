public import KubernetesTypes

/// Watches a service for drift, and says what to do about it.
public struct DriftMonitor: ApusResource {
    public var apiVersion: String
    public var kind: String
    public var metadata: ObjectMeta
    public var spec: DriftMonitorSpec
    public var status: DriftMonitorStatus?

    public init(metadata: ObjectMeta, spec: DriftMonitorSpec, status: DriftMonitorStatus? = nil) {
        (apiVersion, kind) = (Self.resourceType.apiVersion, Self.resourceType.kind)
        (self.metadata, self.spec, self.status) = (metadata, spec, status)
    }

    public static let definition = CustomResource(
        type: type("DriftMonitor", plural: "driftmonitors"),
        shortNames: ["drift"],
        description: "Measures drift of a service in Prometheus, and retrains, compares and promotes when it lasts.",
        spec: DriftMonitorSpec.schema,
        status: DriftMonitorStatus.schema,
        columns: [
            .phase,
            .init("Service", ".spec.inferenceServiceRef.name"),
            .init("Reading", ".status.summary"),
            .init("Last Job", ".status.lastJob"),
            .condition("Ready"),
            .init("Measured", ".status.measurements", type: "integer", wide: true),
            .init("Decision", ".status.decision", wide: true),
            .message,
        ],
        rules: [
            SchemaRule(
                "size(self.metadata.name) <= 40", "a drift monitor's name has at most 40 characters: its jobs are named after it")
        ])
}

public struct DriftMonitorSpec: SchemaDescribing {
    public var inferenceServiceRef: ServiceReference
    public var prometheus: PrometheusReference?
    public var detectors: [Detector]
    public var window: KubernetesDuration?
    public var minimumSamples: Int?
    public var interval: KubernetesDuration?
    public var sustainedFor: KubernetesDuration?
    public var action: DriftAction?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case inferenceServiceRef, prometheus, detectors, window, minimumSamples, interval, action
        case sustainedFor = "for"
    }

    public struct ServiceReference: Codable, Sendable, Hashable {
        public var name: String

        public init(name: String) { self.name = name }
    }

    public struct PrometheusReference: Codable, Sendable, Hashable {
        public var url: String

        public init(url: String) { self.url = url }
    }

    public init(service: String, detectors: [Detector], action: DriftAction? = nil) {
        inferenceServiceRef = ServiceReference(name: service)
        self.detectors = detectors
        self.action = action
    }

    public static let schema = Schema.object(
        "What to measure, when it counts, and what to do.",
        [
            SchemaField(
                "inferenceServiceRef",
                .object(
                    "The service that is watched.",
                    [SchemaField("name", .objectName("An InferenceService of this namespace."), required: true)]), required: true),
            SchemaField(
                "prometheus",
                .object(
                    "The Prometheus to ask, instead of the operator's own.",
                    [SchemaField("url", .string("Its address.", pattern: "^https?://.+", maximumLength: 2048), required: true)])),
            SchemaField(
                "detectors",
                .list(
                    "What is measured. One that breaches its threshold is enough.", of: Detector.schema, kind: .map(["name"]),
                    minimumCount: 1,
                    maximumCount: 20), required: true),
            SchemaField("window", .duration("Over how much of the past the served distribution is taken.", default: "10m")),
            SchemaField(
                "minimumSamples",
                .integer("With fewer predictions in the window a built-in method says nothing.", minimum: 1, default: 100)),
            SchemaField("interval", .duration("How often it is measured.", default: "30s")),
            SchemaField(
                "for", .duration("How long a threshold must be breached without a break before anything is done.", default: "2m")),
            SchemaField("action", DriftAction.schema),
        ])
}

public struct Detector: SchemaDescribing {
    public enum Method: String, Codable, Sendable, Hashable, CaseIterable {
        case psi, wasserstein, jensenShannon, kolmogorovSmirnov, chiSquare
    }

    public var name: String
    public var method: Method?
    public var feature: String?
    public var query: String?
    public var threshold: Double

    public init(name: String, method: Method, feature: String, threshold: Double) {
        (self.name, self.method, self.feature, self.threshold) = (name, method, feature, threshold)
    }

    public init(name: String, query: String, threshold: Double) {
        (self.name, self.query, self.threshold) = (name, query, threshold)
    }

    public static let schema = Schema.object(
        "Either a built-in method on a feature, or a PromQL expression.",
        [
            SchemaField("name", .objectName("Name of the detector.", maximumLength: 63), required: true),
            SchemaField(
                "method",
                .string(
                    "Distance between what is served and the version's reference profile. chiSquare compares 1 minus the p-value.",
                    oneOf: Method.allCases.map(\.rawValue))),
            SchemaField(
                "feature",
                .string(
                    "Feature of the reference profile: prediction, confidence, text_length, token_length, embedding_0, …",
                    maximumLength: 63)),
            SchemaField(
                "query",
                .string(
                    "PromQL that gives one number; it breaches when that is above the threshold.", minimumLength: 1,
                    maximumLength: 4096)),
            SchemaField("threshold", .number("What the value must exceed to count as drift."), required: true),
        ],
        rules: [
            SchemaRule("has(self.method) != has(self.query)", "say either method (and feature) or query"),
            SchemaRule("has(self.method) == has(self.feature)", "method and feature go together"),
        ])
}

public struct DriftAction: SchemaDescribing {
    public var retrain: Retrain?
    public var gate: Gate?
    public var promote: Promote?

    public struct Retrain: Codable, Sendable, Hashable {
        public var template: Template
        public var cooldown: KubernetesDuration?
        public var budget: Budget?

        public struct Template: Codable, Sendable, Hashable {
            public var spec: TrainingJobSpec

            public init(spec: TrainingJobSpec) { self.spec = spec }
        }

        public struct Budget: Codable, Sendable, Hashable {
            public var retrains: Int?
            public var per: KubernetesDuration?

            public init(retrains: Int? = nil, per: KubernetesDuration? = nil) {
                self.retrains = retrains
                self.per = per
            }
        }

        public init(template: Template, cooldown: KubernetesDuration? = nil, budget: Budget? = nil) {
            self.template = template
            self.cooldown = cooldown
            self.budget = budget
        }
    }

    /// What the candidate must reach to be promoted.
    public struct Gate: Codable, Sendable, Hashable {
        public var metric: String?
        public var fresh: Fresh?
        public var old: Old?

        public struct Fresh: Codable, Sendable, Hashable {
            public var channel: String?
            public var minimumImprovement: Double?
        }

        public struct Old: Codable, Sendable, Hashable {
            public var channel: String?
            public var maximumLoss: Double?
        }
    }

    public struct Promote: Codable, Sendable, Hashable {
        public var alias: String?

        public init(alias: String? = nil) { self.alias = alias }
    }

    public init(retrain: Retrain? = nil, gate: Gate? = nil, promote: Promote? = nil) {
        self.retrain = retrain
        self.gate = gate
        self.promote = promote
    }

    public static let schema = Schema.object(
        "What to do about drift that lasts. Nothing, where this is left out.",
        [
            SchemaField(
                "retrain",
                .object(
                    "Starts a TrainingJob.",
                    [
                        SchemaField(
                            "template",
                            .object("The job.", [SchemaField("spec", TrainingJobSpec.schema, required: true)]), required: true),
                        SchemaField("cooldown", .duration("How long after a retrain no other one starts.", default: "1h")),
                        SchemaField(
                            "budget",
                            .object(
                                "How many retrains there may be.",
                                [
                                    SchemaField("retrains", .integer("At most this many …", minimum: 0, default: 3)),
                                    SchemaField("per", .duration("… in this long.", default: "24h")),
                                ]
                            ).withDefault([:])),
                    ])),
            SchemaField(
                "gate",
                .object(
                    "What the candidate must reach, compared with the version in production on the same data.",
                    [
                        SchemaField(
                            "metric",
                            .string("The metric that is compared.", oneOf: ["macro_f1", "accuracy"], default: "macro_f1")),
                        SchemaField(
                            "fresh",
                            .object(
                                "On fresh data it must beat production.",
                                [
                                    SchemaField("channel", .string("The job's channel with that data.", default: "fresh")),
                                    SchemaField(
                                        "minimumImprovement", .number("By more than this.", minimum: 0, maximum: 1, default: 0)),
                                ]
                            ).withDefault([:])),
                        SchemaField(
                            "old",
                            .object(
                                "On the old data it may lose little.",
                                [
                                    SchemaField("channel", .string("The job's channel with that data.", default: "old")),
                                    SchemaField(
                                        "maximumLoss", .number("No more than this.", minimum: 0, maximum: 1, default: 0.03)),
                                ]
                            ).withDefault([:])),
                    ]
                ).withDefault([:])),
            SchemaField(
                "promote",
                .object(
                    "Moves the alias when the candidate passes the gate. Without it the candidate is left for a person to promote.",
                    [SchemaField("alias", ModelSpec.aliasName.withDefault("production"))])),
        ])
}

public struct DriftMonitorStatus: SchemaDescribing {
    public var observedGeneration: Int?
    public var conditions: [Condition]?
    public var phase: Phase?
    public var summary: String?
    public var readings: [Reading]?
    public var lastMeasureTime: Timestamp?
    public var measuredVersion: String?
    public var measurements: Int?
    public var breaches: Int?
    public var breachingSince: Timestamp?
    public var lastJob: String?
    public var candidate: String?
    public var baseline: String?
    public var decision: String?
    public var cooldownUntil: Timestamp?
    public var retrains: [RetrainRecord]?

    public enum Phase: String, Codable, Sendable, Hashable, CaseIterable {
        case unknown = "Unknown"
        case healthy = "Healthy"
        case breaching = "Breaching"
        case acting = "Acting"
        case cooldown = "Cooldown"
    }

    public struct Reading: Codable, Sendable, Hashable {
        public var name: String
        public var value: Double?
        public var threshold: Double
        public var samples: Int?
        public var breaching: Bool
        public var message: String?

        public init(name: String, value: Double?, threshold: Double, samples: Int? = nil, breaching: Bool, message: String? = nil)
        {
            (self.name, self.value, self.threshold, self.samples) = (name, value, threshold, samples)
            (self.breaching, self.message) = (breaching, message)
        }
    }

    public struct RetrainRecord: Codable, Sendable, Hashable {
        public var job: String
        public var time: Timestamp
        public var outcome: String?

        public init(job: String, time: Timestamp, outcome: String? = nil) {
            (self.job, self.time, self.outcome) = (job, time, outcome)
        }
    }

    public init() {}

    public static let schema = Schema.status(
        "What was measured and done.", phases: Phase.allCases.map(\.rawValue),
        [
            SchemaField("summary", .string("The worst reading, for people.")),
            SchemaField(
                "readings",
                .list(
                    "Latest value of each detector.",
                    of: .object(
                        "A reading.",
                        [
                            SchemaField("name", .string("The detector."), required: true),
                            SchemaField("value", .number("What it measured.")),
                            SchemaField("threshold", .number("What it is held against."), required: true),
                            SchemaField("samples", .integer("Predictions in the window.", minimum: 0)),
                            SchemaField("breaching", .boolean("Whether it is above the threshold."), required: true),
                            SchemaField("message", .string("Why there is no value.")),
                        ]), kind: .map(["name"]))),
            SchemaField("lastMeasureTime", .time("When the readings were taken.")),
            SchemaField("measuredVersion", .string("The ModelVersion whose traffic they are of.")),
            SchemaField(
                "measurements", .integer("How often a detector had enough data to say something.", minimum: 0)),
            SchemaField("breaches", .integer("How many of these measurements were above a threshold.", minimum: 0)),
            SchemaField("breachingSince", .time("Since when a threshold is breached without a break.")),
            SchemaField("lastJob", .string("The last TrainingJob that this monitor started.")),
            SchemaField("candidate", .string("The ModelVersion that came of it.")),
            SchemaField("baseline", .string("The ModelVersion in production that it was compared with.")),
            SchemaField("decision", .string("Promoted or refused, and why.")),
            SchemaField("cooldownUntil", .time("No retrain starts before then.")),
            SchemaField(
                "retrains",
                .list(
                    "Retrains that count against the budget.",
                    of: .object(
                        "A retrain.",
                        [
                            SchemaField("job", .string("Its TrainingJob."), required: true),
                            SchemaField("time", .time("When it was started."), required: true),
                            SchemaField("outcome", .string("What became of it.")),
                        ]), kind: .map(["job"]))),
        ])
}
