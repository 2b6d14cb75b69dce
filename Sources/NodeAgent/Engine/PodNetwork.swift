import Foundation
import Glibc
import KubernetesTypes

/// How pods are connected on this node.
public struct NetworkConfiguration: Sendable, Equatable {
    /// The bridge that joins the pods; made when missing.
    public var bridge: String = "apus0"
    /// The pods' addresses on this node.
    public var podCIDR: String = "10.88.0.0/16"
    /// Where CNI plugins are.
    public var pluginDirectory: String = "/usr/lib/cni"

    public init(bridge: String = "apus0", podCIDR: String = "10.88.0.0/16", pluginDirectory: String = "/usr/lib/cni") {
        self.bridge = bridge
        self.podCIDR = podCIDR
        self.pluginDirectory = pluginDirectory
    }

    /// The machine's own address on the bridge: the first of the range.
    public var gateway: String {
        guard let range = AddressRange(podCIDR) else { return "" }
        return AddressRange.text(range.first + 1)
    }
}

/// An IPv4 range in CIDR form.
struct AddressRange: Sendable, Equatable {
    var first: UInt32
    var prefixLength: Int

    init?(_ text: String) {
        let parts = text.split(separator: "/")
        guard parts.count == 2, let length = Int(parts[1]), (0...32).contains(length),
            let address = Self.number(String(parts[0]))
        else { return nil }
        prefixLength = length
        first = length == 0 ? 0 : address & ~(UInt32.max >> UInt32(length))
        if length == 32 { first = address }
    }

    func contains(_ address: String) -> Bool {
        guard let number = Self.number(address) else { return false }
        return prefixLength == 0 || number >> UInt32(32 - prefixLength) == first >> UInt32(32 - prefixLength)
    }

    func overlaps(_ other: AddressRange) -> Bool {
        let shared = min(prefixLength, other.prefixLength)
        return shared == 0 || first >> UInt32(32 - shared) == other.first >> UInt32(32 - shared)
    }

    static func number(_ text: String) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).compactMap { UInt8($0) }
        guard parts.count == 4 else { return nil }
        return parts.reduce(0) { $0 << 8 | UInt32($1) }
    }

    static func text(_ number: UInt32) -> String {
        [24, 16, 8, 0].map { String(number >> $0 & 255) }.joined(separator: ".")
    }
}

/// The network of one pod as recorded on disk.
struct Sandbox: Codable, Sendable, Equatable {
    var podUID: String
    var bootID: String
    /// Path of the network namespace; nil where the pod uses the machine's.
    var namespace: String?
    var address: String
    var ports: [PortMapping] = []
    /// Tells this network and its volumes from those that the pod had before them.
    var id: String?
}

/// One port of the machine that leads to a pod.
struct PortMapping: Codable, Sendable, Equatable {
    var hostPort: Int
    var containerPort: Int
    var `protocol`: String
    var hostIP: String?
}

/// Gives each pod a network namespace and an address by CNI plugins.
struct PodNetwork: Sendable {
    let layout: DiskLayout
    let configuration: NetworkConfiguration
    let mtu: Int

    private var namespaces: String { layout.network + "/ns" }
    var bridge: PodBridge { PodBridge(name: configuration.bridge, podCIDR: configuration.podCIDR, owner: layout.root) }

    /// Makes the bridge with the machine's address, so that services can listen there before the first pod.
    /// - Throws: ``NodeAgentError`` when the bridge or the range of addresses is another node's.
    func prepare() async throws {
        try bridge.check()
        try Files.makeDirectory(namespaces)
        guard let range = AddressRange(configuration.podCIDR) else {
            throw NodeAgentError(.invalid, "\"\(configuration.podCIDR)\" is not an IPv4 range such as 10.88.0.0/16")
        }
        let ip = { (arguments: [String]) in try await Command(program: "ip", arguments: arguments).run() }
        if !Files.exists("/sys/class/net/\(configuration.bridge)") {
            let made = try await ip(["link", "add", configuration.bridge, "type", "bridge"])
            guard made.succeeded || Files.exists("/sys/class/net/\(configuration.bridge)") else {
                throw NodeAgentError(
                    .sandbox, "cannot make the bridge \(configuration.bridge): \(made.complaint); the agent needs root")
            }
        }
        _ = try await ip(
            ["addr", "replace", "\(configuration.gateway)/\(range.prefixLength)", "dev", configuration.bridge])
        _ = try await ip(["link", "set", configuration.bridge, "mtu", String(mtu), "alias", bridge.alias, "up"])
        try Self.set("/proc/sys/net/ipv4/ip_forward", "1")
        // Lets a service whose endpoint is on the machine's loopback be reached from pods; the firewall rules let
        // nothing else through.
        try Self.set("/proc/sys/net/ipv4/conf/\(configuration.bridge)/route_localnet", "1")
    }

    private static func set(_ path: String, _ value: String) throws {
        guard Files.text(path)?.trimmingCharacters(in: .whitespacesAndNewlines) != value else { return }
        guard let handle = FileHandle(forWritingAtPath: path) else {
            throw NodeAgentError(.sandbox, "cannot set \(path) to \(value)")
        }
        try handle.write(contentsOf: Data(value.utf8))
        try handle.close()
    }

