import ApusAPI
import Foundation
import KubernetesClient
public import KubernetesTypes

/// What `apus status` tells: the parts as the running program describes itself, and what the API server counts.
public struct ClusterStatus: Sendable {
    public enum Health: String, Sendable {
        case healthy = "Healthy"
        case degraded = "Degraded"
        case stopped = "Stopped"
    }

    struct Count: Sendable, Hashable {
        var kind: String
        var total: Int
        /// By phase: `Running`, `Succeeded`, ….
        var phases: [String: Int]
    }

    public var health: Health
    var settings: ClusterSettings
    var state: ClusterState?
    var counts: [Count] = []
    var problem: String?

    /// 0 healthy, 1 degraded, 3 not running.
    public var exitCode: Int32 {
        switch health {
        case .healthy: 0
        case .degraded: 1
        case .stopped: 3
        }
    }

    public static func gather(dataDirectory: String) async throws -> ClusterStatus {
        let settings = try ClusterSettings.load(dataDirectory: dataDirectory) ?? ClusterSettings(dataDirectory: dataDirectory)
        guard FileManager.default.isReadableFile(atPath: settings.paths.state) || !Files.exists(settings.paths.state) else {
            throw EmbeddedError(.notPrivileged, "\(settings.paths.state) cannot be read; ask with sudo")
        }
        guard let state = ClusterState.load(settings.paths), state.phase != .failed else {
            let failed = ClusterState.load(settings.paths)?.message
            return ClusterStatus(health: .stopped, settings: settings, problem: failed)
        }
        var status = ClusterStatus(health: .healthy, settings: settings, state: state)
        if state.phase != .ready || state.parts.contains(where: { $0.state != "Ready" }) { status.health = .degraded }
        do {
            status.counts = try await count(settings)
        } catch {
            status.health = .degraded
            status.problem = "the API server does not answer: \(error)"
        }
        return status
    }

    private static func count(_ settings: ClusterSettings) async throws -> [Count] {
        let client = try Client(
            .kubeconfig(path: settings.paths.kubeconfig), options: .init(requestTimeout: .seconds(5), maximumTries: 1))
        do {
            var counts: [Count] = []
            let types = [Pod.resourceType] + ApusAPI.definitions.map(\.type)
            for type in types {
                let list = try await client.list(type)
                guard !list.items.isEmpty || type == Pod.resourceType else { continue }
                let phases = list.items.compactMap { $0.value["status"]?["phase"]?.string }
                counts.append(
                    Count(
                        kind: type.kind, total: list.items.count, phases: Dictionary(phases.map { ($0, 1) }, uniquingKeysWith: +))
                )
            }
            try await client.shutdown()
            return counts
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    // MARK: As text

    /// Lines for people.
    public func lines(isWide: Bool = false) -> [String] {
        guard let state else {
            var lines = ["No cluster runs in \(settings.dataDirectory). Start one with apus up\(settings.dataFlag)."]
            if Files.exists(settings.paths.settings), Files.exists("/sys/class/net/\(settings.bridge)") {
                lines.append("Its pods go on meanwhile: apus up takes them over, apus down\(settings.dataFlag) stops them.")
            }
            if let problem { lines.append("The last start failed: \(problem)") }
            return lines
        }
        let minutes = Int(max(0, -state.startTime.timeIntervalSinceNow)) / 60
        var lines = [
            "\(health.rawValue): apus \(state.version), process \(state.pid ?? 0), for \(minutes) min, data in \(settings.dataDirectory)"
        ]
        if let problem { lines.append(problem) }
        let width = (state.parts.map(\.name.count).max() ?? 0) + 2
        for part in state.parts {
            let restarts = part.restarts > 0 ? " (started again \(part.restarts) times)" : ""
            lines.append("  \(Self.padded(part.name, width))\(Self.padded(part.state, 12))\(part.detail)\(restarts)")
        }
        for count in counts {
            let phases = count.phases.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            lines.append("  \(Self.padded(count.kind, 24))\(count.total)\(phases.isEmpty ? "" : "  (\(phases))")")
        }
        if isWide {
            lines.append("  kubeconfig  \(settings.paths.kubeconfig)")
            lines.append("  gateway     \(settings.gatewayURL)")
            lines.append("  Prometheus  \(settings.prometheusURL)")
            lines.append("  artifacts   \(settings.artifactStore)")
        }
        return lines
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    /// The same for programs.
    public var document: JSONValue {
        var value: JSONValue = [
            "health": .string(health.rawValue), "data": .string(settings.dataDirectory),
            "addresses": [
                "apiServer": .string(settings.serverURL), "gateway": .string(settings.gatewayURL),
                "prometheus": .string(settings.prometheusURL), "kubeconfig": .string(settings.paths.kubeconfig),
                "artifacts": .string(settings.artifactStore),
            ],
        ]
        if let problem { value["problem"] = .string(problem) }
        guard let state else { return value }
        value["version"] = .string(state.version)
        value["process"] = .integer(Int64(state.pid ?? 0))
        value["startTime"] = .string(Timestamp(state.startTime).description)
        value["parts"] = .array(
            state.parts.map {
                [
                    "name": .string($0.name), "state": .string($0.state), "detail": .string($0.detail),
                    "restarts": .integer(Int64($0.restarts)),
                ]
            })
        value["objects"] = .array(
            counts.map {
                [
                    "kind": .string($0.kind), "total": .integer(Int64($0.total)),
                    "phases": .object($0.phases.mapValues { .integer(Int64($0)) }),
                ]
            })
        return value
    }
}
