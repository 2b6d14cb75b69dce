import ApusAPI
import KubernetesTypes

/// What a pod template may not say, because the pod carries more than the trainer: the agent with its account, and the artifact
/// store of everybody.
enum TemplateRules {
    /// - Returns: what is wrong and what would be right; nil for a template that may run.
    static func violation(_ observation: TrainingJobObservation) -> String? {
        let own = observation.job.spec.template
        guard let template = own ?? observation.runtime?.template else { return nil }
        let place = own == nil ? "The runtime's template" : "spec.template"
        guard let spec = template.spec, !spec.containers.isEmpty else {
            return "\(place) has no container; name one \(TrainingPods.trainer) with the image that trains."
        }
        let containers = spec.containers + (spec.initContainers ?? [])
        if let taken = containers.first(where: { [TrainingPods.agent, TrainingPods.fetch].contains($0.name) }) {
            return "\(place) names a container \(taken.name), which every training pod has already; call it something else."
        }
        let reserved = TrainingPods(observation: observation, attempt: 1).ownVolumeNames
        let volumes = spec.volumes ?? []
        if let taken = volumes.first(where: { reserved.contains($0.name) }) {
            return "\(place) names a volume \(taken.name), which every training pod has already; call it something else."
        }
        let defined = Set(volumes.map(\.name))
        for container in containers {
            if let mount = container.volumeMounts?.first(where: { !defined.contains($0.name) }) {
                return "Container \(container.name) mounts the volume \(mount.name), which \(place) does not define."
            }
        }
        // A runtime is a platform team's, who may mount what they like; a job is anybody's.
        guard own != nil else { return nil }
        let roots = observation.platform.allowedFileRoots
        for volume in volumes {
            guard let path = volume.hostPath?.path, !FilePath.isInside(path, anyOf: roots) else { continue }
            return "spec.template mounts \(path) of the node. \(FilePath.allowed(below: roots))"
        }
        return nil
    }
}
