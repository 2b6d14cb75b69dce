import KubernetesClient
import KubernetesTypes
import Logging

/// Keeps the kernel's rules and the name server in step with services and endpoints.
actor ServiceNetwork {
    private let configuration: NodeConfiguration
    private let log: Logger
    /// nil until the first list is there.
    private var services: [ObjectKey: Service]?
    private var slices: [ObjectKey: EndpointSlice]?
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
        services?[service.key] = isRemoved ? nil : service
        isDirty = true
    }

    func listed(_ list: [EndpointSlice]) {
        slices = Dictionary(list.map { ($0.key, $0) }, uniquingKeysWith: { $1 })
        isDirty = true
    }

    func changed(_ slice: EndpointSlice, isRemoved: Bool) {
        slices?[slice.key] = isRemoved ? nil : slice
        isDirty = true
    }

    var allServices: [Service] { services.map { Array($0.values) } ?? [] }

    /// Gives pods their way out where no agent did so before. Rules that are there are those of the agent before this one, and lead to
    /// where services were when it went: nothing better is known before the lists are there.
    func prepare() async {
        let table = ServiceRules.table(configuration.network.bridge)
        let present = try? await Command(program: "nft", arguments: ["list", "table", "ip", table]).run()
        guard !(present?.succeeded ?? false) else { return }
        await set(routes: [])
    }

    /// Applies what changed, once it is known what services there are and where they lead; changes that come close together go in
    /// as one.
    func apply() async {
        guard isDirty, let services, let slices else { return }
        isDirty = false
        let allServices = Array(services.values)
        let allSlices = Array(slices.values)
        names.replace(services: allServices, slices: allSlices)
        await set(routes: configuration.servesNetwork ? ServiceRules.routes(services: allServices, slices: allSlices) : [])
    }

    private func set(routes: [ServiceRoute]) async {
        let dns = configuration.clusterDNS.map {
            ($0, ServiceRoute.Target(address: configuration.network.gateway, port: configuration.dnsPort))
        }
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
