import Foundation
import KubernetesTypes

/// Joins a client to a running container's own output, from now on.
struct AttachSession: Sendable {
    let context: NodeContext
    let identity: ContainerIdentity
    var hasTerminal: Bool

    func run(_ input: AsyncStream<StreamInput>, _ sink: any StreamSink) async throws {
        let path = context.layout.attempt(identity).log
        let runtime = context.runtime
        let current = identity
        // The log is the container's output; what is said twice, once to the shim's socket and once to the log, could differ.
        var request = LogRequest()
        request.isFollowing = true
        request.tailLines = 0
        let reader = LogReader(path: path, request: request) { runtime.isLive(current) }
        try await reader.send { try await sink.standardOutput($0) }
        try await sink.finish(["metadata": [:], "status": "Success"])
    }
}
