import ApusAPI
import ControllerRuntime
import Foundation
import KubernetesTypes
import Reconcilers

/// What concerns an inference service: the model it follows, that model's versions, its deployments and their pods.
enum InferenceServiceWiring {
    static func add(to context: OperatorContext) {
        let manager = context.manager
        let time = manager.client.time
        let services = manager.informer(InferenceService.self)
        let models = manager.informer(Model.self)
        let versions = manager.informer(ModelVersion.self)
        let scope = InformerScope(labels: LabelSelection([.exists(ApusLabel.inferenceService)]))
        let deployments = manager.informer(Deployment.self, scope)
        let addresses = manager.informer(KubernetesTypes.Service.self, scope)
        let pods = manager.informer(Pod.self, scope)
        let runner = PlanRunner(context)

        let controller = Controller("inference-service", time: time, logger: context.logger) { key in
            guard let service = services.cache.get(key) else { return .settled }
            var observation = InferenceServiceObservation(
                service: service, now: time.now(), platform: context.platform,
                servableArchitectures: context.servableArchitectures)
            observation.model = service.spec.model.name.flatMap { models.cache.get($0, namespace: key.namespace) }
            observation.versions = versions.cache.list(namespace: key.namespace)
            observation.deployments = deployments.cache.owned(byUID: service.uid)
            observation.services = addresses.cache.owned(byUID: service.uid)
            observation.pods = pods.cache.list(namespace: key.namespace).filter {
                $0.metadata.labels?[ApusLabel.inferenceService] == service.name
            }
            let plan = try InferenceServiceReconciler.reconcile(observation)
            return try await runner.run(plan, for: service, children: observation.deployments + observation.services)
        }
        controller.watch(services)
        controller.watch(owned: deployments, by: InferenceService.resourceType)
        controller.watch(owned: addresses, by: InferenceService.resourceType)
        controller.watch(mapped: pods) { pod in
            (pod.metadata.labels?[ApusLabel.inferenceService]).map { [ObjectKey(namespace: pod.namespace, name: $0)] } ?? []
        }
        controller.watch(mapped: models) { model in
            services.cache.list(namespace: model.namespace).filter { $0.spec.model.name == model.name }.map(\.key)
        }
        controller.watch(mapped: versions) { version in
            services.cache.list(namespace: version.namespace).filter {
                $0.spec.model.name == version.spec.model || $0.spec.model.version == version.name
                    || $0.status?.servedVersion == version.name
            }.map(\.key)
        }
        manager.add(controller)
    }
}
