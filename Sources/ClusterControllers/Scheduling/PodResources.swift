import KubernetesTypes

/// Amounts by resource name: thousandths of a core for `cpu`, whole units for everything else.
typealias ResourceAmounts = [String: Int]

enum PodResources {
    /// What a pod takes from its node.
    static func requests(of spec: PodSpec) -> ResourceAmounts { amounts(spec.totalRequests) }

    static func amounts(_ quantities: [String: Quantity]?) -> ResourceAmounts {
        var amounts: ResourceAmounts = [:]
        for (name, quantity) in quantities ?? [:] { amounts[name] = name == "cpu" ? quantity.milli : quantity.roundedUp }
        return amounts
    }

    static func add(_ other: ResourceAmounts, to amounts: inout ResourceAmounts) {
        for (name, amount) in other { amounts[name, default: 0] += amount }
    }

    static func subtract(_ other: ResourceAmounts, from amounts: inout ResourceAmounts) {
        for (name, amount) in other { amounts[name, default: 0] -= amount }
    }

    /// Ports of the host that a pod takes, as protocol, address and number.
    static func hostPorts(of spec: PodSpec) -> [HostPort] {
        var ports: [HostPort] = []
        let sidecars = (spec.initContainers ?? []).filter { $0.restartPolicy == "Always" }
        for container in spec.containers + sidecars {
            for port in container.ports ?? [] {
                guard let number = port.hostPort, number > 0 else { continue }
                ports.append(HostPort(number: number, protocol: port.protocol ?? "TCP", address: port.hostIP ?? "0.0.0.0"))
            }
        }
        return ports
    }
}

struct HostPort: Sendable, Hashable {
    var number: Int
    var `protocol`: String
    var address: String

    func collides(with other: HostPort) -> Bool {
        number == other.number && self.protocol == other.protocol
            && (address == other.address || isWildcard || other.isWildcard)
    }

    private var isWildcard: Bool { address.isEmpty || address == "0.0.0.0" || address == "::" }
}
