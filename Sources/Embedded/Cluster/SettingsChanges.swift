/// What flags say about a cluster; what is nil stays as it was.
public struct SettingsChanges: Sendable, Hashable {
    public var port: Int?
    public var gatewayPort: Int?
    public var prometheusPort: Int?
    public var kubeletPort: Int?
    public var dnsPort: Int?
    public var bridge: String?
    public var podCIDR: String?
    public var serviceCIDR: String?
    /// Address that pods ask for names, or `none`.
    public var nameServer: String?
    public var scrapeIntervalSeconds: Int?
    public var nodeName: String?

    public init() {}
}

extension ClusterSettings {
    /// The settings to start the cluster of a folder with: as it was started last, with what flags change.
    ///
    /// - Throws: ``EmbeddedError`` naming the flag, where the cluster that is there cannot change so.
    public static func starting(dataDirectory: String, changes: SettingsChanges) throws -> ClusterSettings {
        guard var kept = try load(dataDirectory: dataDirectory) else {
            return ClusterSettings(dataDirectory: dataDirectory, nodeName: changes.nodeName).changed(by: changes)
        }
        // The folder may have been moved.
        kept.dataDirectory = ClusterSettings(dataDirectory: dataDirectory).dataDirectory
        let settings = kept.changed(by: changes)
        // The bridge stays until apus down: as long as it is there, pods may be on it.
        try settings.checkChange(from: kept, isUp: Files.exists("/sys/class/net/\(kept.bridge)"))
        return settings
    }

    func changed(by changes: SettingsChanges) -> ClusterSettings {
        var settings = self
        settings.nodeName = changes.nodeName ?? nodeName
        settings.port = changes.port ?? port
        settings.gatewayPort = changes.gatewayPort ?? gatewayPort
        settings.prometheusPort = changes.prometheusPort ?? prometheusPort
        settings.kubeletPort = changes.kubeletPort ?? kubeletPort
        settings.dnsPort = changes.dnsPort ?? dnsPort
        settings.bridge = changes.bridge ?? bridge
        settings.podCIDR = changes.podCIDR ?? podCIDR
        if let range = changes.serviceCIDR, range != serviceCIDR {
            settings.serviceCIDR = range
            settings.clusterDNS = settings.defaultDNS
        }
        if let server = changes.nameServer { settings.clusterDNS = server == "none" ? nil : server }
        settings.scrapeIntervalSeconds = changes.scrapeIntervalSeconds ?? scrapeIntervalSeconds
        return settings
    }

    func checkChange(from kept: ClusterSettings, isUp: Bool) throws {
        guard serviceCIDR == kept.serviceCIDR else {
            throw EmbeddedError(
                .invalidSetting,
                "--service-cidr \(serviceCIDR): the Services of \(dataDirectory) have addresses of \(kept.serviceCIDR), which stay; "
                    + "start another cluster with --data, or forget this one with apus down --purge")
        }
        let fixed = [("--bridge", kept.bridge, bridge), ("--pod-cidr", kept.podCIDR, podCIDR)]
        if isUp, let (flag, old, new) = fixed.first(where: { $0.1 != $0.2 }) {
            throw EmbeddedError(
                .invalidSetting,
                "\(flag) \(new): the pods of \(dataDirectory) are on \(old); stop them with apus down, then start it so")
        }
    }
}
