import ApusAPI
import KubernetesClient
import KubernetesTypes

/// Logs of pods, by what people call them: a job, a service, a pod.
public struct LogReader: Sendable {
    public struct Options: Sendable {
        public var container: String?
        public var isFollowing = false
        public var tailLines: Int?
        /// Of a training job: the attempt, the newest where it is nil.
        public var attempt: Int?
        /// Of a training job: the replica.
        public var rank = 0

        public init() {}
    }

    private let cluster: ClusterConnection
    private let namespace: String
    private let options: Options

    public init(_ cluster: ClusterConnection, namespace: String?, options: Options) {
        self.cluster = cluster
        self.namespace = namespace ?? cluster.defaultNamespace
        self.options = options
    }

    /// Hands on the bytes of the target's logs as they come.
    ///
    /// - Parameters:
    ///   - target: `tjob/tickets`, `infer/tickets`, `pod/x`, or a name: of a training job, else of a pod.
    ///   - note: told what is waited for.
    public func read(_ target: String, note: @Sendable (String) -> Void, _ body: ([UInt8]) -> Void) async throws {
        let parts = target.split(separator: "/", maxSplits: 1).map(String.init)
        let name = parts.last ?? ""
        guard parts.count == 2 else {
            let isJob = try await cluster.client.find(TrainingJob.self, name, namespace: namespace) != nil
            return try await isJob ? job(name, note: note, body) : pod(name, container: options.container, note: note, body)
        }
        switch try await cluster.type(named: parts[0]).kind {
        case TrainingJob.resourceType.kind: try await job(name, note: note, body)
        case InferenceService.resourceType.kind: try await service(name, note: note, body)
        case Pod.resourceType.kind: try await pod(name, container: options.container, note: note, body)
        case let kind:
            throw EmbeddedError(.invalidSetting, "a \(kind) has no log; ask for those of a tjob, an infer or a pod")
        }
    }

    private func job(_ name: String, note: @Sendable (String) -> Void, _ body: ([UInt8]) -> Void) async throws {
        let container = options.container ?? "trainer"
        var done = 0
        while true {
            let job = try await cluster.client.get(TrainingJob.self, name, namespace: namespace)
            let attempt = options.attempt ?? job.status?.attempt ?? 0
            let isFinished = job.status?.phase?.isFinished == true
            if attempt > done {
                let pod = "\(name)-\(attempt)-\(options.rank)"
                try await self.pod(pod, container: container, note: note, body)
                done = attempt
                if options.attempt != nil || !options.isFollowing { return }
            } else if isFinished || !options.isFollowing {
                if done == 0 { throw EmbeddedError(.notRunning, "\(name) has made no pod yet: \(summary(job))") }
                note("\(name) is \(summary(job))")
                return
            }
            note("\(name) is \(summary(job))")
            try await cluster.follow(TrainingJob.resourceType, name, namespace: namespace) { object in
                guard let now = try object?.value.decode(TrainingJob.self) else {
                    throw EmbeddedError(.notRunning, "\(name) was deleted")
                }
                return (now.status?.attempt ?? 0) > done || now.status?.phase?.isFinished == true
            }
        }
    }

    private func summary(_ job: TrainingJob) -> String {
        ObjectSummary.text((try? JSONValue(encoding: job)).map { DynamicObject($0) })
    }

    private func service(_ name: String, note: @Sendable (String) -> Void, _ body: ([UInt8]) -> Void) async throws {
        let selector = ListOptions(labelSelector: "\(ApusLabel.inferenceService)=\(name)")
        let pods = try await cluster.client.list(Pod.self, namespace: namespace, selector).items
        let newest = pods.max { ($0.metadata.creationTimestamp ?? Timestamp()) < ($1.metadata.creationTimestamp ?? Timestamp()) }
        guard let newest else { throw EmbeddedError(.notRunning, "\(name) has no pods; apus get infer \(name) tells why") }
        if pods.count > 1 { note("\(pods.count) pods; this is \(newest.name), the newest") }
        try await pod(newest.name, container: options.container ?? newest.spec.containers.first?.name, note: note, body)
    }

    private func pod(
        _ name: String, container: String?, note: @Sendable (String) -> Void, _ body: ([UInt8]) -> Void
    ) async throws {
        if options.isFollowing {
            try await cluster.follow(Pod.resourceType, name, namespace: namespace) { object in
                guard let pod = try object?.value.decode(Pod.self) else { return false }
                let statuses = (pod.status?.initContainerStatuses ?? []) + (pod.status?.containerStatuses ?? [])
                let wanted = container ?? pod.spec.containers.first?.name
                if pod.status?.phase == "Failed" || pod.status?.phase == "Succeeded" { return true }
                guard let state = statuses.first(where: { $0.name == wanted })?.state else { return false }
                return state.running != nil || state.terminated != nil
            }
        }
        var log = Client.LogOptions(container: container, isFollowing: options.isFollowing, tailLines: options.tailLines)
        log.hasTimestamps = false
        for try await bytes in try await cluster.client.logs(pod: name, namespace: namespace, log) { body(bytes) }
    }
}
