public import Foundation

/// What a running cluster writes about itself, for `apus status` and for whoever started it in the background.
public struct ClusterState: Codable, Sendable, Hashable {
    public enum Phase: String, Codable, Sendable, Hashable {
        case starting = "Starting"
        case ready = "Ready"
        case stopping = "Stopping"
        case failed = "Failed"
    }

    public struct PartState: Codable, Sendable, Hashable {
        public var name: String
        /// `Ready`, `Starting`, `Restarting` or `Stopped`.
        public var state: String
        /// Where it can be reached, or why it does not run.
        public var detail: String
        public var restarts: Int
    }

    var process: ProcessIdentity?
    public var phase: Phase
    public var version: String
    public var startTime: Date
    public var parts: [PartState] = []
    /// Why it failed.
    public var message: String?

    public var pid: Int32? { process?.pid }

    func save(_ paths: ClusterPaths) throws {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try Files.write(try encoder.encode(self), to: paths.state)
    }

    /// The state of the cluster in a data folder, or nil where none runs.
    public static func load(_ paths: ClusterPaths) -> ClusterState? {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        guard let data = FileManager.default.contents(atPath: paths.state),
            let state = try? decoder.decode(ClusterState.self, from: data)
        else { return nil }
        guard state.phase == .failed || state.process?.isAlive == true else { return nil }
        return state
    }
}

/// The version of this program.
public enum ProductVersion {
    public static let current = "0.1.0"
}
