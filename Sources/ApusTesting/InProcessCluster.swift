public import APIServer
import Foundation
public import KubernetesClient
import Logging

/// An API server in this process, in memory, and clients of it that use no socket.
public final class InProcessCluster: Sendable {
    public let core: APIServerCore
    /// An administrator's way to the same server over its socket.
    public let kubeconfig: String
    private let serving: Task<Void, any Error>

    private init(core: APIServerCore, kubeconfig: String, serving: Task<Void, any Error>) {
        self.core = core
        self.kubeconfig = kubeconfig
        self.serving = serving
    }

    /// Starts a server, runs the body with it, and stops it.
    public static func run<Value: Sendable>(
        _ body: @Sendable (InProcessCluster) async throws -> Value
    ) async throws -> Value {
        var configuration = APIServer.Configuration()
        configuration.port = 0
        var logger = Logger(label: "test.apiserver")
        logger.logLevel = .critical
        let server = APIServer(configuration: configuration, logger: logger)
        let serving = Task { try await server.run() }
        defer { serving.cancel() }
        let ready = try await server.ready()
        let cluster = InProcessCluster(core: ready.core, kubeconfig: ready.kubeconfig, serving: serving)
        let value = try await body(cluster)
        serving.cancel()
        _ = await serving.result
        return value
    }

    /// A client that is an administrator.
    public func client(
        userAgent: String = "test", time: any TimeSource = SystemTime(), chance: any ChanceSource = SeededChance()
    ) -> Client {
        Client(
            transport: InProcessTransport(core: core), time: time, chance: chance,
            options: Client.Options(userAgent: userAgent))
    }
}

/// Hands requests to a server's core as a caller of its choice.
public struct InProcessTransport: Transport {
    private let core: APIServerCore
    private let user: UserInfo

    public init(core: APIServerCore, user: String = "test-admin", groups: [String] = ["system:masters", "system:authenticated"]) {
        self.core = core
        self.user = UserInfo(name: user, uid: "", groups: groups)
    }

    public func send(_ request: WireRequest) async throws -> WireResponse {
        let incoming = APIRequest(
            method: request.method.rawValue, target: request.target,
            headers: request.headers.map { (name: $0.name, value: $0.value) }, body: request.body ?? [], certificateUser: user)
        let response = await core.respond(to: incoming)
        let headers = response.headers.map { WireHeader($0.name, $0.value) }
        switch response.body {
        case .bytes(let bytes): return WireResponse(status: response.status, headers: headers, body: ByteStream(bytes))
        case .stream(let produce):
            let (stream, continuation) = AsyncThrowingStream.makeStream(of: [UInt8].self)
            let production = Task {
                do {
                    try await produce(Pipe(continuation: continuation))
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in production.cancel() }
            return WireResponse(status: response.status, headers: headers, body: ByteStream(stream))
        }
    }

    private struct Pipe: APIResponseWriter {
        let continuation: AsyncThrowingStream<[UInt8], any Error>.Continuation

        func write(_ bytes: [UInt8]) async throws { continuation.yield(bytes) }
    }
}
