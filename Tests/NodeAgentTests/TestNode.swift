import ApusTesting
import Foundation
import Glibc
import KubernetesTypes
import Logging
import Synchronization
import Testing

@testable import NodeAgent

/// A node on its own bridge, range and folder, whose cluster is in memory; everything is taken away at the end.
final class TestNode: Sendable {
    let configuration: NodeConfiguration
    let context: NodeContext
    let cluster = MemoryCluster()
    private let manager: Mutex<(PodManager, Task<Void, Never>)?> = Mutex(nil)

    init(change: (inout NodeConfiguration) -> Void = { _ in }) async throws {
        try Machine.requireRoot()
        for program in ["runc", "conmon", "nft", "ip", "skopeo", "umoci"] { _ = try Machine.program(program) }
        let number = Int.random(in: 1...60_000)
        let directory = "/tmp/apus-node-\(getpid())-\(number)"
        var configuration = NodeConfiguration(nodeName: "n1", dataDirectory: directory, bridge: "apt\(number)")
        configuration.network.podCIDR = "10.\(100 + number / 256 % 100).\(number % 256).0/24"
        configuration.backoff = Backoff(base: 0.3, cap: 1)
        configuration.clusterDNS = nil
        change(&configuration)
        self.configuration = configuration
        let facts = NodeFacts(
            name: "n1", address: "127.0.0.1", cpu: 2, memory: .bytes(4 << 30), ephemeralStorage: .bytes(10 << 30))
        var log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        if ProcessInfo.processInfo.environment["APUS_TEST_LOG"] != nil {
            log = Logger(label: "test") { StreamLogHandler.standardError(label: $0) }
        }
        context = NodeContext(configuration: configuration, cluster: cluster, facts: facts, log: log, now: { Date() })
        try context.network.bridge.check()
        try context.layout.prepare()
        try await context.network.prepare()
    }

    /// A node whose addresses nobody else on the machine has: tests of others may run at the same time.
    private static func free(change: (inout NodeConfiguration) -> Void) async throws -> TestNode {
        for _ in 0..<10 {
            do {
                return try await TestNode(change: change)
            } catch let error as NodeAgentError where error.code == .networkTaken {
                continue
            }
        }
        return try await TestNode(change: change)
    }

    /// Runs the body with an agent at work, and cleans up whatever happens.
    static func with(
        change: (inout NodeConfiguration) -> Void = { _ in }, _ body: (TestNode) async throws -> Void
    ) async throws {
        let node = try await free(change: change)
        await node.begin()
        do {
            try await body(node)
        } catch {
            await node.clean()
            throw error
        }
        await node.clean()
    }

    var agent: PodManager { manager.withLock { $0! }.0 }

    /// Starts an agent on the folder, as after a crash of the one before, and gives it the pods of the cluster.
    func begin(listing: Bool = true) async {
        let fresh = PodManager(context: context)
        let task = Task { await fresh.run() }
        manager.withLock { $0 = (fresh, task) }
        await cluster.connect(fresh)
        if listing { await fresh.synchronize(await cluster.allPods()) }
    }

    /// Drops the agent as a kill would: nothing is stopped, nothing is written.
    func crash() async {
        let (_, task) = manager.withLock { $0! }
        task.cancel()
        await task.value
        await cluster.connect(nil)
    }

    func clean() async {
        let current = manager.withLock { $0 }
        await cluster.connect(nil)
        if let (agent, task) = current {
            await agent.stopEverything()
            task.cancel()
        }
        for point in Files.mounts(under: configuration.dataDirectory) { Files.unmount(point) }
        await context.network.dismantle()
        ControlGroups.remove(configuration.cgroupParent)
        Files.remove(configuration.dataDirectory)
    }

    /// Waits until the pod's status is as wished.
    @discardableResult
    func wait(
        _ name: String, seconds: Double = 30, _ what: String = "", until wish: @Sendable (PodStatus) -> Bool
    ) async throws -> PodStatus {
        do {
            return try await eventually("\(name) is \(what)", within: .seconds(seconds)) {
                guard let status = await cluster.pod(name)?.status, wish(status) else { return nil }
                return status
            }
        } catch is NotInTime {
            let status = await cluster.pod(name)?.status
            let text = status.flatMap { try? JSONSerializer.string(JSONValue(encoding: $0)) } ?? "none"
            let said = await cluster.pod(name).map { log($0).joined(separator: "\n") } ?? ""
            let events = await cluster.events.map { "\($0.reason): \($0.message)" }
            throw TestFailure(
                text: "\(name) did not become \(what): \(text)\n\(events.joined(separator: "\n"))\nlog: \(said)")
        }
    }

