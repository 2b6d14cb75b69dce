public import ApusAPI
import ArtifactStore
import Foundation
import KubernetesTypes
public import Logging

/// The init container of a training pod.
public struct InputPreparation: Sendable {
    private let configuration: TrainingAgentConfiguration
    private let folders: TrainingFolders
    private let logger: Logger

    public init(configuration: TrainingAgentConfiguration, folders: TrainingFolders = TrainingFolders(), logger: Logger) {
        self.configuration = configuration
        self.folders = folders
        self.logger = logger
    }

    /// Brings in every channel and the newest whole checkpoint, and writes the configuration files.
    /// - Throws: ``TrainingAgentFailure``; the termination message is written by then.
    public func run() async throws {
        do {
            try writeConfiguration()
            var digests: [String: String] = [:]
            for input in configuration.inputs {
                logger.info("fetching", metadata: ["channel": "\(input.channel)", "uri": "\(input.uri)"])
                digests[input.channel] = try await fetch(input)
            }
            try InputRecord.write(digests, to: folders.inputRecord)
            try await restoreCheckpoint()
        } catch let failure as TrainingAgentFailure {
            try? Data(failure.report.terminationMessage.utf8).write(to: folders.terminationLog)
            throw failure
        } catch {
            let report = TrainingAgentReport(
                outcome: .interrupted, reason: "FetchFailed", message: "Data could not be fetched: \(error)")
            try? Data(report.terminationMessage.utf8).write(to: folders.terminationLog)
            throw TrainingAgentFailure(report: report)
        }
    }

    // MARK: Channels

    private func fetch(_ input: TrainingAgentConfiguration.Input) async throws -> String {
        let folder = folders.channel(input.channel)
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            if let store = input.source.hasPrefix("bundle:") ? String(input.source.dropFirst("bundle:".count)) : nil {
                let digest = input.expectedDigest ?? ""
                _ = try await StoreURI(store).openStore().fetch(ContentDigest(digest), into: folder.path)
                return digest
            }
            let fetched = try await InputFetching.fetch(input.source, into: folder.path)
            let digest = "sha256:\(fetched.digest.hexadecimal)"
            if let expected = input.expectedDigest, expected != digest {
                throw failure(
                    .failed, "InputChanged",
                    "The channel \(input.channel) (\(input.uri)) is \(digest) now, and the job asks for \(expected). Point it at the data that "
                        + "was meant, or drop the digest.")
            }
            guard fetched.size > 0 else {
                throw failure(.failed, "InputEmpty", "The channel \(input.channel) (\(input.uri)) is empty.")
            }
            return digest
        } catch let error as ArtifactStoreError {
            throw describe(error, input)
        }
    }

    private func describe(_ error: ArtifactStoreError, _ input: TrainingAgentConfiguration.Input) -> TrainingAgentFailure {
        let what =
            switch input.channel {
            case TrainingAgentConfiguration.modelChannel: "The base model \(input.uri)"
            case TrainingAgentConfiguration.baselineChannel: "The baseline \(input.uri)"
            default: "The channel \(input.channel) (\(input.uri))"
            }
        switch error.code {
        case .notFound where !input.source.hasPrefix("bundle:"):
            return failure(
                .failed, input.channel == TrainingAgentConfiguration.modelChannel ? "BaseModelNotFound" : "InputNotFound",
                "\(what) does not exist on the node. Check the path, and that the node can see it.")
        case .diskFull:
            return failure(.interrupted, "DiskFull", "\(what) does not fit on the node's disk: \(error.message)")
        case .inputOutput, .changedWhileReading:
            return failure(.interrupted, "InputUnreadable", "\(what) cannot be read: \(error.message)")
        default:
            return failure(
                .failed, error.isDamage ? "InputDamaged" : "InputUnreadable", "\(what) cannot be used: \(error.message)")
        }
    }

    private func failure(_ outcome: TrainingAgentReport.Outcome, _ reason: String, _ message: String) -> TrainingAgentFailure {
        TrainingAgentFailure(report: TrainingAgentReport(outcome: outcome, reason: reason, message: message))
    }

    // MARK: Checkpoints

    private func restoreCheckpoint() async throws {
        let store = try StoreURI(configuration.store).openStore()
        try FileManager.default.createDirectory(at: folders.checkpoints, withIntermediateDirectories: true)
        let name = try TreeName(configuration.checkpointName)
        guard let newest = try await store.trees(under: name).first else { return }
        let leaf = newest.name.components.last ?? "checkpoint"
        let target = folders.checkpoints.appending(path: leaf)
        if let (tree, skipped) = try await store.fetchNewestTree(under: name, into: target.path) {
            for error in skipped { logger.warning("a damaged checkpoint was passed over", metadata: ["error": "\(error)"]) }
            let fetchedLeaf = tree.name.components.last ?? leaf
            if fetchedLeaf != leaf {
                try FileManager.default.moveItem(at: target, to: folders.checkpoints.appending(path: fetchedLeaf))
            }
            logger.info("resuming", metadata: ["checkpoint": "\(fetchedLeaf)"])
        }
    }

    // MARK: Configuration files

    /// "How Amazon SageMaker AI Provides Training Information", SageMaker developer guide.
    private func writeConfiguration() throws {
        try FileManager.default.createDirectory(at: folders.configuration, withIntermediateDirectories: true)
        let channels = configuration.inputs.map { input in
            (
                input.channel,
                JSONValue.object([
                    "TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None",
                ])
            )
        }
        let hosts = configuration.hosts.map(JSONValue.string)
        let current = configuration.hosts.indices.contains(configuration.rank) ? configuration.hosts[configuration.rank] : ""
        try write(.object(configuration.hyperparameters.mapValues(JSONValue.string)), "hyperparameters.json")
        try write(.object(Dictionary(channels, uniquingKeysWith: { first, _ in first })), "inputdataconfig.json")
        try write(
            ["current_host": .string(current), "hosts": .array(hosts), "network_interface_name": "eth0"], "resourceconfig.json")
    }

    private func write(_ value: JSONValue, _ name: String) throws {
        try Data(JSONSerializer.bytes(value)).write(to: folders.configuration.appending(path: name), options: .atomic)
    }
}
