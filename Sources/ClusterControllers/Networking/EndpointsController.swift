import ControllerRuntime
import KubernetesClient
import KubernetesTypes

/// Keeps endpoint slices, and the older endpoints, of services with a selector.
enum EndpointsController {
    static func wire(_ context: ControllerContext) {
        let services = context.manager.informer(Service.self)
        let pods = context.manager.informer(Pod.self)
        let slices = context.manager.informer(EndpointSlice.self)
        let endpoints = context.manager.informer(Endpoints.self)
        let client = context.client
        let honesty = HonestyReporter(context.recorder("endpoints-controller"))
        slices.cache.addIndex("service") { slice in
            guard slice.metadata.labels?[EndpointsDecision.managerLabel] == EndpointsDecision.manager,
                let name = slice.metadata.labels?[EndpointsDecision.serviceLabel]
            else { return [] }
            return ["\(slice.namespace)/\(name)"]
        }
        let controller = context.controller("endpoints", workers: 4) { key in
            let present = slices.cache.indexed("service", "\(key.namespace)/\(key.name)")
            guard let service = services.cache.get(key), !service.isBeingDeleted else {
                // Slices are owned and would be collected; this is sooner.
                for slice in present { try await delete(EndpointSlice.resourceType, slice.key, slice.uid, client) }
                if let old = endpoints.cache.get(key),
                    old.metadata.labels?["endpoints.kubernetes.io/managed-by"] == "endpoint-controller"
                {
                    try await delete(Endpoints.resourceType, key, old.uid, client)
                }
                return .settled
            }
            try await note(await honesty.report(WorkloadFields.unhonoured(service), of: service), on: service, context)
            guard let selector = service.spec.selector, !selector.isEmpty, service.spec.type != "ExternalName" else {
                return .settled
            }
            let selection = LabelSelection(matching: selector)
            let chosen = pods.cache.list(namespace: key.namespace).filter { selection.matches($0.metadata.labels ?? [:]) }
            let decision = EndpointsDecision(service, pods: chosen)
            let (writes, deletions) = decision.slices(service, present: present)
            for slice in writes {
                context.manager.wrote(slice.uid.isEmpty ? try await client.create(slice) : try await client.update(slice))
            }
            for slice in deletions { try await delete(EndpointSlice.resourceType, slice.key, slice.uid, client) }
            try await write(decision.endpoints(service), service, endpoints, context)
            return .settled
        }
        controller.watch(services)
        controller.watch(mapped: slices) { slice in
            slice.metadata.labels?[EndpointsDecision.serviceLabel].map { [ObjectKey(namespace: slice.namespace, name: $0)] } ?? []
        }
        controller.watch(mapped: pods) { pod in
            let labels = pod.metadata.labels ?? [:]
            return services.cache.list(namespace: pod.namespace).filter { service in
                guard let selector = service.spec.selector, !selector.isEmpty else { return false }
                return selector.allSatisfy { labels[$0.key] == $0.value }
            }.map(\.key)
        }
    }

    private static func note(_ sentence: String?, on service: Service, _ context: ControllerContext) async throws {
        let present = service.status?.conditions ?? []
        let known = present.first { $0.type == FieldTable.condition }
        guard known?.message != sentence else { return }
        var changed = service
        var status = service.status ?? ServiceStatus()
        let others = present.filter { $0.type != FieldTable.condition }
        let condition = sentence.map {
            Condition(
                lastTransitionTime: Timestamp(context.time.now()), message: $0, reason: FieldTable.conditionReason,
                status: "True", type: FieldTable.condition)
        }
        status.conditions = others + [condition].compactMap { $0 }
        changed.status = status
        do {
            context.manager.wrote(try await context.client.updateStatus(changed))
        } catch let error as StatusError where error.isNotFound {}
    }

    private static func delete(_ type: ResourceType, _ key: ObjectKey, _ uid: String, _ client: Client) async throws {
        do {
            try await client.delete(type, key, .of(uid: uid))
        } catch let error as StatusError where error.isNotFound || error.isConflict {}
    }

    private static func write(
        _ subsets: [EndpointSubset], _ service: Service, _ informer: Informer<Endpoints>, _ context: ControllerContext
    ) async throws {
        var labels = service.metadata.labels ?? [:]
        labels["endpoints.kubernetes.io/managed-by"] = "endpoint-controller"
        if service.spec.clusterIP == "None" { labels["service.kubernetes.io/headless"] = "" }
        let wanted = subsets.isEmpty ? nil : subsets
        if var present = informer.cache.get(service.key) {
            guard present.subsets != wanted || present.metadata.labels != labels else { return }
            present.subsets = wanted
            present.metadata.labels = labels
            context.manager.wrote(try await context.client.update(present))
        } else {
            let metadata = ObjectMeta(labels: labels, name: service.name, namespace: service.namespace)
            do {
                context.manager.wrote(try await context.client.create(Endpoints(metadata: metadata, subsets: wanted)))
            } catch let error as StatusError where error.isAlreadyExists {
                context.manager.wrote(try await context.client.get(Endpoints.self, service.name, namespace: service.namespace))
            }
        }
    }
}
