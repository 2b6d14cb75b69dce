import ApusAPI
import KubernetesTypes

/// How a published bundle becomes a ModelVersion.
enum ModelRegistration {
    enum Step {
        case registered(version: String)
        case register(children: [any KubernetesResource], version: String)
        case waiting(String)
        case invalid(String)
    }

    static func plan(
        _ observation: TrainingJobObservation, report: TrainingAgentReport, digest: String, output: TrainingOutput
    ) -> Step {
        let job = observation.job
        // The version that this job made is known by the job's uid: a name may have been used before.
        if let own = observation.modelVersions.first(where: {
            $0.spec.lineage?.trainingJobUID == job.uid && $0.spec.artifact.digest == digest
        }) {
            return .registered(version: own.name)
        }
        switch observation.bundle {
        case nil: return .waiting("The bundle \(digest) has not been read yet.")
        case .missing(let message): return .waiting("The bundle cannot be found: \(message)")
        case .unavailable(let message): return .waiting("The artifact store cannot be read: \(message)")
        case .invalid(let message): return .invalid("The bundle \(digest) cannot be registered: \(message)")
        case .read(let facts) where facts.digest != digest:
            // What was read is of another attempt: one that was given up may publish all the same.
            return .waiting("The bundle \(digest) has not been read yet.")
        case .read(let facts):
            // A number is not given again, though its version may be gone: promotions and metrics still name it.
            let number = max(observation.modelVersions.map(\.spec.version).max() ?? 0, observation.highestVersionNumber) + 1
            let version = version(number, observation, report: report, facts: facts, output: output)
            let model = Model(
                metadata: ObjectMeta(
                    labels: [ApusLabel.managedBy: "apus"], name: output.model, namespace: job.namespace))
            return .register(children: (observation.modelExists ? [] : [model]) + [version], version: version.name)
        }
    }

    private static func version(
        _ number: Int, _ observation: TrainingJobObservation, report: TrainingAgentReport, facts: BundleFacts,
        output: TrainingOutput
    ) -> ModelVersion {
        let job = observation.job
        var spec = ModelVersionSpec(
            model: output.model, version: number,
            artifact: ArtifactReference(uri: observation.platform.store, digest: facts.digest))
        spec.architecture = facts.architecture
        spec.labels = facts.labels
        spec.metrics = facts.metrics
        var lineage = ModelVersionSpec.Lineage()
        lineage.trainingJob = job.name
        lineage.trainingJobUID = job.uid
        lineage.image =
            job.spec.image
            ?? (job.spec.template ?? observation.runtime?.template)?.spec?.containers.first { $0.name == "trainer" }?.image
        lineage.baseModel = job.spec.baseModel?.uri ?? job.spec.baseModel?.modelVersion
        lineage.baseModelDigest = report.inputs?[TrainingAgentConfiguration.modelChannel]
        lineage.inputs = job.spec.inputs.map { .init(name: $0.name, uri: $0.uri, digest: report.inputs?[$0.name]) }
        lineage.hyperparameters = TrainingPods(observation: observation, attempt: 1).hyperparameters
        spec.lineage = lineage
        return ModelVersion(
            metadata: ObjectMeta(
                finalizers: [ModelVersion.finalizer],
                labels: [
                    ApusLabel.managedBy: "apus", ApusLabel.model: output.model, ApusLabel.trainingJob: job.name,
                    ApusLabel.trainingJobUID: job.uid,
                ],
                name: "\(output.model)-\(number)", namespace: job.namespace),
            spec: spec)
    }
}
