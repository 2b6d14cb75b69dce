import Foundation
import Logging

/// What every pod on a node shares: the disk, the runtime, images, network, volumes and the way to the cluster.
struct NodeContext: Sendable {
    var configuration: NodeConfiguration
    var layout: DiskLayout
    var runtime: ContainerRuntime
    var images: ImageStore
    var network: PodNetwork
    var volumes: VolumeStore
    var devices: DeviceStore
    var cluster: any Cluster
    var facts: NodeFacts
    var dns: PodFiles.DNS
    var planner: PodPlanner
    var now: @Sendable () -> Date
    var log: Logger

    init(
        configuration: NodeConfiguration, cluster: any Cluster, facts: NodeFacts, log: Logger, now: @escaping @Sendable () -> Date
    ) {
        self.configuration = configuration
        self.cluster = cluster
        self.facts = facts
        self.log = log
        self.now = now
        layout = DiskLayout(root: configuration.dataDirectory)
        runtime = ContainerRuntime(layout: layout, now: now)
        images = ImageStore(
            layout: layout, insecureRegistries: configuration.insecureRegistries,
            allowsLocalArchives: configuration.allowsLocalArchives, now: now)
        network = PodNetwork(layout: layout, configuration: configuration.network, mtu: Machine.mtu())
        volumes = VolumeStore(layout: layout)
        devices = DeviceStore(layout: layout, devices: configuration.cards)
        dns = PodFiles.DNS(
            clusterAddress: configuration.clusterDNS, clusterDomain: configuration.clusterDomain,
            host: Files.text("/etc/resolv.conf") ?? "")
        planner = PodPlanner(backoff: configuration.backoff)
    }
}