    func waitUntil(seconds: Double = 20, _ what: String, _ condition: () async -> Bool) async throws {
        try await eventually(what, within: .seconds(seconds), condition)
    }

    func log(_ pod: Pod, _ container: String = "main", attempt: Int = 0) -> [String] {
        let paths = context.layout.attempt(.init(podUID: pod.uid, name: container, attempt: attempt))
        var filter = LogFilter(LogRequest())
        let lines = (Files.read(paths.log) ?? []).split(separator: 0x0A)
        let text = String(decoding: lines.flatMap { filter.take($0) }, as: UTF8.self)
        if text.isEmpty { return [] }
        return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).dropLast(
            text.hasSuffix("\n") ? 1 : 0)
    }
}

struct TestFailure: Error, CustomStringConvertible {
    var text: String
    var description: String { text }
}

/// A cluster in memory with the API server's part in a pod's end.
actor MemoryCluster: Cluster {
    private var pods: [String: Pod] = [:]
    private(set) var events: [PodEvent] = []
    private(set) var reports = 0
    var configMaps: [String: ConfigMap] = [:]
    var secrets: [String: Secret] = [:]
    var serviceList: [Service] = []
    private var agent: PodManager?

    func forgetReports() { reports = 0 }
    func connect(_ agent: PodManager?) { self.agent = agent }
    func pod(_ name: String) -> Pod? { pods[name] }
    func allPods() -> [Pod] { Array(pods.values) }
    func put(_ map: ConfigMap) { configMaps[map.name] = map }
    func put(_ secret: Secret) { secrets[secret.name] = secret }
    func put(_ service: Service) { serviceList.append(service) }

    @discardableResult
    func create(_ pod: Pod) async -> Pod {
        pods[pod.name] = pod
        await agent?.update(pod)
        return pod
    }

    func delete(_ name: String, grace: Int? = nil) async {
        guard var pod = pods[name] else { return }
        let seconds = grace ?? pod.spec.terminationGracePeriodSeconds ?? 30
        if seconds == 0 {
            pods[name] = nil
            await agent?.remove(uid: pod.uid)
            return
        }
        pod.metadata.deletionTimestamp = Timestamp(Date().addingTimeInterval(Double(seconds)))
        pod.metadata.deletionGracePeriodSeconds = seconds
        pods[name] = pod
        await agent?.update(pod)
    }

    func configMap(namespace: String, name: String) async throws -> ConfigMap? { configMaps[name] }
    func secret(namespace: String, name: String) async throws -> Secret? { secrets[name] }
    func token(for pod: Pod, audience: String?, expirationSeconds: Int) async throws -> IssuedToken {
        IssuedToken(token: "token-of-\(pod.spec.serviceAccountName ?? "default")", expires: Date().addingTimeInterval(3600))
    }
    func services() async -> [Service] { serviceList }

    func report(_ status: PodStatus, of pod: Pod) async throws {
        guard pods[pod.name]?.uid == pod.uid else { return }
        pods[pod.name]?.status = status
        reports += 1
        if let changed = pods[pod.name] { await agent?.update(changed) }
    }

    func confirmDeletion(of pod: Pod) async throws {
        guard pods[pod.name]?.uid == pod.uid else { return }
        pods[pod.name] = nil
        await agent?.remove(uid: pod.uid)
    }

    func record(_ event: PodEvent, on pod: Pod) async { events.append(event) }
}

/// A pod of one container that runs a shell script in the machine's own root.
func shellPod(
    _ name: String, _ script: String, restartPolicy: String = "Never", change: (inout Pod) -> Void = { _ in }
) -> Pod {
    var container = Container()
    container.name = "main"
    container.image = ImageStore.hostImage
    container.command = ["/bin/sh", "-c", script]
    var pod = Pod()
    pod.metadata.name = name
    pod.metadata.namespace = "default"
    pod.metadata.uid = UUID().uuidString.lowercased()
    pod.spec.nodeName = "n1"
    pod.spec.restartPolicy = restartPolicy
    pod.spec.terminationGracePeriodSeconds = 2
    pod.spec.containers = [container]
    change(&pod)
    return pod
}

extension PodStatus {
    var main: ContainerStatus? { containerStatuses?.first }
    func holds(_ condition: String) -> Bool { conditions?.first { $0.type == condition }?.status == "True" }
}
