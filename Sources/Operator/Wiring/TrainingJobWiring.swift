import ApusAPI
import ArtifactStore
import ControllerRuntime
import Foundation
import KubernetesTypes
import Reconcilers

/// What concerns a training job: its pods, the runtime, base model and versions it names, and how large nodes are.
enum TrainingJobWiring {
    static func add(to context: OperatorContext) {
        let manager = context.manager
        let time = manager.client.time
        let jobs = manager.informer(TrainingJob.self)
        let pods = manager.informer(Pod.self, InformerScope(labels: LabelSelection([.exists(ApusLabel.trainingJob)])))
        let runtimes = manager.informer(TrainingRuntime.self)
        let clusterRuntimes = manager.informer(ClusterTrainingRuntime.self)
        let versions = manager.informer(ModelVersion.self)
        let models = manager.informer(Model.self)
        let nodes = manager.informer(Node.self)
        let progress = ProgressReader(http: context.http, time: time)
        let store = context.store

        let runner = PlanRunner(
            context,
            effects: [
                TrainingEffect.deleteCheckpoints: { effect, _ in
                    let name = try TreeName(effect.parameters["name"]?.string ?? "")
                    try await store.deleteOlderTrees(under: name, keeping: 0)
                }
            ])
        let controller = Controller("training-job", workers: 8, time: time, logger: context.logger) { key in
            guard let job = jobs.cache.get(key) else { return .settled }
            var observation = TrainingJobObservation(job: job, now: time.now(), platform: context.platform)
            observation.pods = pods.cache.owned(byUID: job.uid)
            if let reference = job.spec.runtimeRef {
                observation.runtime =
                    switch reference.kind ?? .clusterTrainingRuntime {
                    case .trainingRuntime: runtimes.cache.get(reference.name, namespace: job.namespace)?.spec
                    case .clusterTrainingRuntime: clusterRuntimes.cache.get(reference.name)?.spec
                    }
            }
            observation.baseModelVersion = job.spec.baseModel?.modelVersion.flatMap {
                versions.cache.get($0, namespace: job.namespace)
            }
            observation.baselineVersion = job.spec.baseline.flatMap {
                versions.cache.get($0.modelVersion, namespace: job.namespace)
            }
            if let model = job.spec.output?.model {
                observation.modelVersions = versions.cache.list(namespace: job.namespace).filter { $0.spec.model == model }
                let output = models.cache.get(model, namespace: job.namespace)
                observation.modelExists = output != nil
                observation.highestVersionNumber = output?.status?.highestNumber ?? 0
            }
            observation.nodes = nodes.cache.list()
            if context.seesNodeFiles, job.status?.attempt == nil {
                observation.files = NodeFilesReader.read(
                    observation.fileAddresses.map(\.path), allowedRoots: context.platform.allowedFileRoots)
            }
            observation.reading = await progress.read(observation.pods, of: job)
            observation.bundle = await publishedBundle(observation, store: store)
            let plan = try TrainingJobReconciler.reconcile(observation)
            return try await runner.run(plan, for: job, children: observation.pods)
        }
        controller.watch(jobs)
        controller.watch(owned: pods, by: TrainingJob.resourceType)
        controller.watch(mapped: versions) { version in
            let lineage = version.spec.lineage?.trainingJob.map { [ObjectKey(namespace: version.namespace, name: $0)] } ?? []
            return lineage
                + jobs.cache.list(namespace: version.namespace).filter { job in
                    job.spec.baseModel?.modelVersion == version.name || job.spec.baseline?.modelVersion == version.name
                }.map(\.key)
        }
        controller.watch(mapped: runtimes) { runtime in
            jobs.cache.list(namespace: runtime.namespace).filter { $0.status?.attempt == nil }.map(\.key)
        }
        controller.watch(mapped: clusterRuntimes) { _ in jobs.cache.list().filter { $0.status?.attempt == nil }.map(\.key) }
        controller.watch(mapped: nodes) { _ in jobs.cache.list().filter { $0.status?.phase == .pending }.map(\.key) }
        manager.add(controller)
    }

    /// Reads the bundle that the job's attempt reports, while it is not registered.
    private static func publishedBundle(_ observation: TrainingJobObservation, store: any BundleStore) async -> BundleReading? {
        guard observation.job.status?.phase?.isFinished != true, observation.job.spec.output != nil else { return nil }
        guard let digest = observation.publishedDigest else { return nil }
        return await BundleFactsReader.read(digest: digest, from: store)
    }
}
