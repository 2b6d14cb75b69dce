import ApusAPI
import ApusTesting
import Exposition
import Foundation
import KubernetesClient
import KubernetesTypes
import Logging
import Prometheus
import ServiceLifecycle
import Testing

@testable import Embedded

/// The real thing with its own data folder, ports and bridge: started, looked at, stopped, cleaned up.
@Suite(.serialized) struct ClusterTests {
    static func settings() throws -> ClusterSettings {
        let number = Int(ProcessInfo.processInfo.processIdentifier)
        let folder = FileManager.default.temporaryDirectory.appending(path: "apus-up-\(UUID().uuidString.prefix(8))").path
        var settings = ClusterSettings(dataDirectory: folder, nodeName: "testnode")
        let ports = try Machine.freePorts(5)
        settings.port = ports[0]
        settings.gatewayPort = ports[1]
        settings.prometheusPort = ports[2]
        settings.kubeletPort = ports[3]
        settings.dnsPort = ports[4]
        settings.bridge = "apt\(number)"
        settings.podCIDR = "10.\(130 + number % 60).0.0/16"
        settings.serviceCIDR = "10.\(190 + number % 60).0.0/16"
        settings.clusterDNS = settings.defaultDNS
        return settings
    }

    static var logger: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .error
        return logger
    }

    static func start(_ settings: ClusterSettings) -> (ServiceGroup, Task<Void, any Error>) {
        let cluster = EmbeddedCluster(settings: settings, metrics: ProcessRegistry.shared, logger: logger) { _ in }
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: cluster, successTerminationBehavior: .gracefullyShutdownGroup)], logger: logger))
        return (group, Task.detached { try await group.run() })
    }

    @Test(.timeLimit(.minutes(3))) func startsWorksStopsAndStartsAgain() async throws {
        try Machine.requireRoot()
        for program in ["runc", "conmon", "prometheus", "nft", "ip"] { _ = try Machine.program(program) }
        let settings = try Self.settings()
        let shutdown = ClusterShutdown(dataDirectory: settings.dataDirectory, purges: true, logger: Self.logger)
        do {
            try await use(settings)
        } catch {
            try? await shutdown.run { _ in }
            throw error
        }
        try await shutdown.run { _ in }
        #expect(!FileManager.default.fileExists(atPath: settings.dataDirectory))
        #expect(!FileManager.default.fileExists(atPath: "/sys/class/net/\(settings.bridge)"))
        // Once more is no mistake.
        try await shutdown.run { _ in }
    }

    private func use(_ settings: ClusterSettings) async throws {
        for round in 1...2 {
            let (group, task) = Self.start(settings)
            try await eventually("the cluster is ready in round \(round)", within: .seconds(60)) {
                let state = ClusterState.load(settings.paths)
                if state?.phase == .failed { throw EmbeddedError(.partFailed, state?.message ?? "") }
                return state?.phase == .ready
            }
            try await examine(settings)
            try await refuseNeighbour(on: settings)
            await group.triggerGracefulShutdown()
            try await task.value
            for port in PortCheck.ports(of: settings) { #expect(PortCheck.isFree(port.number), "\(port.purpose)") }
            #expect(try await ClusterStatus.gather(dataDirectory: settings.dataDirectory).exitCode == 3)
        }
    }

    /// A second cluster on the same bridge is refused, and stopping it takes nothing of the first's away.
    private func refuseNeighbour(on settings: ClusterSettings) async throws {
        var second = try Self.settings()
        (second.bridge, second.podCIDR) = (settings.bridge, settings.podCIDR)
        let cluster = EmbeddedCluster(settings: second, logger: Self.logger) { _ in }
        let error = await #expect(throws: (any Error).self) { try await cluster.run() }
        #expect("\(error.map { "\($0)" } ?? "")".contains("--bridge"))
        try second.save()
        try await ClusterShutdown(dataDirectory: second.dataDirectory, purges: true, logger: Self.logger).run { _ in }
        #expect(FileManager.default.fileExists(atPath: "/sys/class/net/\(settings.bridge)"))
    }

    private func examine(_ settings: ClusterSettings) async throws {
        let mode = try FileManager.default.attributesOfItem(atPath: settings.paths.kubeconfig)[.posixPermissions] as? NSNumber
        #expect(mode?.intValue == 0o600)
        let status = try await ClusterStatus.gather(dataDirectory: settings.dataDirectory)
        #expect(status.exitCode == 0, "\(status.lines().joined(separator: "\n"))")

        let client = try Client(.kubeconfig(path: settings.paths.kubeconfig))
        for definition in ApusAPI.definitions { _ = try await client.list(definition.type) }
        #expect(try await client.list(Node.self).items.map(\.name) == ["testnode"])
        try await client.shutdown()

        // Each part has rights of its own, and no more.
        let gateway = try Client(.kubeconfig(path: "\(settings.paths.credentials)/gateway.kubeconfig"))
        _ = try await gateway.list(InferenceService.self)
        await #expect(throws: StatusError.self) { try await gateway.list(Secret.self) }
        try await gateway.shutdown()

        // Prometheus finds the gateway, whose buckets are asked for where servers count none.
        let prometheus = try PrometheusClient(address: settings.prometheusURL)
        try await eventually("the gateway is scraped", within: .seconds(30)) {
            let up = try? await prometheus.query("count(up{job=~\"apus|apus-gateway\"} == 1)").number()
            return up == 2
        }
        try await eventually("the controllers' work is counted", within: .seconds(30)) {
            let looks = try? await prometheus.query("sum(apus_reconcile_total{job=\"apus\"})").number()
            return (looks ?? 0) > 0
        }

        let second = EmbeddedCluster(settings: settings, logger: Self.logger) { _ in }
        let error = await #expect(throws: EmbeddedError.self) { try await second.run() }
        #expect(error?.code == .alreadyRunning)
    }
}
