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
        // A runtime is a platform team's, who may do what they like; a job is anybody's.
        return own == nil ? nil : privilege(spec) ?? nodeFolders(spec, platform: observation.platform)
    }

    /// What would make a pod more than a pod.
    private static func privilege(_ spec: PodSpec) -> String? {
        let shared = [("hostNetwork", spec.hostNetwork), ("hostPID", spec.hostPID), ("hostIPC", spec.hostIPC)]
        if let (field, _) = shared.first(where: { $0.1 == true }) {
            return "spec.template sets \(field); only a runtime's template may share the node's namespaces."
        }
        for container in spec.containers + (spec.initContainers ?? []) {
            let context = container.securityContext
            if context?.privileged == true || !(context?.capabilities?.add ?? []).isEmpty || context?.procMount != nil {
                return
                    "Container \(container.name) of spec.template asks for privileges or capabilities; only a runtime's template may."
            }
        }
        return nil
    }

    /// Folders of the node may be read where inputs may lie; the store is reached through the agent alone.
    private static func nodeFolders(_ spec: PodSpec, platform: Platform) -> String? {
        let roots = platform.allowedFileRoots.filter { $0 != platform.storeFolder }
        let containers = spec.containers + (spec.initContainers ?? [])
        for volume in spec.volumes ?? [] {
            guard let path = volume.hostPath?.path else { continue }
            let plain = FilePath.path(of: "file://\(path)") ?? "/"
            let reachesStore = platform.storeFolder.map {
                FilePath.isInside(plain, anyOf: [$0]) || FilePath.isInside($0, anyOf: [plain])
            }
            guard reachesStore != true, FilePath.isInside(plain, anyOf: roots) else {
                return "spec.template mounts \(path) of the node. \(FilePath.allowed(below: roots))"
            }
            let mounts = containers.flatMap { container in (container.volumeMounts ?? []).map { (container.name, $0) } }
            if let (name, _) = mounts.first(where: { $0.1.name == volume.name && $0.1.readOnly != true }) {
                return
                    "Container \(name) of spec.template may write to \(path) of the node; mount \(volume.name) with readOnly: true."
            }
        }
        return nil
    }
}
