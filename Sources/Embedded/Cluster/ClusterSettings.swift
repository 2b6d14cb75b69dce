import Foundation

/// Everything about an embedded cluster that has a name or a number on the machine. Kept in the data folder, so that
/// `apus down`, `status` and `doctor` know it without being told again.
public struct ClusterSettings: Codable, Sendable, Hashable {
    /// Absolute path of the folder that holds all of the cluster.
    public var dataDirectory: String
    /// Of the API server on the loopback address and the pod bridge.
    public var port = 6443
    public var gatewayPort = 8088
    public var prometheusPort = 9095
    public var kubeletPort = 10250
    /// Of the name server on the pod bridge; the cluster's DNS address leads to it.
    public var dnsPort = 10053
    public var bridge = "apus0"
    public var podCIDR = "10.88.0.0/16"
    public var serviceCIDR = "10.96.0.0/16"
    /// Address that pods ask for names; nil leaves them the machine's resolver.
    public var clusterDNS: String? = "10.96.0.10"
    public var scrapeIntervalSeconds = 5
    public var nodeName: String

    /// - Parameter dataDirectory: relative ones are relative to the working folder.
    public init(dataDirectory: String = "/var/lib/apus", nodeName: String? = nil) {
        self.dataDirectory = URL(filePath: dataDirectory).standardizedFileURL.path(percentEncoded: false).withoutTrailingSlash
        self.nodeName = nodeName ?? ProcessInfo.processInfo.hostName.lowercased()
    }

    /// What commands about this cluster have to be told, for messages: empty for the usual folder.
    public var dataFlag: String { dataDirectory == Self().dataDirectory ? "" : " --data \(dataDirectory)" }
    public var paths: ClusterPaths { ClusterPaths(root: dataDirectory) }
    public var gatewayURL: String { "http://127.0.0.1:\(gatewayPort)" }
    public var prometheusURL: String { "http://127.0.0.1:\(prometheusPort)" }
    public var serverURL: String { "https://127.0.0.1:\(port)" }
    public var artifactStore: String { "file://\(paths.artifacts)" }

    /// The tenth address of the service range, where upstream's clusters have it too.
    public var defaultDNS: String? {
        let parts = serviceCIDR.split(separator: "/")[0].split(separator: ".")
        return parts.count == 4 ? "\(parts[0]).\(parts[1]).\(parts[2]).10" : nil
    }

    /// The machine's address on the pod bridge: the first of the range.
    var bridgeAddress: String {
        let parts = podCIDR.split(separator: "/")[0].split(separator: ".").compactMap { UInt8($0) }
        guard parts.count == 4 else { return "127.0.0.1" }
        return "\(parts[0]).\(parts[1]).\(parts[2]).\(parts[3] &+ 1)"
    }

    /// - Throws: ``EmbeddedError`` with the flag to change.
    public func validate() throws {
        let ports = [
            ("--port", port), ("--gateway-port", gatewayPort), ("--prometheus-port", prometheusPort),
            ("--kubelet-port", kubeletPort), ("--dns-port", dnsPort),
        ]
        for (flag, value) in ports where !(1...65_535).contains(value) {
            throw EmbeddedError(.invalidSetting, "\(flag) \(value): ports are numbers from 1 to 65535")
        }
        let byPort = Dictionary(grouping: ports) { $0.1 }
        if let (port, flags) = byPort.first(where: { $0.value.count > 1 }) {
            throw EmbeddedError(
                .invalidSetting, "\(flags.map(\.0).joined(separator: " and ")) are both \(port); give each its own port")
        }
        for (flag, range) in [("--pod-cidr", podCIDR), ("--service-cidr", serviceCIDR)] where !Self.isRange(range) {
            throw EmbeddedError(.invalidSetting, "\(flag) \(range) is not an IPv4 range such as 10.88.0.0/16")
        }
        // The kernel's limit for names of interfaces.
        guard (1...15).contains(bridge.utf8.count), bridge.utf8.allSatisfy({ $0 > 32 && $0 != 47 }) else {
            throw EmbeddedError(.invalidSetting, "--bridge \(bridge): names of interfaces have 1 to 15 characters")
        }
        guard scrapeIntervalSeconds >= 1 else {
            throw EmbeddedError(.invalidSetting, "--scrape-interval must be a second or more")
        }
    }

    private static func isRange(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let length = Int(parts[1]), (8...28).contains(length) else { return false }
        let numbers = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers.allSatisfy { UInt8($0) != nil } && numbers[3] == "0"
    }

    /// The settings that the cluster of a data folder was started with last, or nil where there was none.
    public static func load(dataDirectory: String) throws -> ClusterSettings? {
        let path = ClusterSettings(dataDirectory: dataDirectory).paths.settings
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        do {
            return try JSONDecoder().decode(ClusterSettings.self, from: data)
        } catch {
            throw EmbeddedError(.fileAccess, "\(path) is not readable; remove it and start again with apus up", cause: error)
        }
    }

    func save() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try Files.write(try encoder.encode(self), to: paths.settings)
    }
}

extension String {
    fileprivate var withoutTrailingSlash: String { count > 1 && hasSuffix("/") ? String(dropLast()) : self }
}

/// Where things lie in the data folder.
public struct ClusterPaths: Sendable, Hashable {
    public var root: String

    /// For people and kubectl; mode 0600.
    public var kubeconfig: String { root + "/kubeconfig" }
    public var log: String { root + "/apus.log" }
    public var artifacts: String { root + "/artifacts" }
    /// Folder of the copy of this program that pods run.
    public var programs: String { root + "/bin" }
    public var program: String { programs + "/apus" }
    /// Base models and data of examples: what training jobs may name besides the artifact store.
    public var examples: String { root + "/examples" }
    var settings: String { root + "/cluster.json" }
    var lock: String { root + "/apus.pid" }
    var state: String { root + "/state.json" }
    var apiServer: String { root + "/apiserver" }
    var node: String { root + "/node" }
    var credentials: String { root + "/credentials" }
    var prometheus: String { root + "/prometheus" }
}
