import ApusAPI
import ArtifactStore
import ControllerRuntime
import Foundation
import KubernetesTypes
import Reconcilers

/// The registry: models with their aliases, versions and who uses them, promotions.
enum ModelWiring {
    static func add(to context: OperatorContext) {
        let manager = context.manager
        let time = manager.client.time
        let models = manager.informer(Model.self)
        let versions = manager.informer(ModelVersion.self)
        let promotions = manager.informer(Promotion.self)
        let services = manager.informer(InferenceService.self)
        let runner = PlanRunner(context)
        let store = context.store

        let modelController = Controller("model", time: time, logger: context.logger) { key in
            guard let model = models.cache.get(key) else { return .settled }
            let observation = ModelObservation(
                model: model, now: time.now(),
                versions: versions.cache.list(namespace: key.namespace).filter { $0.spec.model == key.name },
                promotions: promotions.cache.list(namespace: key.namespace).filter { $0.spec.model == key.name },
                services: services.cache.list(namespace: key.namespace))
            return try await runner.run(ModelReconciler.reconcile(observation), for: model)
        }
        modelController.watch(models)
        modelController.watch(mapped: versions) { [ObjectKey(namespace: $0.namespace, name: $0.spec.model)] }
        modelController.watch(mapped: promotions) { [ObjectKey(namespace: $0.namespace, name: $0.spec.model)] }
        modelController.watch(mapped: services) { service in
            service.spec.model.name.map { [ObjectKey(namespace: service.namespace, name: $0)] } ?? []
        }
        manager.add(modelController)

        let versionController = Controller("model-version", time: time, logger: context.logger) { key in
            guard let version = versions.cache.get(key) else { return .settled }
            var observation = ModelVersionObservation(version: version, now: time.now())
            observation.model = models.cache.get(version.spec.model, namespace: key.namespace)
            observation.services = services.cache.list(namespace: key.namespace)
            observation.bundle = await bundle(of: version, store: store)
            return try await runner.run(ModelVersionReconciler.reconcile(observation), for: version)
        }
        versionController.watch(versions)
        versionController.watch(mapped: models) { model in
            versions.cache.list(namespace: model.namespace).filter { $0.spec.model == model.name }.map(\.key)
        }
        versionController.watch(mapped: services) { service in
            let names =
                [service.spec.model.version, service.status?.servedVersion].compactMap(\.self)
                + (service.status?.traffic ?? []).map(\.modelVersion)
            return Set(names).map { ObjectKey(namespace: service.namespace, name: $0) }
        }
        manager.add(versionController)

        let promotionController = Controller("promotion", time: time, logger: context.logger) { key in
            guard let promotion = promotions.cache.get(key) else { return .settled }
            let observation = PromotionObservation(
                promotion: promotion, now: time.now(), model: models.cache.get(promotion.spec.model, namespace: key.namespace),
                version: versions.cache.get(promotion.spec.version, namespace: key.namespace),
                siblings: promotions.cache.list(namespace: key.namespace).filter { $0.spec.model == promotion.spec.model })
            return try await runner.run(PromotionReconciler.reconcile(observation), for: promotion)
        }
        promotionController.watch(promotions)
        promotionController.watch(mapped: models) { model in
            promotions.cache.list(namespace: model.namespace).filter { $0.spec.model == model.name }.map(\.key)
        }
        promotionController.watch(mapped: versions) { version in
            promotions.cache.list(namespace: version.namespace).filter { $0.spec.version == version.name }.map(\.key)
        }
        manager.add(promotionController)
    }

    /// Looks at a new version's bundle once: the manifest says whether it is whole, and its files are checked when they are read.
    private static func bundle(of version: ModelVersion, store: any BundleStore) async -> BundleReading? {
        let isKnownGood = version.status?.conditions?.contains { $0.type == "Ready" && $0.status == "True" } == true
        guard !isKnownGood, !version.isBeingDeleted else { return nil }
        return await BundleFactsReader.read(digest: version.spec.artifact.digest, from: store)
    }
}
