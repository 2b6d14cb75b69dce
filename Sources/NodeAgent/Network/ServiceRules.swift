import KubernetesTypes

/// One port of a service and the endpoints that it leads to.
struct ServiceRoute: Sendable, Hashable {
    var address: String
    var port: Int
    var isUDP: Bool
    /// `address:port` of each ready endpoint, sorted.
    var endpoints: [Target]
    /// Whether one client stays with one endpoint.
    var hasAffinity: Bool = false

    struct Target: Sendable, Hashable, Comparable {
        var address: String
        var port: Int

        static func < (left: Target, right: Target) -> Bool { (left.address, left.port) < (right.address, right.port) }
    }
}

/// The kernel's rules that give pods their way out and services their addresses. Pure: services and endpoints in, a
/// rule set in `nft`'s language out.
///
/// The rules stay in force while the agent is away: connections to services go on through its restarts.
enum ServiceRules {
    /// What each service port leads to now.
    static func routes(services: [Service], slices: [EndpointSlice]) -> [ServiceRoute] {
        var bySlice: [ObjectKey: [EndpointSlice]] = [:]
        for slice in slices {
            guard let name = slice.metadata.labels?["kubernetes.io/service-name"] else { continue }
            bySlice[ObjectKey(namespace: slice.namespace, name: name), default: []].append(slice)
        }
        var routes: [ServiceRoute] = []
        for service in services.sorted(by: { $0.key < $1.key }) {
            let addresses =
                (service.spec.clusterIPs ?? [service.spec.clusterIP].compactMap { $0 }) + (service.spec.externalIPs ?? [])
            for address in addresses where AddressRange.number(address) != nil {
                for port in service.spec.ports ?? [] {
                    guard port.protocol != "SCTP" else { continue }
                    routes.append(
                        ServiceRoute(
                            address: address, port: port.port, isUDP: port.protocol == "UDP",
                            endpoints: targets(
                                of: port, in: bySlice[service.key] ?? [],
                                publishesAll: service.spec.publishNotReadyAddresses ?? false),
                            hasAffinity: service.spec.sessionAffinity == "ClientIP"))
                }
            }
        }
        return routes
    }

    private static func targets(of port: ServicePort, in slices: [EndpointSlice], publishesAll: Bool) -> [ServiceRoute.Target] {
        var targets: Set<ServiceRoute.Target> = []
        for slice in slices where slice.addressType == "IPv4" || slice.addressType.isEmpty {
            let match = (slice.ports ?? []).first {
                ($0.name ?? "") == (port.name ?? "") && ($0.protocol ?? "TCP") == (port.protocol ?? "TCP")
            }
            guard let number = match?.port else { continue }
            for endpoint in slice.endpoints ?? [] where publishesAll || endpoint.conditions?.ready ?? true {
                for address in endpoint.addresses where AddressRange.number(address) != nil {
                    targets.insert(.init(address: address, port: number))
                }
            }
        }
        return targets.sorted()
    }

    /// The whole table of this node, replaced as one.
    /// - Parameters:
    ///   - dns: where requests to the cluster's DNS address go.
    static func ruleSet(
        table: String, network: NetworkConfiguration, serviceCIDR: String, routes: [ServiceRoute],
        dns: (address: String, target: ServiceRoute.Target)?
    ) -> String {
        let bridge = network.bridge
        var routes = routes
        if let dns {
            routes.removeAll { $0.address == dns.address && $0.port == 53 }
            for isUDP in [true, false] {
                routes.append(ServiceRoute(address: dns.address, port: 53, isUDP: isUDP, endpoints: [dns.target]))
            }
        }
        var services: [String] = []
        var refusals: [String] = []
        for route in routes {
            let match = "ip daddr \(route.address) \(route.isUDP ? "udp" : "tcp") dport \(route.port)"
            switch route.endpoints.count {
            case 0: refusals.append("\(match) reject with \(route.isUDP ? "icmp port-unreachable" : "tcp reset")")
            case 1: services.append("\(match) dnat to \(route.endpoints[0].address):\(route.endpoints[0].port)")
            default:
                let choice =
                    route.hasAffinity
                    ? "jhash ip saddr mod \(route.endpoints.count)" : "numgen random mod \(route.endpoints.count)"
                let map = route.endpoints.enumerated().map { "\($0) : \($1.address) . \($1.port)" }.joined(separator: ", ")
                services.append("\(match) dnat ip to \(choice) map { \(map) }")
            }
        }
        func lines(_ lines: [String], _ indent: String) -> String { lines.map { indent + $0 + "\n" }.joined() }
        return """
            table ip \(table)
            delete table ip \(table)
            table ip \(table) {
                chain services {
            \(lines(services, "        "))    }
                chain refusals {
            \(lines(refusals, "        "))    }
                chain prerouting {
                    type nat hook prerouting priority -105; policy accept;
                    iifname "\(bridge)" jump services
                }
                chain output {
                    type nat hook output priority -105; policy accept;
                    jump services
                }
                chain postrouting {
                    type nat hook postrouting priority 95; policy accept;
                    ip saddr \(network.podCIDR) ip daddr != \(network.podCIDR) oifname != "\(bridge)" masquerade
                    ip saddr \(network.podCIDR) ip daddr \(network.podCIDR) ct status dnat masquerade
                    ip saddr != \(network.podCIDR) oifname "\(bridge)" ct status dnat masquerade
                }
                chain input {
                    type filter hook input priority -5; policy accept;
                    iifname "\(bridge)" ip daddr 127.0.0.0/8 ct status dnat accept
                    iifname "\(bridge)" ip daddr 127.0.0.0/8 drop
                    iifname "\(bridge)" jump refusals
                }
                chain forward {
                    type filter hook forward priority -5; policy accept;
                    iifname "\(bridge)" jump refusals
                }
                chain local {
                    type filter hook output priority -5; policy accept;
                    jump refusals
                }
            }

            """
    }

    /// A name that `nft` takes, from the bridge's.
    static func table(_ bridge: String) -> String {
        "apus_" + bridge.map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined()
    }
}
