public import Foundation

/// Where the contract of training containers has its files.
public struct TrainingFolders: Sendable {
    /// `/opt/ml`
    public var root: URL
    public var terminationLog: URL

    public init(root: URL = URL(filePath: "/opt/ml"), terminationLog: URL = URL(filePath: "/dev/termination-log")) {
        self.root = root
        self.terminationLog = terminationLog
    }

    var configuration: URL { root.appending(path: "input/config") }
    func channel(_ name: String) -> URL { root.appending(path: "input/data/\(name)") }
    var model: URL { root.appending(path: "model") }
    var checkpoints: URL { root.appending(path: "checkpoints") }
    var failure: URL { root.appending(path: "output/failure") }
    var metrics: URL { root.appending(path: "output/metrics.jsonl") }
    /// What the fetching container found, for the agent's report. The trainer can read this folder, and not write to it.
    var inputRecord: URL { root.appending(path: "input/.apus-inputs.json") }
}

/// Digests of the channels, handed from the fetching container to the agent.
enum InputRecord {
    static func write(_ digests: [String: String], to url: URL) throws {
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try JSONEncoder().encode(digests).write(to: url, options: .atomic)
    }

    static func read(_ url: URL) -> [String: String]? {
        TrainerFile.beginning(of: url.path, limit: 1 << 20)
            .flatMap { try? JSONDecoder().decode([String: String].self, from: Data($0)) }
    }
}
