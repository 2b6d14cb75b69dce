public import KubernetesTypes

/// A platform team's template for training in one namespace.
public struct TrainingRuntime: ApusResource {
    public var apiVersion: String
    public var kind: String
    public var metadata: ObjectMeta
    public var spec: TrainingRuntimeSpec

    public init(metadata: ObjectMeta, spec: TrainingRuntimeSpec) {
        (apiVersion, kind) = (Self.resourceType.apiVersion, Self.resourceType.kind)
        (self.metadata, self.spec) = (metadata, spec)
    }

    public static let definition = trainingRuntimeDefinition(kind: "TrainingRuntime", shortName: "trt", namespaced: true)
}

/// A template for training in every namespace.
public struct ClusterTrainingRuntime: ApusResource {
    public var apiVersion: String
    public var kind: String
    public var metadata: ObjectMeta
    public var spec: TrainingRuntimeSpec

    public init(metadata: ObjectMeta, spec: TrainingRuntimeSpec) {
        (apiVersion, kind) = (Self.resourceType.apiVersion, Self.resourceType.kind)
        (self.metadata, self.spec) = (metadata, spec)
    }

    public static let definition = trainingRuntimeDefinition(kind: "ClusterTrainingRuntime", shortName: "ctrt", namespaced: false)
}

private func trainingRuntimeDefinition(kind: String, shortName: String, namespaced: Bool) -> CustomResource {
    CustomResource(
        type: TrainingRuntime.type(kind, plural: kind.lowercased() + "s", namespaced: namespaced),
        shortNames: [shortName],
        description: namespaced
            ? "A platform team's template for training jobs of its namespace: image, framework, defaults and what a job may override."
            : "A platform team's template for training jobs of any namespace: image, framework, defaults and what a job may override.",
        spec: TrainingRuntimeSpec.schema,
        status: nil,
        columns: [
            .init("Framework", ".spec.framework"),
            .init("Image", ".spec.template.spec.containers[0].image", wide: true),
        ])
}

public struct TrainingRuntimeSpec: SchemaDescribing {
    public var framework: String?
    public var template: PodTemplateSpec
    public var defaultHyperparameters: [String: IntOrString]?
    public var allowedOverrides: [Override]?

    public enum Override: String, Codable, Sendable, Hashable, CaseIterable {
        case image, environment, resources, replicas
    }

    public init(
        framework: String? = nil, template: PodTemplateSpec, defaultHyperparameters: [String: IntOrString]? = nil,
        allowedOverrides: [Override]? = nil
    ) {
        self.framework = framework
        self.template = template
        self.defaultHyperparameters = defaultHyperparameters
        self.allowedOverrides = allowedOverrides
    }

    public static let schema = Schema.object(
        "The template.",
        [
            SchemaField("framework", .string("What the image speaks, for people: huggingface, pytorch, …", maximumLength: 63)),
            SchemaField("template", .podTemplate("Pods of a training job; the container named trainer trains."), required: true),
            SchemaField("defaultHyperparameters", TrainingJobSpec.hyperparametersSchema("Used where a job does not set them.")),
            SchemaField(
                "allowedOverrides",
                .list(
                    "What a job may say differently. All, where this is left out.",
                    of: .string("A part of the template.", oneOf: Override.allCases.map(\.rawValue)), kind: .set)),
        ])
}
