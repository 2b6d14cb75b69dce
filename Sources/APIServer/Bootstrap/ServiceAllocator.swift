import KubernetesTypes
import Synchronization

/// Hands out cluster addresses and node ports to Services, each to one at a time.
final class ServiceAllocator: Sendable {
    /// What one write took; given back unless the write was made.
    struct Allocation: Sendable {
        fileprivate var addresses: [UInt32] = []
        fileprivate var ports: [Int] = []
        fileprivate var owner: ServiceAllocator?

        func release() { owner?.giveBack(addresses: addresses, ports: ports) }

        func keep() {}
    }

    private struct State {
        var addresses: Set<UInt32> = []
        var ports: Set<Int> = []
    }

    private let state = Mutex(State())
    private let first: UInt32
    private let count: UInt32
    private let nodePorts: ClosedRange<Int>
    private let random: @Sendable () -> UInt64
    private let rangeText: String

    /// - Parameter range: IPv4 CIDR, as `10.96.0.0/16`.
    init(range: String, nodePorts: ClosedRange<Int>, random: @escaping @Sendable () -> UInt64) throws {
        let parts = range.split(separator: "/")
        guard parts.count == 2, let base = Self.parse(String(parts[0])), let bits = Int(parts[1]), (8...29).contains(bits) else {
            throw StoreError.failed("the service range \"\(range)\" is not an IPv4 network such as 10.96.0.0/16")
        }
        first = base
        count = 1 << UInt32(32 - bits)
        self.nodePorts = nodePorts
        self.random = random
        rangeText = range
    }

