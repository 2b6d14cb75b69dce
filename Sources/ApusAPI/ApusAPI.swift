/// The custom resources of `apus.dev/v1alpha1` as Swift types: what people write (`spec`), what Apus answers (`status`), with
/// the schema that refuses a bad manifest at `kubectl apply`. `crds/` is generated from here and nowhere else.
///
/// One file a kind under `Kinds/`; `Schema/` is the small language in which a type says what its fields mean. Pure: no I/O.
public enum ApusAPI {
    public static let group = "apus.dev"
    public static let version = "v1alpha1"

    /// Every kind, in the order in which a person meets them.
    public static let definitions: [CustomResource] = [
        TrainingRuntime.definition, ClusterTrainingRuntime.definition, TrainingJob.definition, Model.definition,
        ModelVersion.definition,
        Promotion.definition, InferenceService.definition, DriftMonitor.definition,
    ]
}

/// Labels and annotations that Apus puts on what it makes.
public enum ApusLabel {
    public static let managedBy = "app.kubernetes.io/managed-by"
    public static let component = "apus.dev/component"
    public static let trainingJob = "apus.dev/training-job"
    public static let trainingJobUID = "apus.dev/training-job-uid"
    public static let attempt = "apus.dev/attempt"
    public static let model = "apus.dev/model"
    public static let modelVersion = "apus.dev/model-version"
    public static let inferenceService = "apus.dev/inference-service"
    public static let driftMonitor = "apus.dev/drift-monitor"
}
