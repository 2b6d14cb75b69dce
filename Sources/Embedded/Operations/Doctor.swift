import Foundation
import KubernetesClient
public import KubernetesTypes

/// `apus doctor`: what the machine lacks and what is wrong with its cluster, each with what to do.
public struct Doctor: Sendable {
    public struct Check: Sendable, Hashable {
        public enum Outcome: String, Sendable {
            case good = "ok  "
            case note = "note"
            case wrong = "FAIL"
        }

        public var outcome: Outcome
        public var subject: String
        public var finding: String

        public var line: String { "\(outcome.rawValue)  \(subject): \(finding)" }

        /// The same for programs; `outcome` is good, note or wrong.
        public var document: JSONValue {
            ["outcome": .string("\(outcome)"), "subject": .string(subject), "finding": .string(finding)]
        }
    }

    private let dataDirectory: String

    public init(dataDirectory: String) { self.dataDirectory = dataDirectory }

    public func examine() async throws -> [Check] {
        let settings = try ClusterSettings.load(dataDirectory: dataDirectory) ?? ClusterSettings(dataDirectory: dataDirectory)
        let holder = InstanceLock.holder(settings.paths)
        var checks = [Self.privilege]
        checks += Prerequisites.programs.map(Self.program)
        checks.append(Self.trainingEnvironment)
        checks.append(Self.space(settings.dataDirectory))
        checks.append(Self.limits)
        if holder == nil {
            let leftover = PrometheusProcess.leftover(settings.paths)?.pid
            checks += PortCheck.ports(of: settings).map { Self.port($0, leftover: leftover) }
            checks.append(Self.network(settings))
            checks.append(
                Check(outcome: .note, subject: "cluster", finding: "none runs in \(settings.dataDirectory); apus up starts one"))
        } else {
            checks += await Self.cluster(settings)
        }
        return checks
    }

    // MARK: The machine

    private static var privilege: Check {
        geteuid() == 0
            ? Check(outcome: .good, subject: "root", finding: "pods can be run here")
            : Check(outcome: .wrong, subject: "root", finding: "pods need root on this machine; run apus with sudo")
    }

    private static func program(_ program: Prerequisites.Program) -> Check {
        if let path = Prerequisites.find(program) { return Check(outcome: .good, subject: program.name, finding: path) }
        return Check(outcome: .wrong, subject: program.name, finding: "not installed; apt-get install \(program.package)")
    }

    private static var trainingEnvironment: Check {
        let python = "/opt/apus/python/bin/python"
        return Files.exists(python)
            ? Check(outcome: .good, subject: "training environment", finding: python)
            : Check(
                outcome: .note, subject: "training environment",
                finding: "\(python) is missing; hack/python-environment makes it (the runtime huggingface needs it)")
    }

