import AsyncAlgorithms
import Foundation
import Glibc
import KubernetesTypes
import NIOCore
import NIOPosix

/// Joins a client to a running container's own streams, from now on, through the shim's socket.
struct AttachSession: Sendable {
    let context: NodeContext
    let identity: ContainerIdentity
    var hasInput: Bool

    func run(_ input: AsyncChannel<StreamInput>, _ sink: any StreamSink) async throws {
        let paths = context.layout.attempt(identity)
        let socket: ShimSocket
        do {
            socket = try ShimSocket(connectingTo: paths.attach)
        } catch {
            try await sink.finish(ExecSession.failure("InternalError", "cannot attach to the container: \(error)"))
            return
        }
        defer { socket.close() }
        let channel = try await socket.channel()
        let pipe = channel.channel
        try await channel.executeThenClose { inbound, _ in
            // Whichever ends first ends the other: the container, or the client, whose input then finishes.
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for try await message in inbound {
                        guard let part = ShimSocket.part(Array(buffer: message)) else { continue }
                        if part.isError {
                            try await sink.standardError(part.bytes)
                        } else {
                            try await sink.standardOutput(part.bytes)
                        }
                    }
                }
                group.addTask {
                    for await event in input {
                        switch event {
                        case .bytes(let bytes) where hasInput:
                            for start in stride(from: 0, to: bytes.count, by: ShimSocket.contentBytes) {
                                let end = min(bytes.count, start + ShimSocket.contentBytes)
                                // Not before it has left may the end of input be told.
                                try await pipe.writeAndFlush(ByteBuffer(bytes: bytes[start..<end])).get()
                            }
                        case .closed where hasInput: socket.endInput()
                        case .resize(let width, let height): ShimControl.resize(paths.control, width: width, height: height)
                        default: break
                        }
                    }
                }
                defer {
                    group.cancelAll()
                    // Input that the container does not take is given up.
                    pipe.close(promise: nil)
                }
                _ = try await group.next()
            }
        }
        try await sink.finish(["metadata": [:], "status": "Success"])
    }
}
