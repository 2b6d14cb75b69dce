import KubernetesTypes

extension Schema {
    /// A `PodTemplateSpec` with every field of upstream's, so that a typing error in it is refused at once.
    static func podTemplate(_ description: String) -> Schema {
        object(
            description,
            [
                SchemaField("metadata", BuiltinSchema.templateMetadata.described("Labels and annotations of the pods.")),
                SchemaField("spec", podSpec, required: true),
            ])
    }

    private static let podSpec: Schema = {
        let core = "io.k8s.api.core.v1."
        let spec = BuiltinSchema.schema(
            core + "PodSpec", "A PodSpec; see kubectl explain pod.spec. The container named trainer is the one that trains.",
            explained: "pod.spec",
            // Debugging containers are added to pods that run; the node is the scheduler's to choose.
            omitting: [core + "PodSpec": ["ephemeralContainers"]])
        var json = spec.json
        var fields = json["properties"]?.object ?? [:]
        var containers = fields["containers"]?.object ?? [:]
        var container = containers["items"]?.object ?? [:]
        var members = container["properties"]?.object ?? [:]
        members["name"] = .object(string("Name of the container.", maximumLength: 63).json)
        members["image"] = .object(string("Image to run.", maximumLength: 1024).json)
        container["properties"] = .object(members)
        container["required"] = ["name", "image"]
        containers["items"] = .object(container)
        containers["description"] = "Containers of the pods; one is named trainer."
        containers["minItems"] = 1
        containers["maxItems"] = 16
        fields["containers"] = .object(
            Schema(json: containers).adding([
                SchemaRule("self.exists_one(c, c.name == 'trainer')", "exactly one container must be named trainer")
            ]).json)
        json["properties"] = .object(fields)
        return Schema(json: json)
    }()
}