    private static func space(_ folder: String) -> Check {
        var path = folder
        while !Files.exists(path), path != "/" { path = URL(filePath: path).deletingLastPathComponent().path }
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: path)
        guard let free = (attributes?[.systemFreeSize] as? NSNumber)?.int64Value else {
            return Check(outcome: .note, subject: "disk", finding: "free space of \(path) is not known")
        }
        let gibibytes = Double(free) / Double(1 << 30)
        let text = String(format: "%.1f GiB free on the disk of %@", gibibytes, folder)
        return gibibytes >= 2
            ? Check(outcome: .good, subject: "disk", finding: text)
            : Check(outcome: .wrong, subject: "disk", finding: text + "; a training job needs 2 or more")
    }

    private static var limits: Check {
        let hasVersion2 = Files.text("/sys/fs/cgroup/cgroup.controllers")?.contains("memory") == true
        let hasVersion1 = Files.exists("/sys/fs/cgroup/memory/memory.limit_in_bytes")
        return hasVersion2 || hasVersion1
            ? Check(outcome: .good, subject: "limits", finding: "cgroup version \(hasVersion2 ? 2 : 1)")
            : Check(
                outcome: .note, subject: "limits",
                finding: "this machine has no memory cgroup; limits of pods are not enforced, and pods say so")
    }

    /// - Parameter leftover: a process that a killed `apus up` left behind, which the next one ends.
    private static func port(_ port: PortCheck.Port, leftover: Int32?) -> Check {
        if PortCheck.isFree(port.number) {
            return Check(outcome: .good, subject: "port \(port.number)", finding: "free for the \(port.purpose)")
        }
        let holder = PortOwner.find(port.number)
        if let holder, holder.pid == leftover {
            return Check(
                outcome: .good, subject: "port \(port.number)",
                finding: "the \(port.purpose) of the cluster that was killed has it; apus up ends that, or apus down")
        }
        let owner = holder.map { "process \($0.pid) (\($0.name))" } ?? "another process"
        return Check(
            outcome: .wrong, subject: "port \(port.number)",
            finding: "taken by \(owner); stop it or start apus up with another \(port.flag)")
    }

    private static func network(_ settings: ClusterSettings) -> Check {
        do {
            try NodePart.checkNetwork(settings)
            return Check(outcome: .good, subject: "network", finding: "pods can have \(settings.bridge) and \(settings.podCIDR)")
        } catch {
            return Check(outcome: .wrong, subject: "network", finding: "\(error)")
        }
    }

    // MARK: The cluster

    private static func cluster(_ settings: ClusterSettings) async -> [Check] {
        var checks: [Check] = []
        let state = ClusterState.load(settings.paths)
        for part in state?.parts ?? [] {
            let isGood = part.state == "Ready"
            checks.append(
                Check(
                    outcome: isGood ? .good : .wrong, subject: part.name,
                    finding: isGood
                        ? part.detail : "\(part.state): \(part.detail); see the output of apus up or \(settings.paths.log)"))
        }
        do {
            let client = try Client(
                .kubeconfig(path: settings.paths.kubeconfig), options: .init(requestTimeout: .seconds(5), maximumTries: 1))
            let pods = try? await client.list(Pod.self).items
            let nodes = try? await client.list(Node.self).items
            try await client.shutdown()
            checks +=
                nodes.map(Self.nodes) ?? [
                    Check(
                        outcome: .wrong, subject: "API server",
                        finding: "does not answer at \(settings.serverURL); start apus up again")
                ]
            checks += (pods ?? []).compactMap(Self.pod)
        } catch {
            checks.append(
                Check(outcome: .wrong, subject: "kubeconfig", finding: "\(error); start apus up again, which writes it anew"))
        }
        return checks
    }

    private static func nodes(_ nodes: [Node]) -> [Check] {
        nodes.map { node in
            let ready = node.status?.conditions?.first { $0.type == "Ready" }
            let pressures = (node.status?.conditions ?? []).filter { $0.type != "Ready" && $0.status == "True" }.map(\.type)
            let isGood = ready?.status == "True" && pressures.isEmpty
            let why = ([ready?.status == "True" ? nil : ready?.message ?? "not ready"] + pressures).compactMap(\.self)
            return Check(
                outcome: isGood ? .good : .wrong, subject: "node \(node.name)",
                finding: isGood ? "ready" : why.joined(separator: ", "))
        }
    }

    /// Pods that wait for something that will not come by itself.
    private static func pod(_ pod: Pod) -> Check? {
        let statuses = (pod.status?.initContainerStatuses ?? []) + (pod.status?.containerStatuses ?? [])
        let harmless: Set<String> = ["PodInitializing", "ContainerCreating", ""]
        guard let waiting = statuses.compactMap({ $0.state?.waiting }).first(where: { !harmless.contains($0.reason ?? "") })
        else { return nil }
        return Check(
            outcome: .note, subject: "pod \(pod.namespace)/\(pod.name)",
            finding: "\(waiting.reason ?? ""): \(waiting.message ?? ""); kubectl -n \(pod.namespace) describe pod \(pod.name)")
    }
}
