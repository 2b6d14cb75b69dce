import ApusAPI
import ControllerRuntime
import Foundation
import KubernetesTypes
import Reconcilers

/// What concerns a drift monitor: the service it watches and what that serves, its jobs, and what Prometheus says.
enum DriftMonitorWiring {
    static func add(to context: OperatorContext) {
        let manager = context.manager
        let time = manager.client.time
        let monitors = manager.informer(DriftMonitor.self)
        let services = manager.informer(InferenceService.self)
        let versions = manager.informer(ModelVersion.self)
        let promotions = manager.informer(Promotion.self)
        let jobs = manager.informer(TrainingJob.self)
        let runner = PlanRunner(context)
        let measurer = DriftMeasurer(defaultURL: context.platform.prometheusURL, store: context.store)

        let controller = Controller("drift-monitor", workers: 4, time: time, logger: context.logger) { key in
            guard let monitor = monitors.cache.get(key) else { return .settled }
            var observation = DriftMonitorObservation(monitor: monitor, now: time.now())
            observation.service = services.cache.get(monitor.spec.inferenceServiceRef.name, namespace: key.namespace)
            observation.served = observation.service?.status?.servedVersion.flatMap {
                versions.cache.get($0, namespace: key.namespace)
            }
            observation.jobs = jobs.cache.list(namespace: key.namespace).filter {
                $0.metadata.labels?[ApusLabel.driftMonitor] == monitor.name
            }
            let models = Set(
                [observation.served?.spec.model].compactMap(\.self) + observation.jobs.compactMap { $0.spec.output?.model })
            observation.versions = versions.cache.list(namespace: key.namespace).filter { models.contains($0.spec.model) }
            observation.promotions = promotions.cache.list(namespace: key.namespace).filter { models.contains($0.spec.model) }
            if observation.isMeasurementDue, let served = observation.served {
                observation.measurement = await measurer.measure(monitor, served: served)
            }
            return try await runner.run(DriftMonitorReconciler.reconcile(observation), for: monitor)
        }
        controller.watch(monitors)
        controller.watch(mapped: services) { service in
            monitors.cache.list(namespace: service.namespace).filter { $0.spec.inferenceServiceRef.name == service.name }.map(
                \.key)
        }
        controller.watch(mapped: jobs) { job in
            (job.metadata.labels?[ApusLabel.driftMonitor]).map { [ObjectKey(namespace: job.namespace, name: $0)] } ?? []
        }
        controller.watch(mapped: promotions) { promotion in
            (promotion.metadata.labels?[ApusLabel.driftMonitor]).map { [ObjectKey(namespace: promotion.namespace, name: $0)] }
                ?? []
        }
        controller.watch(mapped: versions) { version in
            let job = version.spec.lineage?.trainingJob.flatMap { jobs.cache.get($0, namespace: version.namespace) }
            return (job?.metadata.labels?[ApusLabel.driftMonitor]).map { [ObjectKey(namespace: version.namespace, name: $0)] }
                ?? []
        }
        manager.add(controller)
    }
}
