import Foundation
import KubernetesClient
import KubernetesTypes
import Logging

/// What a node says of itself, from facts gathered by the caller. Pure.
enum NodeDescription {
    struct Pressure: Sendable, Equatable {
        var disk: Bool
        var memory: Bool
        var pids: Bool
        /// Whether limits on memory and CPU are in force on this machine.
        var hasLimits: Bool
        /// Why pods cannot be run here at all, if so.
        var problem: String?
    }

    static func labels(_ configuration: NodeConfiguration) -> [String: String] {
        var labels = [
            "kubernetes.io/hostname": configuration.nodeName, "kubernetes.io/arch": Machine.architecture,
            "kubernetes.io/os": "linux", "beta.kubernetes.io/arch": Machine.architecture, "beta.kubernetes.io/os": "linux",
        ]
        labels.merge(configuration.labels) { $1 }
        return labels
    }

    /// - Parameter text: `key=value:Effect` or `key:Effect`, as kubectl writes taints.
    static func taint(_ text: String) -> Taint? {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2, ["NoSchedule", "PreferNoSchedule", "NoExecute"].contains(parts[1]) else { return nil }
        let pair = parts[0].split(separator: "=", maxSplits: 1).map(String.init)
        guard let key = pair.first, !key.isEmpty else { return nil }
        return Taint(effect: parts[1], key: key, value: pair.count > 1 ? pair[1] : nil)
    }

    static func status(
        _ configuration: NodeConfiguration, _ facts: NodeFacts, pressure: Pressure, images: [ContainerImage],
        before: NodeStatus?, now: Date
    ) -> NodeStatus {
        let capacity = NodeCapacity.capacity(configuration, facts)
        var status = NodeStatus()
        status.addresses = [
            NodeAddress(address: facts.address, type: "InternalIP"),
            NodeAddress(address: configuration.nodeName, type: "Hostname"),
        ]
        status.capacity = capacity
        status.allocatable = capacity
        status.conditions = conditions(pressure, before: before?.conditions ?? [], now: now)
        status.daemonEndpoints = NodeDaemonEndpoints(kubeletEndpoint: DaemonEndpoint(Port: configuration.kubeletPort))
        status.images = images
        status.nodeInfo = NodeSystemInfo(
            architecture: Machine.architecture, bootID: Files.bootID, containerRuntimeVersion: "runc://1.1",
            kernelVersion: Machine.kernel, kubeProxyVersion: "", kubeletVersion: "v1.36.0-apus", machineID: Machine.machineID,
            operatingSystem: "linux", osImage: Machine.operatingSystem, systemUUID: Machine.machineID)
        return status
    }

