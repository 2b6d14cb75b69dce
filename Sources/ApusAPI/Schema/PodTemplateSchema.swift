import KubernetesTypes

extension Schema {
    /// A `PodTemplateSpec`, of which the API server checks no more than that it is one.
    static func podTemplate(_ description: String) -> Schema {
        object(
            description,
            [
                SchemaField("metadata", anyObject("Labels and annotations of the pods.")),
                SchemaField(
                    "spec",
                    Schema(
                        json: anyObject(
                            "A PodSpec; see kubectl explain pod.spec. The container named trainer is the one that trains."
                        ).json.merging(
                            [
                                "properties": [
                                    "containers": .object(
                                        list(
                                            "Containers of the pods; one is named trainer.",
                                            of: Schema(
                                                json: anyObject("A container; see kubectl explain pod.spec.containers.").json
                                                    .merging(
                                                        [
                                                            "properties": [
                                                                "name": .object(
                                                                    string("Name of the container.", maximumLength: 63).json),
                                                                "image": .object(
                                                                    string("Image to run.", maximumLength: 1024).json),
                                                            ], "required": .array(["name", "image"]),
                                                        ], uniquingKeysWith: { _, new in new })), kind: .map(["name"]),
                                            minimumCount: 1,
                                            maximumCount: 16,
                                            rules: [
                                                SchemaRule(
                                                    "self.exists_one(c, c.name == 'trainer')",
                                                    "exactly one container must be named trainer")
                                            ]
                                        ).json)
                                ], "required": .array(["containers"]),
                            ], uniquingKeysWith: { _, new in new })), required: true),
            ])
    }
}
