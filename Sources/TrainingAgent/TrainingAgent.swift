/// Beside a trainer: data in, checkpoints, model bundle out.
///
/// `InputPreparation` is the init container: it brings the channels, the base model and the last checkpoint to where the contract
/// of SageMaker's training containers has them. `TrainingAgent` runs beside the trainer as a regular container: it keeps
/// checkpoints safe, tells progress, learns from its own pod's status that the trainer has ended, stores the bundle, and puts the
/// bundle's digest into the termination message. Only that digest makes a job Succeeded.
public import ApusAPI
import ArtifactStore
import Exposition
import Foundation
public import KubernetesClient
import KubernetesTypes
public import Logging
public import ServiceLifecycle
import Synchronization

public final class TrainingAgent: ServiceLifecycle.Service {
    private let configuration: TrainingAgentConfiguration
    private let folders: TrainingFolders
    private let client: Client
    private let podName: String
    private let logger: Logger
    private let progress: ProgressBoard
    /// Where reading has come to; records reach the board in their order, whoever reads them.
    private let metrics: Mutex<MetricsFile>
    private let toldOfStrangers = Mutex(false)
    private let store: any BundleStore
    /// How long a store may take to have room again.
    private let publishingPatience: Duration

    /// - Parameters:
    ///   - folders: `/opt/ml` and where the termination message goes; other places in tests.
    ///   - publishingPatience: how long a store may take to have room again before the attempt is given up.
    public init(
        configuration: TrainingAgentConfiguration, folders: TrainingFolders = TrainingFolders(), client: Client, podName: String,
        publishingPatience: Duration = .seconds(600), logger: Logger
    ) throws {
        self.configuration = configuration
        self.folders = folders
        self.client = client
        self.podName = podName
        self.publishingPatience = publishingPatience
        self.logger = logger
        store = try StoreURI(configuration.store).openStore()
        progress = ProgressBoard(attempt: configuration.attempt)
        metrics = Mutex(MetricsFile(url: folders.metrics))
    }

