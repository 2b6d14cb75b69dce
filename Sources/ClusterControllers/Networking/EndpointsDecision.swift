import KubernetesTypes

/// Which pods stand behind a service.
struct EndpointsDecision: Sendable, Equatable {
    static let serviceLabel = "kubernetes.io/service-name"
    static let managerLabel = "endpointslice.kubernetes.io/managed-by"
    static let manager = "endpointslice-controller.k8s.io"
    /// Endpoints a slice holds at most.
    static let sliceSize = 100

    /// The ports of a group of pods: named target ports can differ between pods.
    struct Group: Sendable, Equatable {
        var ports: [EndpointPort]
        var endpoints: [Endpoint]
    }

    var groups: [Group]

    init(_ service: Service, pods: [Pod]) {
        var groups: [[EndpointPort]: [Endpoint]] = [:]
        for pod in pods.sorted(by: { $0.key < $1.key }) {
            guard let address = pod.status?.podIP, !address.isEmpty, !PodPhase.isFinished(pod) else { continue }
            let ports = Self.ports(service, pod)
            groups[ports, default: []].append(Self.endpoint(service, pod, address))
        }
        // A service without pods has one empty slice, so that its ports are known.
        if groups.isEmpty { groups[Self.ports(service, nil)] = [] }
        self.groups = groups.map { Group(ports: $0.key, endpoints: $0.value) }
            .sorted {
                JSONSerializer.string((try? JSONValue(encoding: $0.ports)) ?? .null)
                    < JSONSerializer.string((try? JSONValue(encoding: $1.ports)) ?? .null)
            }
    }

    private static func ports(_ service: Service, _ pod: Pod?) -> [EndpointPort] {
        (service.spec.ports ?? []).compactMap { port in
            let number: Int?
            switch port.targetPort ?? .int(port.port) {
            case .int(let value): number = value == 0 ? port.port : value
            case .string(let name): number = pod.flatMap { named(name, port.protocol ?? "TCP", $0) }
            }
            guard let number else { return nil }
            return EndpointPort(
                appProtocol: port.appProtocol, name: port.name ?? "", port: number, protocol: port.protocol ?? "TCP")
        }
    }

    private static func named(_ name: String, _ protocol: String, _ pod: Pod) -> Int? {
        let sidecars = (pod.spec.initContainers ?? []).filter { $0.restartPolicy == "Always" }
        for container in pod.spec.containers + sidecars {
            for port in container.ports ?? [] where port.name == name && port.protocol ?? "TCP" == `protocol` {
                return port.containerPort
            }
        }
        return nil
    }

    private static func endpoint(_ service: Service, _ pod: Pod, _ address: String) -> Endpoint {
        let isServing = PodPhase.isReady(pod)
        let isTerminating = pod.isBeingDeleted
        let conditions = EndpointConditions(
            ready: service.spec.publishNotReadyAddresses == true || (isServing && !isTerminating), serving: isServing,
            terminating: isTerminating)
        let isNamed = pod.spec.subdomain == service.name && !(pod.spec.hostname ?? "").isEmpty
        return Endpoint(
            addresses: [address], conditions: conditions, hostname: isNamed ? pod.spec.hostname : nil,
            nodeName: pod.spec.nodeName,
            targetRef: ObjectReference(kind: "Pod", name: pod.name, namespace: pod.namespace, uid: pod.uid))
    }

    // MARK: Slices

    /// The slices that there should be; those that are there are kept as far as they can be.
    func slices(_ service: Service, present: [EndpointSlice]) -> (writes: [EndpointSlice], deletions: [EndpointSlice]) {
        var free = present.sorted { $0.name < $1.name }
        var writes: [EndpointSlice] = []
        for group in groups {
            var rest = group.endpoints[...]
            repeat {
                let part = Array(rest.prefix(Self.sliceSize))
                rest = rest.dropFirst(part.count)
                let position = free.firstIndex { $0.ports ?? [] == group.ports } ?? free.indices.first
                var slice = position.map { free.remove(at: $0) } ?? blank(service)
                let before = slice
                slice.endpoints = part
                slice.ports = group.ports
                slice.metadata.labels = labels(service)
                if before.endpoints ?? [] != part || before.ports ?? [] != group.ports
                    || before.metadata.labels != slice.metadata.labels
                    || slice.uid.isEmpty
                {
                    writes.append(slice)
                }
            } while !rest.isEmpty
        }
        return (writes, free)
    }

    private func labels(_ service: Service) -> [String: String] {
        var labels = service.metadata.labels ?? [:]
        labels[Self.serviceLabel] = service.name
        labels[Self.managerLabel] = Self.manager
        if service.spec.clusterIP == "None" { labels["service.kubernetes.io/headless"] = "" }
        return labels
    }

    private func blank(_ service: Service) -> EndpointSlice {
        let metadata = ObjectMeta(
            generateName: service.name + "-", namespace: service.namespace, ownerReferences: [service.asController])
        let isV6 = service.spec.ipFamilies?.first == "IPv6"
        return EndpointSlice(addressType: isV6 ? "IPv6" : "IPv4", metadata: metadata)
    }

    // MARK: The older form

    /// The same as an Endpoints object, which older clients read.
    func endpoints(_ service: Service) -> [EndpointSubset] {
        groups.compactMap { group in
            let usable = group.endpoints.filter { $0.conditions?.terminating != true }
            guard !usable.isEmpty else { return nil }
            func addresses(_ isReady: Bool) -> [EndpointAddress]? {
                let chosen = usable.filter { ($0.conditions?.ready ?? true) == isReady }.map {
                    EndpointAddress(hostname: $0.hostname, ip: $0.addresses[0], nodeName: $0.nodeName, targetRef: $0.targetRef)
                }
                return chosen.isEmpty ? nil : chosen
            }
            let ports = group.ports.map {
                EndpointsPort(
                    appProtocol: $0.appProtocol, name: $0.name?.isEmpty == true ? nil : $0.name, port: $0.port ?? 0,
                    protocol: $0.protocol)
            }
            return EndpointSubset(
                addresses: addresses(true), notReadyAddresses: addresses(false), ports: ports.isEmpty ? nil : ports)
        }
    }
}
