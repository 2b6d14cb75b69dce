import Foundation

/// How one node is run. Everything with a name or a port on the machine can be changed, so that several agents can share a machine.
public struct NodeConfiguration: Sendable {
    /// The node's name in the cluster.
    public var nodeName: String
    /// Where pods, images, logs and records are kept.
    public var dataDirectory: String
    public var network = NetworkConfiguration()
    /// Cluster IPs are taken from this range.
    public var serviceCIDR = "10.96.0.0/16"
    /// Where pods ask for names; nil to leave them the machine's resolver.
    public var clusterDNS: String? = "10.96.0.10"
    public var clusterDomain = "cluster.local"
    /// The port on the bridge that the name server listens on; the cluster's DNS address leads to it.
    public var dnsPort = 10053
    /// Where the kubelet endpoints listen; nil for the machine's address on the bridge. It is also the node's address.
    public var kubeletAddress: String?
    public var kubeletPort = 10250
    /// PEM for the kubelet endpoints; without them the agent makes a certificate of its own.
    public var kubeletCertificate: (certificate: String, key: String)?
    /// Bearer tokens that the kubelet endpoints accept besides those that the API server vouches for.
    public var kubeletTokens: [String] = []
    /// PEM of the CA whose client certificates the kubelet endpoints accept.
    public var kubeletClientCA: String?
    public var maxPods = 110
    /// Resources such as `example.com/fpga` that the node offers, beside those it finds.
    public var extendedResources: [String: Int] = [:]
    /// Device files of the graphics cards that pods may ask for as `nvidia.com/gpu`; nil for those of `/dev`.
    public var graphicsDevices: [String]?
    /// Labels and taints set at registration.
    public var labels: [String: String] = [:]
    /// In kubectl's form: `key=value:Effect`.
    public var taints: [String] = []
    /// Registries (`host:port`) that speak plain HTTP or have untrusted certificates.
    public var insecureRegistries: [String] = []
    /// Whether pods may name images in local archives (`oci:`, `oci-archive:`, `docker-archive:`, `dir:`).
    public var allowsLocalArchives = true
    /// Places of the machine's own root that containers of `localhost/host` do not see, beside homes and temporary folders.
    public var hiddenPaths: [String] = []
    /// The cgroup under which all containers of this node are.
    public var cgroupParent: String
    /// Below this share of free disk space the node reports disk pressure and takes no new pods.
    public var diskPressureFraction = 0.05
    /// When images that nobody uses are taken away.
    var imageCollection = ImageCollection()
    /// Whether cluster IPs and names are served by this node.
    public var servesNetwork = true
    /// Log files are rotated at this size in bytes; one older file is kept.
    public var logBytes = 10 << 20
    /// Pods beyond this many processes and threads in a container fail to start more; nil for no limit.
    public var pidLimit: Int?

    var backoff = Backoff()

    /// - Parameters:
    ///   - nodeName: default: the machine's name in lower case.
    ///   - dataDirectory: made when missing.
    public init(nodeName: String? = nil, dataDirectory: String = "/var/lib/apus/node", bridge: String = "apus0") {
        self.nodeName = nodeName ?? ProcessInfo.processInfo.hostName.lowercased()
        self.dataDirectory = dataDirectory
        network.bridge = bridge
        cgroupParent = "/apus-" + bridge
    }
}

extension NodeConfiguration {
    /// The cards that are handed out. A number announced as `nvidia.com/gpu` without any card stands for cards that are not
    /// there: containers are told which are theirs and get no device file.
    var cards: [String] {
        let present = graphicsDevices ?? Machine.graphicsProcessors
        let announced = extendedResources[DeviceStore.resource] ?? present.count
        guard announced > present.count else { return Array(present.prefix(announced)) }
        return present.isEmpty ? (0..<announced).map { "/dev/nvidia\($0)" } : present
    }

    /// The node's address as others see it.
    var nodeAddress: String {
        guard let address = kubeletAddress else { return network.gateway }
        return address == "0.0.0.0" ? Machine.address() : address
    }
}