    /// Works until the trainer has ended and what it left is safe. SIGTERM does not stop it: the trainer gets the same signal, and
    /// its last checkpoint is worth waiting for; the pod's grace period is the limit.
    /// - Throws: ``TrainingAgentFailure`` when the attempt did not end with a stored bundle; the report is written by then.
    public func run() async throws {
        let report = await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.serveProgress() }
            group.addTask { await self.tailMetrics() }
            if !configuration.metricDefinitions.isEmpty { group.addTask { await self.readLogMetrics() } }
            group.addTask { await self.keepCheckpoints() }
            let end = await waitForTrainer()
            logger.info("the trainer ended", metadata: ["exitCode": "\(end.exitCode)", "reason": "\(end.reason ?? "")"])
            let report = await conclude(end)
            group.cancelAll()
            return report
        }
        logger.info("\(report.message ?? report.outcome.rawValue)", metadata: ["outcome": "\(report.outcome.rawValue)"])
        try Data(report.terminationMessage.utf8).write(to: folders.terminationLog)
        guard report.outcome == .published || report.outcome == .finished else { throw TrainingAgentFailure(report: report) }
    }

    // MARK: The trainer's end

    private func waitForTrainer() async -> ContainerStateTerminated {
        var failures = 0
        while true {
            do {
                let pod = try await client.get(Pod.self, podName, namespace: configuration.namespace)
                failures = 0
                let status = pod.status?.containerStatuses?.first { $0.name == "trainer" }
                if let end = status?.state?.terminated { return end }
            } catch {
                failures += 1
                if Task.isShuttingDownGracefully, Self.isDismissed(by: error) {
                    return ContainerStateTerminated(exitCode: 143, reason: "Error")
                }
                // The API server may be away for long; the trainer goes on, and so does the wait.
                if failures == 1 || failures % 30 == 0 {
                    logger.warning("own pod cannot be read; trying on", metadata: ["error": "\(error)"])
                }
            }
            let delay = min(1 << min(failures, 4), 10)
            try? await Task.sleep(for: .seconds(delay))
        }
    }

    /// Whether a pod that is being stopped may end at once instead of waiting for its trainer: its account went before it, with the
    /// job that owns both, so nobody asks what becomes of the training.
    static func isDismissed(by error: any Error) -> Bool {
        guard let refusal = error as? StatusError else { return false }
        return [401, 403, 404].contains(refusal.code)
    }

    private func conclude(_ end: ContainerStateTerminated) async -> TrainingAgentReport {
        metrics.withLock { progress.take($0.readRest()) }
        await saveCheckpoints()
        let inputs = InputRecord.read(folders.inputRecord)
        guard end.exitCode == 0 else { return failure(end, inputs: inputs) }
        guard configuration.rank == 0 else { return TrainingAgentReport(outcome: .finished, inputs: inputs) }
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folders.model.path)) ?? []
        guard !files.isEmpty else {
            return TrainingAgentReport(
                outcome: .failed, reason: "NoModel",
                message: "The trainer ended well and left nothing in /opt/ml/model; it must save its model there.",
                inputs: inputs)
        }
        return await publish(inputs: inputs)
    }

    /// Stores what the trainer left. A store that has no room or does not answer is asked again for a while: what took hours to
    /// train is here, and another attempt would only bring it here again.
    private func publish(inputs: [String: String]?) async -> TrainingAgentReport {
        let end = ContinuousClock.now + publishingPatience
        while true {
            let obstacle: TrainingProgressReading.Obstacle
            do {
                let bundle = try await store.publish(folders.model.path)
                return TrainingAgentReport(
                    outcome: .published, digest: "sha256:\(bundle.digest.hexadecimal)", message: "The bundle is stored.",
                    inputs: inputs)
            } catch let error as ArtifactStoreError where error.code == .diskFull {
                obstacle = .init(reason: "StoreFull", message: "The artifact store is full: \(error.message)")
            } catch {
                obstacle = .init(reason: "PublishFailed", message: "The bundle could not be stored: \(error)")
            }
            progress.isHeldUp(by: obstacle)
            guard ContinuousClock.now < end, !Task.isShuttingDownGracefully else {
                return TrainingAgentReport(
                    outcome: .interrupted, reason: obstacle.reason, message: obstacle.message, inputs: inputs)
            }
            logger.warning("\(obstacle.message); trying on", metadata: ["reason": "\(obstacle.reason)"])
            try? await Task.sleep(for: .seconds(2))
        }
    }

    private func failure(_ end: ContainerStateTerminated, inputs: [String: String]?) -> TrainingAgentReport {
        let text = TrainerFile.beginning(of: folders.failure.path, limit: 3000)
            .map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines) }
        if end.reason == "OOMKilled" {
            return TrainingAgentReport(
                outcome: .interrupted, reason: "OutOfMemory",
                message: "The trainer needed more memory than its limit; raise spec.resources.limits.memory.", inputs: inputs)
        }
        // By the contract a trainer that exits with 1 and writes the file has found something that another try would find again.
        if end.exitCode == 1, let text, !text.isEmpty {
            return TrainingAgentReport(outcome: .failed, reason: "TrainerFailed", message: text, inputs: inputs)
        }
        // A container that could not even start has no log; its engine says why.
        let start = ["StartError", "ContainerCannotRun"].contains(end.reason) ? end.message : nil
        let words = (start ?? text).flatMap { $0.isEmpty ? nil : ": \($0)" } ?? "; see its log"
        return TrainingAgentReport(
            outcome: .interrupted, reason: end.exitCode > 128 ? "TrainerKilled" : "TrainerExited",
            message: "The trainer ended with exit code \(end.exitCode)\(words).", inputs: inputs)
    }

    // MARK: Checkpoints

    private func keepCheckpoints() async {
        guard configuration.rank == 0 else { return }
        while !Task.isCancelled {
            await saveCheckpoints()
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private func saveCheckpoints() async {
        guard configuration.rank == 0 else { return }
        do {
            let saved = try await CheckpointKeeper(store: store, name: configuration.checkpointName, folder: folders.checkpoints)
                .saveNew(
                    after: progress.checkpointStep)
            if let saved {
                progress.checkpointSaved(step: saved)
                logger.info("checkpoint stored", metadata: ["step": "\(saved)"])
            }
            let strangers = CheckpointKeeper.strangers(in: folders.checkpoints)
            let isNews = toldOfStrangers.withLock { told in
                defer { told = told || !strangers.isEmpty }
                return !told
            }
            if isNews, !strangers.isEmpty {
                logger.warning(
                    "only folders named checkpoint-<step> are stored and there again after a restart",
                    metadata: ["not stored": "\(strangers.prefix(5).joined(separator: ", "))"])
            }
        } catch {
            logger.warning("a checkpoint could not be stored; trying on", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Progress

    private func tailMetrics() async {
        while !Task.isCancelled {
            metrics.withLock { progress.take($0.readNew()) }
            try? await Task.sleep(for: .milliseconds(500))
        }
    }

    private func readLogMetrics() async {
        do {
            let patterns = try LogMetrics(configuration.metricDefinitions)
            while !Task.isCancelled {
                do {
                    var options = Client.LogOptions(container: "trainer", isFollowing: true)
                    options.tailLines = nil
                    var line: [UInt8] = []
                    for try await chunk in try await client.logs(pod: podName, namespace: configuration.namespace, options) {
                        for byte in chunk {
                            if byte == UInt8(ascii: "\n") {
                                progress.take([patterns.read(String(decoding: line, as: UTF8.self))].compactMap(\.self))
                                line.removeAll(keepingCapacity: true)
                            } else if line.count < 65_536 {
                                line.append(byte)
                            }
                        }
                    }
                    return
                } catch {
                    try? await Task.sleep(for: .seconds(2))
                }
            }
        } catch {
            logger.warning("metric definitions cannot be used", metadata: ["error": "\(error)"])
        }
    }

    private func serveProgress() async {
        do {
            try await ProgressServer(board: progress, port: configuration.port, logger: logger).run()
        } catch is CancellationError {
        } catch {
            logger.warning("progress cannot be served", metadata: ["error": "\(error)"])
        }
    }
}

/// The attempt did not end with a stored bundle; the report says why.
public struct TrainingAgentFailure: Error, Sendable, CustomStringConvertible {
    public var report: TrainingAgentReport
    public var description: String { "\(report.reason ?? report.outcome.rawValue): \(report.message ?? "")" }
}