    /// Whether a recorded sandbox is still there: same boot, and the namespace still mounted.
    func isAlive(_ sandbox: Sandbox) -> Bool {
        guard sandbox.bootID == Files.bootID else { return false }
        guard let path = sandbox.namespace else { return true }
        // A plain file there means that the mount is gone.
        return Files.mounts(under: path).contains(path)
    }

    func create(_ pod: Pod, nodeAddress: String) async throws -> Sandbox {
        if pod.spec.hostNetwork ?? false {
            return Sandbox(
                podUID: pod.uid, bootID: Files.bootID, namespace: nil, address: nodeAddress, id: UUID().uuidString)
        }
        let path = namespaces + "/" + pod.uid
        let ports = Self.mappings(pod)
        var sandbox = Sandbox(
            podUID: pod.uid, bootID: Files.bootID, namespace: path, address: "", ports: ports, id: UUID().uuidString)
        await remove(sandbox)
        try Files.write([], to: path)
        try await Command(
            program: "unshare", arguments: ["--net=" + path, "ip", "link", "set", "lo", "up"]
        ).check(.sandbox)
        do {
            let result = try await plugin("bridge", "ADD", sandbox, input: bridgeInput())
            let answer = try JSONDecoder().decode(Answer.self, from: Data(result.utf8))
            guard let address = answer.ips?.first?.address.split(separator: "/").first else {
                throw NodeAgentError(.sandbox, "the network plugin gave no address")
            }
            sandbox.address = String(address)
            if !ports.isEmpty { _ = try await plugin("portmap", "ADD", sandbox, input: portInput(sandbox, result: result)) }
        } catch {
            await remove(sandbox)
            throw error
        }
        return sandbox
    }

    /// Gives the address back and takes the namespace away. Safe to repeat.
    func remove(_ sandbox: Sandbox) async {
        guard let path = sandbox.namespace else { return }
        if !sandbox.ports.isEmpty {
            _ = try? await plugin("portmap", "DEL", sandbox, input: portInput(sandbox, result: nil))
        }
        _ = try? await plugin("bridge", "DEL", sandbox, input: bridgeInput())
        Files.unmount(path)
        Files.remove(path)
    }

    /// Takes the bridge away, once nothing is joined to it any more.
    func dismantle() async {
        _ = try? await Command(program: "ip", arguments: ["link", "delete", configuration.bridge]).run()
    }

    private struct Answer: Codable {
        struct Address: Codable { var address: String }
        var ips: [Address]?
    }

    private func plugin(_ name: String, _ command: String, _ sandbox: Sandbox, input: JSONValue) async throws -> String {
        let result = try await Command(
            program: configuration.pluginDirectory + "/" + name,
            environment: [
                "CNI_COMMAND": command, "CNI_CONTAINERID": sandbox.podUID, "CNI_NETNS": sandbox.namespace ?? "",
                "CNI_IFNAME": "eth0", "CNI_PATH": configuration.pluginDirectory,
            ], input: JSONSerializer.bytes(input)
        ).run()
        guard result.succeeded else {
            struct Failure: Codable { var msg: String }
            let said = try? JSONDecoder().decode(Failure.self, from: Data(result.output.utf8)).msg
            throw NodeAgentError(.sandbox, "network plugin \(name): \(said ?? result.complaint)")
        }
        return result.output
    }

    private func bridgeInput() -> JSONValue {
        [
            "cniVersion": "0.4.0", "name": .string(configuration.bridge), "type": "bridge",
            "bridge": .string(configuration.bridge), "isGateway": true, "ipMasq": false, "hairpinMode": true,
            "mtu": .integer(Int64(mtu)),
            "ipam": [
                "type": "host-local", "dataDir": .string(layout.network + "/addresses"),
                "ranges": [[["subnet": .string(configuration.podCIDR)]]], "routes": [["dst": "0.0.0.0/0"]],
            ],
        ]
    }

    private func portInput(_ sandbox: Sandbox, result: String?) -> JSONValue {
        let mappings = sandbox.ports.map { port -> JSONValue in
            var value: JSONValue = [
                "hostPort": .integer(Int64(port.hostPort)), "containerPort": .integer(Int64(port.containerPort)),
                "protocol": .string(port.protocol.lowercased()),
            ]
            if let address = port.hostIP, !address.isEmpty { value["hostIP"] = .string(address) }
            return value
        }
        var input: JSONValue = [
            "cniVersion": "0.4.0", "name": .string(configuration.bridge), "type": "portmap", "snat": true,
            "capabilities": ["portMappings": true], "runtimeConfig": ["portMappings": .array(mappings)],
        ]
        if let result, let previous = try? JSONParser.parse(result) { input["prevResult"] = previous }
        return input
    }

    static func mappings(_ pod: Pod) -> [PortMapping] {
        guard !(pod.spec.hostNetwork ?? false) else { return [] }
        return pod.spec.allContainers.flatMap { $0.ports ?? [] }.compactMap { port in
            guard let host = port.hostPort, host > 0 else { return nil }
            return PortMapping(
                hostPort: host, containerPort: port.containerPort, protocol: port.protocol ?? "TCP", hostIP: port.hostIP)
        }
    }
}