    private static func conditions(_ pressure: Pressure, before: [NodeCondition], now: Date) -> [NodeCondition] {
        func condition(_ type: String, _ holds: Bool, _ reason: String, _ message: String) -> NodeCondition {
            let value = holds ? "True" : "False"
            let old = before.first { $0.type == type }
            let changed = old?.status == value ? old?.lastTransitionTime : nil
            return NodeCondition(
                lastHeartbeatTime: Timestamp(now), lastTransitionTime: changed ?? Timestamp(now), message: message,
                reason: reason, status: value, type: type)
        }
        var result = [
            pressure.memory
                ? condition("MemoryPressure", true, "KubeletHasInsufficientMemory", "the machine has little free memory")
                : condition("MemoryPressure", false, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
            pressure.disk
                ? condition(
                    "DiskPressure", true, "KubeletHasDiskPressure",
                    "the disk of the data directory is nearly full; new pods are refused until space is freed")
                : condition("DiskPressure", false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            pressure.pids
                ? condition("PIDPressure", true, "KubeletHasInsufficientPID", "the machine has few process ids left")
                : condition("PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ]
        if !pressure.hasLimits {
            result.append(
                condition(
                    "LimitsNotEnforced", true, "NoResourceControllers",
                    "the machine mounts no memory and cpu cgroup controllers; limits on containers have no effect"))
        }
        result.append(
            pressure.problem.map { condition("Ready", false, "KubeletNotReady", $0) }
                ?? condition("Ready", true, "KubeletReady", "kubelet is posting ready status"))
        return result
    }
}

/// Registers the node, keeps its status current and its lease renewed.
struct NodeRegistration: Sendable {
    let configuration: NodeConfiguration
    let cluster: KubernetesCluster
    let facts: NodeFacts
    let images: ImageStore
    let log: Logger
    let now: @Sendable () -> Date

    private var client: Client { cluster.client }
    static let leaseSeconds = 40

    /// Until cancelled: the lease every 10 s, the status when it changes and every minute.
    func run() async {
        var statusAt = Date.distantPast
        var last: NodeStatus?
        while !Task.isCancelled {
            do {
                try await renewLease()
                let pressure = await pressure()
                let current = last.map { Self.differs($0.conditions ?? [], pressure) } ?? true
                if current || now().timeIntervalSince(statusAt) > 60 {
                    last = try await writeStatus(pressure)
                    statusAt = now()
                }
            } catch let error as StatusError where error.isConflict {
                // Somebody else wrote to the node between our reading and our writing, as its controllers do when it is new.
                try? await Task.sleep(for: .milliseconds(20))
                continue
            } catch {
                log.warning("cannot report the node", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
                continue
            }
            try? await Task.sleep(for: .seconds(10))
        }
    }

    private static func differs(_ conditions: [NodeCondition], _ pressure: NodeDescription.Pressure) -> Bool {
        func holds(_ type: String) -> Bool { conditions.first { $0.type == type }?.status == "True" }
        return holds("DiskPressure") != pressure.disk || holds("MemoryPressure") != pressure.memory
            || holds("PIDPressure") != pressure.pids || holds("Ready") != (pressure.problem == nil)
    }

    private func pressure() async -> NodeDescription.Pressure {
        let processes = Files.list("/proc").count { $0.allSatisfy(\.isNumber) }
        let limit = Int((Files.text("/proc/sys/kernel/pid_max") ?? "").trimmingCharacters(in: .whitespacesAndNewlines)) ?? 32_768
        return NodeDescription.Pressure(
            disk: DiskSpace.isShort(configuration), memory: Machine.availableMemory < 100 << 20, pids: processes > limit * 9 / 10,
            hasLimits: ControlGroups.hasLimits, problem: nil)
    }

    private func writeStatus(_ pressure: NodeDescription.Pressure) async throws -> NodeStatus {
        let node = try await client.find(Node.self, configuration.nodeName)
        let all = await images.all()
        let listed = all.map { ContainerImage(names: [$0.key], sizeBytes: $0.value.sizeBytes) }
            .sorted { ($0.names?.first ?? "") < ($1.names?.first ?? "") }
        let status = NodeDescription.status(
            configuration, facts, pressure: pressure, images: listed, before: node?.status, now: now())
        let body: JSONValue = ["status": try JSONValue(encoding: status)]
        if let node {
            let wanted = NodeDescription.labels(configuration)
            if !wanted.allSatisfy({ node.metadata.labels?[$0.key] == $0.value }) {
                let labels = JSONValue.object(wanted.mapValues { .string($0) })
                try await client.patch(Node.resourceType, node.key, .merge(["metadata": ["labels": labels]]))
            }
        } else {
            var fresh = Node(metadata: ObjectMeta(labels: NodeDescription.labels(configuration), name: configuration.nodeName))
            fresh.spec.podCIDR = configuration.network.podCIDR
            fresh.spec.podCIDRs = [configuration.network.podCIDR]
            let taints = configuration.taints.compactMap(NodeDescription.taint)
            if !taints.isEmpty { fresh.spec.taints = taints }
            try await client.create(fresh)
            log.info("registered the node", metadata: ["node": "\(configuration.nodeName)"])
        }
        try await client.patch(
            Node.resourceType, ObjectKey(name: configuration.nodeName), .strategic(body), subresource: "status")
        return status
    }

    private func renewLease() async throws {
        let time = MicroTimestamp(now())
        let key = ObjectKey(namespace: "kube-node-lease", name: configuration.nodeName)
        let change: JSONValue = [
            "spec": [
                "holderIdentity": .string(configuration.nodeName), "leaseDurationSeconds": .integer(Int64(Self.leaseSeconds)),
                "renewTime": .string(time.description),
            ]
        ]
        do {
            try await client.patch(Lease.resourceType, key, .merge(change))
        } catch let error as StatusError where error.isNotFound {
            do {
                try await client.create(
                    Lease(
                        metadata: ObjectMeta(name: key.name, namespace: key.namespace),
                        spec: LeaseSpec(
                            holderIdentity: configuration.nodeName, leaseDurationSeconds: Self.leaseSeconds, renewTime: time)))
            } catch let error as StatusError where error.isNotFound || error.isForbidden || error.isAlreadyExists {
                log.debug("cannot make the lease yet", metadata: ["error": "\(error)"])
            }
        }
    }
}
