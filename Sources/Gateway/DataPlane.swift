import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The listeners and the event loops behind them.
final class DataPlane: Sendable {
    private let group: any EventLoopGroup
    private let workers: [ObjectIdentifier: NIOLoopBound<LoopWorker>]
    private let loops: [any EventLoop]
    private let listeners: [any Channel]
    private let shared: GatewayShared

    /// Binds all listeners; none stays open when one cannot be bound.
    static func start(_ shared: GatewayShared, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton) async throws
        -> DataPlane
    {
        let loops = group.makeIterator().map { $0 }
        var workers: [ObjectIdentifier: NIOLoopBound<LoopWorker>] = [:]
        for loop in loops {
            workers[ObjectIdentifier(loop)] = try await loop.submit {
                NIOLoopBound(LoopWorker(loop: loop, shared: shared), eventLoop: loop)
            }.get()
        }
        var channels: [any Channel] = []
        do {
            for listener in shared.configuration.listeners {
                channels.append(try await bind(listener, group, workers, shared))
            }
        } catch {
            for channel in channels { try? await channel.close() }
            throw error
        }
        return DataPlane(group: group, workers: workers, loops: loops, listeners: channels, shared: shared)
    }

    private init(
        group: any EventLoopGroup, workers: [ObjectIdentifier: NIOLoopBound<LoopWorker>], loops: [any EventLoop],
        listeners: [any Channel], shared: GatewayShared
    ) {
        self.group = group
        self.workers = workers
        self.loops = loops
        self.listeners = listeners
        self.shared = shared
    }

    private static func bind(
        _ listener: Gateway.Configuration.Listener, _ group: any EventLoopGroup,
        _ workers: [ObjectIdentifier: NIOLoopBound<LoopWorker>], _ shared: GatewayShared
    ) async throws -> any Channel {
        let idle = shared.configuration.clientIdleTimeout.amount
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let worker = workers[ObjectIdentifier(channel.eventLoop)]?.value else { throw ChannelError.eof }
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false, withErrorHandling: true)
                    try pipeline.addHandler(IdleStateHandler(allTimeout: idle))
                    try pipeline.addHandler(FrontHandler(worker))
                }
            }
        do {
            return try await bootstrap.bind(host: listener.host, port: listener.port).get()
        } catch {
            throw GatewayError(
                .cannotListen,
                "The gateway cannot listen at \(listener.host):\(listener.port). Choose another port, or end what uses it.",
                cause: error)
        }
    }

    /// Where it really listens: ports that were 0 are known now.
    var addresses: [Gateway.Configuration.Listener] {
        listeners.compactMap { channel in
            guard let address = channel.localAddress, let host = address.ipAddress, let port = address.port else { return nil }
            return .init(host: host, port: port)
        }
    }

    /// Stops accepting, lets requests under way finish within the time allowed, closes the rest.
    func shutDown() async {
        for channel in listeners { try? await channel.close() }
        await onEachLoop { $0.drain() }
        let deadline = ContinuousClock.now + shared.configuration.drainTimeout
        // Cancellation means now: then what is under way is cut.
        while shared.metrics.requestsUnderWay > 0, ContinuousClock.now < deadline {
            do { try await Task.sleep(for: .milliseconds(10)) } catch { break }
        }
        await onEachLoop { $0.closeAll() }
    }

    private func onEachLoop(_ body: @escaping @Sendable (LoopWorker) -> Void) async {
        for loop in loops {
            guard let worker = workers[ObjectIdentifier(loop)] else { continue }
            try? await loop.submit { body(worker.value) }.get()
        }
    }
}
