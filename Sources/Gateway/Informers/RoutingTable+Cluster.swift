public import ApusAPI
public import KubernetesTypes

extension RoutingTable {
    /// The table for what the cluster says: a pure function of its objects.
    public init(services: [InferenceService], slices: [EndpointSlice]) {
        var byService: [ServiceKey: [EndpointSlice]] = [:]
        for slice in slices {
            guard let name = slice.metadata.labels?["kubernetes.io/service-name"] else { continue }
            byService[ServiceKey(namespace: slice.metadata.namespace ?? "", name: name), default: []].append(slice)
        }
        var routes: [ServiceKey: ServiceRoute] = [:]
        for service in services {
            let namespace = service.metadata.namespace ?? ""
            let versions = (service.status?.traffic ?? []).map { target in
                let slices = byService[ServiceKey(namespace: namespace, name: target.service)] ?? []
                return VersionRoute(
                    modelVersion: target.modelVersion,
                    modelName: service.spec.model.name ?? RoutingTable.modelName(ofVersion: target.modelVersion),
                    weight: target.percent, backends: RoutingTable.readyBackends(slices),
                    artifact: target.artifact.map { ArtifactLocation(uri: $0.uri, digest: $0.digest) })
            }
            routes[ServiceKey(namespace: namespace, name: service.metadata.name ?? "")] = ServiceRoute(
                versions: versions, notReadyReason: RoutingTable.reason(service))
        }
        self.init(services: routes)
    }

    /// Every address once, in a fixed order, of endpoints that are ready and not being terminated.
    private static func readyBackends(_ slices: [EndpointSlice]) -> [Backend] {
        var backends: Set<Backend> = []
        for slice in slices {
            let ports = slice.ports ?? []
            guard let port = (ports.first { $0.name == "http" } ?? ports.first)?.port else { continue }
            for endpoint in slice.endpoints ?? [] {
                // Unknown readiness counts as ready, as the API says.
                guard endpoint.conditions?.ready ?? true, !(endpoint.conditions?.terminating ?? false) else { continue }
                if let address = endpoint.addresses.first { backends.insert(Backend(host: address, port: port)) }
            }
        }
        return backends.sorted { ($0.host, $0.port) < ($1.host, $1.port) }
    }

    private static func reason(_ service: InferenceService) -> String? {
        let ready = service.status?.conditions?.first { $0.type == "Ready" && $0.status != "True" }
        guard let ready else { return nil }
        return ready.message.isEmpty ? ready.reason : "\(ready.reason): \(ready.message)"
    }

    /// `tickets-3` is a version of `tickets`.
    private static func modelName(ofVersion name: String) -> String {
        guard let hyphen = name.lastIndex(of: "-"), hyphen != name.startIndex,
            name[name.index(after: hyphen)...].allSatisfy(\.isNumber)
        else { return name }
        return String(name[..<hyphen])
    }
}
