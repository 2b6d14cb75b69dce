import KubernetesClient
import KubernetesTypes
import Logging

/// Keeps the kernel's rules and the name server in step with services and endpoints.
actor ServiceNetwork {
    private let configuration: NodeConfiguration
    private let log: Logger
    private var services: [ObjectKey: Service] = [:]
    private var slices: [ObjectKey: EndpointSlice] = [:]
    private var applied: String?
    private var isDirty = true
    nonisolated let names: NameTable

    init(configuration: NodeConfiguration, log: Logger) {
        self.configuration = configuration
        self.log = log
        names = NameTable(domain: configuration.clusterDomain)
    }

    func listed(_ list: [Service]) {
        services = Dictionary(list.map { ($0.key, $0) }, uniquingKeysWith: { $1 })
        isDirty = true
    }

    func changed(_ service: Service, isRemoved: Bool) {
        services[service.key] = isRemoved ? nil : service
        isDirty = true
    }

    func listed(_ list: [EndpointSlice]) {
        slices = Dictionary(list.map { ($0.key, $0) }, uniquingKeysWith: { $1 })
        isDirty = true
    }

    func changed(_ slice: EndpointSlice, isRemoved: Bool) {
        slices[slice.key] = isRemoved ? nil : slice
        isDirty = true
    }

    var allServices: [Service] { Array(services.values) }

    /// Applies what changed; changes that come close together go in as one.
    func apply() async {
        guard isDirty else { return }
        isDirty = false
        let services = Array(services.values)
        let slices = Array(slices.values)
        names.replace(services: services, slices: slices)
        let dns = configuration.clusterDNS.map {
            ($0, ServiceRoute.Target(address: configuration.network.gateway, port: configuration.dnsPort))
        }
        let routes = configuration.servesNetwork ? ServiceRules.routes(services: services, slices: slices) : []
        let rules = ServiceRules.ruleSet(
            table: ServiceRules.table(configuration.network.bridge), network: configuration.network,
            serviceCIDR: configuration.serviceCIDR, routes: routes, dns: configuration.servesNetwork ? dns : nil)
        guard rules != applied else { return }
        do {
            try await Command(program: "nft", arguments: ["-f", "-"], input: Array(rules.utf8)).check()
            applied = rules
        } catch {
            isDirty = true
            log.error("cannot set the rules of services", metadata: ["error": "\(error)"])
        }
    }

    /// Takes the rules away.
    static func remove(_ configuration: NodeConfiguration) async {
        let table = ServiceRules.table(configuration.network.bridge)
        _ = try? await Command(program: "nft", arguments: ["delete", "table", "ip", table]).run()
    }
}
