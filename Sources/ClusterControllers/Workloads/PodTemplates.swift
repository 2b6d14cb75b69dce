import KubernetesTypes

/// Makes pods of templates, and tells templates apart.
enum PodTemplates {
    static let hashLabel = "pod-template-hash"

    /// A pod of a template, under a generated name, managed by the owner.
    static func pod(of template: PodTemplateSpec, owner: some KubernetesResource) -> Pod {
        var metadata = ObjectMeta(namespace: owner.namespace)
        metadata.labels = template.metadata?.labels
        metadata.annotations = template.metadata?.annotations
        metadata.finalizers = template.metadata?.finalizers
        metadata.generateName = owner.name + "-"
        metadata.ownerReferences = [owner.asController]
        return Pod(metadata: metadata, spec: template.spec ?? PodSpec())
    }

    /// Whether two templates are the same but for the label that tells their replica sets apart.
    static func areEqual(_ left: PodTemplateSpec, _ right: PodTemplateSpec) -> Bool { stripped(left) == stripped(right) }

    private static func stripped(_ template: PodTemplateSpec) -> PodTemplateSpec {
        var template = template
        var metadata = template.metadata ?? ObjectMeta()
        metadata.labels?[hashLabel] = nil
        if metadata.labels?.isEmpty == true { metadata.labels = nil }
        metadata.creationTimestamp = nil
        template.metadata = metadata
        return template
    }

    /// A short name for a template: FNV-1a of its canonical JSON and the count of collisions, in the alphabet of names.
    static func hash(_ template: PodTemplateSpec, collisionCount: Int?) throws -> String {
        var state: UInt32 = 2_166_136_261
        var bytes = JSONSerializer.bytes(try JSONValue(encoding: template))
        if let collisionCount { bytes += Array("#\(collisionCount)".utf8) }
        for byte in bytes { state = (state ^ UInt32(byte)) &* 16_777_619 }
        let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
        return String(String(state).utf8.map { alphabet[Int($0) % alphabet.count] })
    }
}