    static func parse(_ text: String) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard let byte = UInt8(part), part.count < 4 else { return nil }
            value = value << 8 | UInt32(byte)
        }
        return value
    }

    static func format(_ address: UInt32) -> String {
        "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
    }

    /// The address of the Service `kubernetes`.
    var apiServerAddress: String { Self.format(first + 1) }

    /// Takes note of what stored Services already have.
    func load(_ store: ObjectStore) {
        for service in store.objects(ResourceName(group: "", resource: "services")).objects {
            let spec = service.value["spec"] ?? [:]
            state.withLock { state in
                for address in Self.addresses(spec) { state.addresses.insert(address) }
                for port in Self.ports(spec) { state.ports.insert(port) }
            }
        }
    }

    private static func addresses(_ spec: JSONValue) -> [UInt32] {
        (spec["clusterIPs"]?.array?.compactMap(\.string) ?? [spec["clusterIP"]?.string ?? ""]).compactMap(parse)
    }

    private static func ports(_ spec: JSONValue) -> [Int] {
        var ports = (spec["ports"]?.array ?? []).compactMap { $0["nodePort"]?.integer }.map(Int.init)
        if let health = spec["healthCheckNodePort"]?.integer { ports.append(Int(health)) }
        return ports.filter { $0 > 0 }
    }

    private func giveBack(addresses: [UInt32], ports: [Int]) {
        state.withLock { state in
            state.addresses.subtract(addresses)
            state.ports.subtract(ports)
        }
    }

    /// Gives back everything that a Service had.
    func released(_ object: JSONValue, _ definition: ResourceDefinition) {
        guard definition.group.isEmpty, definition.plural == "services" else { return }
        let spec = object["spec"] ?? [:]
        giveBack(addresses: Self.addresses(spec), ports: Self.ports(spec))
    }

    /// Completes a Service with what it needs, and gives back what its new form no longer has.
    func allocate(
        _ object: inout JSONValue, old: JSONValue?, _ definition: ResourceDefinition, isDryRun: Bool
    ) throws(APIError) -> Allocation {
        guard definition.group.isEmpty, definition.plural == "services" else { return Allocation() }
        var taken = Allocation(owner: self)
        do throws(APIError) {
            try allocateAddress(&object, old: old, definition, &taken)
            try allocatePorts(&object, old: old, definition, &taken)
        } catch {
            taken.release()
            throw error
        }
        if let old, !isDryRun {
            let spec = object["spec"] ?? [:]
            let gone = Set(Self.addresses(old["spec"] ?? [:])).subtracting(Self.addresses(spec))
            let closed = Set(Self.ports(old["spec"] ?? [:])).subtracting(Self.ports(spec))
            giveBack(addresses: Array(gone), ports: Array(closed))
        }
        return taken
    }

    private func allocateAddress(
        _ object: inout JSONValue, old: JSONValue?, _ definition: ResourceDefinition, _ taken: inout Allocation
    ) throws(APIError) {
        let spec = object["spec"] ?? [:]
        guard spec["type"]?.string != "ExternalName" else { return }
        let requested = spec["clusterIP"]?.string ?? ""
        completeFamilies(&object, address: requested)
        if requested == "None" { return }
        let name = object["metadata"]?["name"]?.string ?? ""
        if let address = Self.parse(requested) {
            if Self.addresses(old?["spec"] ?? [:]).contains(address) { return }
            let inRange = address > first && address < first + count - 1
            let isNew = inRange && state.withLock { $0.addresses.insert(address).inserted }
            guard address >= first, address - first < count else {
                throw invalidAddress(
                    definition, name, requested,
                    "failed to allocate IP \(requested): the provided network does not match the current range")
            }
            guard inRange else {
                throw invalidAddress(
                    definition, name, requested,
                    "failed to allocate IP \(requested): the provided IP (\(requested)) is not in the valid range. The range of valid IPs "
                        + "is \(rangeText)")
            }
            guard isNew else {
                throw invalidAddress(
                    definition, name, requested, "failed to allocate IP \(requested): provided IP is already allocated")
            }
            taken.addresses.append(address)
            return
        }
        guard requested.isEmpty else { return }
        guard let address = freeAddress() else { throw .internalError("failed to allocate a serviceIP: range is full") }
        taken.addresses.append(address)
        object["spec"]?["clusterIP"] = .string(Self.format(address))
        object["spec"]?["clusterIPs"] = [.string(Self.format(address))]
    }

    /// One family, IPv4: this cluster has no other.
    private func completeFamilies(_ object: inout JSONValue, address: String) {
        if !address.isEmpty, object["spec"]?["clusterIPs"] == nil { object["spec"]?["clusterIPs"] = [.string(address)] }
        if object["spec"]?["ipFamilies"] == nil { object["spec"]?["ipFamilies"] = ["IPv4"] }
        if object["spec"]?["ipFamilyPolicy"] == nil { object["spec"]?["ipFamilyPolicy"] = "SingleStack" }
    }

    private func invalidAddress(_ definition: ResourceDefinition, _ name: String, _ value: String, _ why: String) -> APIError {
        .invalid(
            group: "", kind: definition.kind, name: name, [.invalid("spec.clusterIPs", [.string(value)], why)])
    }

    /// Upstream leaves the lower part of the range to addresses that are asked for by number.
    private func freeAddress() -> UInt32? {
        let usable = count - 2
        let band = min(max(16, usable / 16), 256)
        let start = band < usable ? band : 0
        let offset = UInt32(random() % UInt64(usable - start))
        return state.withLock { state in
            for step in 0..<usable {
                let index = step < usable - start ? start + (offset + step) % (usable - start) : step - (usable - start)
                let address = first + 1 + index
                if state.addresses.insert(address).inserted { return address }
            }
            return nil
        }
    }

    private func allocatePorts(
        _ object: inout JSONValue, old: JSONValue?, _ definition: ResourceDefinition, _ taken: inout Allocation
    ) throws(APIError) {
        let type = object["spec"]?["type"]?.string ?? ""
        let isLoadBalancer = type == "LoadBalancer" && object["spec"]?["allocateLoadBalancerNodePorts"]?.bool != false
        guard type == "NodePort" || isLoadBalancer, var ports = object["spec"]?["ports"]?.array else { return }
        let had = Set(Self.ports(old?["spec"] ?? [:]))
        var byNumber: [Int: Set<String>] = [:]
        let name = object["metadata"]?["name"]?.string ?? ""
        for index in ports.indices {
            let wanted = Int(ports[index]["nodePort"]?.integer ?? 0)
            let transport = ports[index]["protocol"]?.string ?? "TCP"
            if wanted > 0 {
                let isShared = byNumber[wanted].map { !$0.contains(transport) } ?? false
                byNumber[wanted, default: []].insert(transport)
                if had.contains(wanted) || isShared { continue }
                let inRange = nodePorts.contains(wanted)
                guard inRange, state.withLock({ $0.ports.insert(wanted).inserted }) else {
                    let why =
                        inRange
                        ? "provided port is already allocated"
                        : "provided port is not in the valid range. The range of valid ports is "
                            + "\(nodePorts.lowerBound)-\(nodePorts.upperBound)"
                    throw .invalid(
                        group: "", kind: definition.kind, name: name,
                        [.invalid("spec.ports[\(index)].nodePort", .integer(Int64(wanted)), why)])
                }
                taken.ports.append(wanted)
            } else {
                guard let port = freePort() else { throw .internalError("failed to allocate a nodePort: range is full") }
                taken.ports.append(port)
                ports[index]["nodePort"] = .integer(Int64(port))
            }
        }
        object["spec"]?["ports"] = .array(ports)
    }

    private func freePort() -> Int? {
        let size = nodePorts.count
        let offset = Int(random() % UInt64(size))
        return state.withLock { state in
            for step in 0..<size {
                let port = nodePorts.lowerBound + (offset + step) % size
                if state.ports.insert(port).inserted { return port }
            }
            return nil
        }
    }
}
