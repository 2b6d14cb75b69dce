import ApusTesting
import Foundation
import KubernetesTypes
import NIOCore
import Synchronization
import Testing

@testable import NodeAgent

/// Ports of a real pod, spoken to as a client does.
@Suite(.serialized)
struct PortForwardTests {
    /// A client's end: what is sent goes to the session as if it had come from the wire.
    private final class Client: ByteSink {
        private let toServer: AsyncStream<[UInt8]>
        private let feed: AsyncStream<[UInt8]>.Continuation
        private let received = Mutex<[SPDYFrame]>([])
        private let reader: Mutex<SPDYReader>
        private let writer: Mutex<SPDYWriter>

        init() throws {
            (toServer, feed) = AsyncStream.makeStream()
            reader = Mutex(try SPDYReader())
            writer = Mutex(try SPDYWriter())
        }

        func send(_ bytes: [UInt8]) async throws {
            let frames = try reader.withLock { reader in
                reader.append(bytes)
                var frames: [SPDYFrame] = []
                while let frame = try reader.next() { frames.append(frame) }
                return frames
            }
            received.withLock { $0 += frames }
        }

        func write(_ frames: SPDYFrame...) throws {
            for frame in frames { feed.yield(try writer.withLock { try $0.bytes(frame) }) }
        }

        func connect(_ stream: UInt32, port: Int) throws {
            for (number, type) in [(stream, "error"), (stream + 2, "data")] {
                let headers = ["streamtype": type, "port": "\(port)", "requestid": "\(stream)"]
                try write(.open(stream: number, headers: headers, isLast: false))
            }
        }

        func leave() { feed.finish() }

        func serve(_ session: PortForwardSession) async throws {
            var iterator = toServer.makeAsyncIterator()
            try await session.run({ await iterator.next() }, self)
        }

        /// What came on a stream, and whether it has ended.
        func text(_ stream: UInt32) -> (String, Bool) {
            received.withLock { frames in
                frames.reduce(into: ("", false)) { result, frame in
                    guard case .data(stream, let bytes, let isLast) = frame else { return }
                    result.0 += String(decoding: bytes, as: UTF8.self)
                    result.1 = result.1 || isLast
                }
            }
        }
    }

    private static let server = """
        exec /usr/bin/perl -MIO::Socket::INET -e '
          my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 8080, Listen => 9, ReuseAddr => 1);
          while (my $c = $s->accept) { if (!fork) { while (<$c>) { print $c "got $_"; $c->flush } print $c "end"; exit } close $c }'
        """

    @Test func connectionsReachThePodsOwnLoopback() async throws {
        try await TestNode.with { node in
            let pod = await node.cluster.create(shellPod("web", Self.server))
            try await node.wait("web", "running") { $0.main?.state?.running != nil }
            let sandbox = try #require(Files.decode(Sandbox.self, from: node.context.layout.sandbox(pod.uid)))
            let socket = PodSocket(place: .network(sandbox.namespace))
            try await node.waitUntil("the pod listens") {
                guard let channel = try? await socket.connect(port: 8080) else { return false }
                try? await channel.executeThenClose { _, _ in }
                return true
            }
            let client = try Client()
            let session = PortForwardSession(pod: "default/web", socket: socket)
            let served = Task { try await client.serve(session) }

            try client.connect(1, port: 8080)
            try client.connect(5, port: 8080)
            try client.write(.data(stream: 3, bytes: Array("one\n".utf8), isLast: false))
            try client.write(.data(stream: 7, bytes: Array("other\n".utf8), isLast: false))
            try await node.waitUntil("both are answered") { client.text(3).0 == "got one\n" && client.text(7).0 == "got other\n" }
            // One end of a connection may be closed while the other goes on.
            try client.write(.data(stream: 3, bytes: Array("two\n".utf8), isLast: true))
            try await node.waitUntil("the pod has said all") { client.text(3) == ("got one\ngot two\nend", true) }
            #expect(client.text(1) == ("", true))
            #expect(client.text(7) == ("got other\n", false))

            try client.connect(9, port: 8081)
            try await node.waitUntil("the closed port is told") { client.text(9).1 && client.text(11).1 }
            #expect(client.text(9).0.hasPrefix("error forwarding port 8081 to pod default/web: "))
            #expect(client.text(9).0.contains("Connection refused"))

            client.leave()
            try await served.value
        }
    }

    @Test func aPodThatIsNotHereIsTold() async throws {
        await #expect(throws: NodeAgentError.self) { try await PodSocket(place: .nowhere).connect(port: 80) }
        await #expect(throws: NodeAgentError.self) { try await PodSocket(place: .network("/no/such/file")).connect(port: 80) }
    }
}
