import NIOCore
import NIOHTTP1
import NIOPosix

/// What the connections of one event loop share: the idle connections to backends. A request stays on one loop from its
/// first byte to its last, so nothing here needs a lock and no request waits for another thread.
final class LoopWorker {
    let loop: any EventLoop
    let shared: GatewayShared
    private var idle: [Backend: [IdleConnection]] = [:]
    var fronts: [ObjectIdentifier: FrontHandler] = [:]
    private(set) var isDraining = false

    init(loop: any EventLoop, shared: GatewayShared) {
        self.loop = loop
        self.shared = shared
    }

    /// An open connection, the most recently used first; nil when there is none.
    func takeIdle(_ backend: Backend) -> BackendConnection? {
        let oldest = NIODeadline.now() - shared.configuration.backendIdleTimeout.amount
        while let candidate = idle[backend]?.popLast() {
            if idle[backend]?.isEmpty == true { idle[backend] = nil }
            candidate.connection.handler.receiver = nil
            if candidate.connection.channel.isActive, candidate.since > oldest { return candidate.connection }
            candidate.connection.channel.close(promise: nil)
        }
        return nil
    }

    /// Keeps a connection for the next request.
    func putIdle(_ connection: BackendConnection) {
        guard connection.channel.isActive, !isDraining else {
            connection.handler.receiver = nil
            connection.channel.close(promise: nil)
            return
        }
        let waiting = IdleConnection(connection, worker: self)
        connection.handler.receiver = waiting
        idle[connection.backend, default: []].append(waiting)
        // Those at the front were used longest ago; looking at one on every return keeps up without a timer.
        let oldest = NIODeadline.now() - shared.configuration.backendIdleTimeout.amount
        if let first = idle[connection.backend]?.first, first.since < oldest {
            first.connection.channel.close(promise: nil)
        }
    }

    fileprivate func forget(_ gone: IdleConnection) {
        let backend = gone.connection.backend
        idle[backend]?.removeAll { $0 === gone }
        if idle[backend]?.isEmpty == true { idle[backend] = nil }
    }

    /// Opens a connection.
    func connect(_ backend: Backend, _ done: @escaping (Result<BackendConnection, any Error>) -> Void) {
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(shared.configuration.connectTimeout.amount)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(BackendHandler())
                }
            }
        let connecting: EventLoopFuture<any Channel>
        if let address = try? SocketAddress(ipAddress: backend.host, port: backend.port) {
            connecting = bootstrap.connect(to: address)
        } else {
            connecting = bootstrap.connect(host: backend.host, port: backend.port)
        }
        connecting.assumeIsolated().whenComplete { result in
            done(
                result.flatMap { channel in
                    Result {
                        let handler = try channel.pipeline.syncOperations.handler(type: BackendHandler.self)
                        return BackendConnection(backend: backend, channel: channel, handler: handler, isReused: false)
                    }
                })
        }
    }

    /// Closes what is idle; requests under way go on and their connections close with them.
    func drain() {
        isDraining = true
        for waiting in idle.values.flatMap({ $0 }) { waiting.connection.channel.close(promise: nil) }
        for front in Array(fronts.values) { front.drain() }
    }

    /// Closes everything.
    func closeAll() {
        for front in Array(fronts.values) { front.close() }
    }
}

/// A connection between two requests. It leaves the pool when the backend closes it, so that the pool does not fill with
/// connections to servers that are no more.
private final class IdleConnection: BackendReceiver {
    let connection: BackendConnection
    let since = NIODeadline.now()
    private unowned let worker: LoopWorker

    init(_ connection: BackendConnection, worker: LoopWorker) {
        self.connection = connection.reused
        self.worker = worker
    }

    /// A response that nobody asked for: whatever this server is, it is not to be trusted with another request.
    func backendSent(_ part: HTTPClientResponsePart) { connection.channel.close(promise: nil) }
    func backendClosed(_ error: (any Error)?) { worker.forget(self) }
    func backendBecameWritable() {}
}

/// What all loops share.
final class GatewayShared: Sendable {
    let configuration: Gateway.Configuration
    let table: any RoutingTableSource
    let states = BackendStates()
    let budget = RetryBudget()
    let metrics: GatewayMetrics
    let capture: DriftCapture?

    init(
        configuration: Gateway.Configuration, table: any RoutingTableSource, metrics: GatewayMetrics, capture: DriftCapture?
    ) {
        self.configuration = configuration
        self.table = table
        self.metrics = metrics
        self.capture = capture
    }
}

extension Duration {
    var amount: TimeAmount {
        .nanoseconds(components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000)
    }
}
