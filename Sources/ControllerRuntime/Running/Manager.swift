public import KubernetesClient
public import KubernetesTypes
public import Logging
public import ServiceLifecycle
import Synchronization

/// Runs controllers in a process: shares their caches, waits for these to fill, elects a leader if asked, and ends in order.
public final class Manager: ServiceLifecycle.Service {
    public let client: Client
    public let logger: Logger
    public let discovery: Discovery
    private let election: LeaderElector.Configuration?
    private let pageSize: Int

    private struct Sink: Sendable {
        var lookup: @Sendable (ObjectKey) -> PlanExecutor.CacheAnswer
        var wrote: @Sendable (DynamicObject) -> Void
    }

    private struct State {
        var informers: [InformerName: any AnyInformer] = [:]
        var controllers: [Controller] = []
        var services: [(name: String, needsLeadership: Bool, run: @Sendable () async throws -> Void)] = []
        var sinks: [ResourceType: Sink] = [:]
        var isSynced = false
        var isLeading = false
    }

    private struct InformerName: Hashable {
        var object: ObjectIdentifier
        var type: ResourceType
        var scope: InformerScope
    }

    private let state = Mutex(State())

    /// - Parameters:
    ///   - election: nil runs the controllers without asking anybody.
    ///   - pageSize: objects a page of the informers' lists.
    public init(
        client: Client, election: LeaderElector.Configuration? = nil, logger: Logger = Logger(label: "apus.manager"),
        pageSize: Int = 500
    ) {
        self.client = client
        self.election = election
        self.logger = logger
        self.pageSize = pageSize
        discovery = Discovery(client)
    }

    // MARK: Set-up

    /// The shared informer of a kind.
    public func informer<Resource: KubernetesResource>(_ kind: Resource.Type, _ scope: InformerScope = InformerScope())
        -> Informer<Resource>
    {
        informer(kind.resourceType, scope, decode: { try Resource($0.value) }, identify: { ObjectIdentity($0.metadata) }) {
            try? DynamicObject(JSONValue(encoding: $0))
        }
    }

    /// The shared informer of a kind that is known at run time.
    public func informer(_ type: ResourceType, _ scope: InformerScope = InformerScope()) -> Informer<DynamicObject> {
        informer(type, scope, decode: { $0 }, identify: { ObjectIdentity($0) }, document: { $0 })
    }

    private func informer<Object: Sendable>(
        _ type: ResourceType, _ scope: InformerScope, decode: @escaping @Sendable (DynamicObject) throws -> Object,
        identify: @escaping @Sendable (Object) -> ObjectIdentity, document: @escaping @Sendable (Object) -> DynamicObject?
    ) -> Informer<Object> {
        let name = InformerName(object: ObjectIdentifier(Object.self), type: type, scope: scope)
        return state.withLock { state in
            if let present = state.informers[name] as? Informer<Object> { return present }
            let informer = Informer(
                type: type, scope: scope, client: client, logger: logger, pageSize: pageSize, decode: decode, identify: identify)
            state.informers[name] = informer
            let previous = state.sinks[type]
            let cache = informer.cache
            let isWhole = scope == InformerScope()
            state.sinks[type] = Sink(
                lookup: { key in
                    if let object = cache.get(key), let document = document(object) { return .present(document) }
                    if let previous, case .present(let document) = previous.lookup(key) { return .present(document) }
                    return isWhole && informer.hasSynced ? .absent : .unknown
                },
                wrote: { written in
                    previous?.wrote(written)
                    if scope.shows(written), let object = try? decode(written) { cache.wrote(object) }
                })
            return informer
        }
    }

    /// Adds a controller. It works while this process leads.
    public func add(_ controller: Controller) { state.withLock { $0.controllers.append(controller) } }

    /// The controller of that name, where one was added.
    public func controller(named name: String) -> Controller? { state.withLock { $0.controllers.first { $0.name == name } } }

    /// Adds something else that runs as long as the manager, or as long as it leads.
    public func add(_ name: String, needsLeadership: Bool = true, _ run: @escaping @Sendable () async throws -> Void) {
        state.withLock { $0.services.append((name, needsLeadership, run)) }
    }

    /// An executor that reads and feeds the caches of this manager.
    public func executor(
        component: String, instance: String = "", kinds: [ResourceType] = [], effects: [String: PlanExecutor.EffectHandler] = [:]
    ) -> PlanExecutor {
        PlanExecutor(
            client: client, recorder: EventRecorder(client: client, component: component, instance: instance, logger: logger),
            types: KindResolver(known: kinds, discovery: discovery), effects: effects,
            lookup: { [self] type, key in lookup(type, key) }, wrote: { [self] type, object in wrote(type, object) })
    }

    /// What the caches know of an object.
    public func lookup(_ type: ResourceType, _ key: ObjectKey) -> PlanExecutor.CacheAnswer {
        state.withLock { $0.sinks[type] }?.lookup(key) ?? .unknown
    }

    /// Puts what the server answered to a write into the caches, so that the next look sees it.
    public func wrote(_ type: ResourceType, _ object: DynamicObject) {
        state.withLock { $0.sinks[type] }?.wrote(object)
    }

    /// Puts what the server answered to a write into the caches, so that the next look sees it.
    public func wrote(_ object: some KubernetesResource) {
        guard let document = try? JSONValue(encoding: object) else { return }
        wrote(Swift.type(of: object).resourceType, DynamicObject(document))
    }

    // MARK: Running

    /// What a health endpoint reports.
    public struct Health: Sendable, Hashable {
        /// All caches have been filled.
        public var isSynced: Bool
        /// The controllers run.
        public var isLeading: Bool
        public var queueDepths: [String: Int]
    }

    public var health: Health {
        state.withLock { state in
            Health(
                isSynced: state.isSynced, isLeading: state.isLeading,
                queueDepths: Dictionary(state.controllers.map { ($0.name, $0.queue.depth) }, uniquingKeysWith: +))
        }
    }

    /// Runs until cancelled or asked to shut down.
    public func run() async throws {
        try await cancelWhenGracefulShutdown { try await self.work() }
    }

    /// Fills the caches, and runs the body in place of the controllers.
    ///
    /// - Throws: what the body throws, and `TransportError` where the caches do not fill within the limit.
    public func withCaches<Value: Sendable>(
        within limit: Duration = .seconds(30), _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        let informers = state.withLock { $0.informers.values.map { $0 } }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for informer in informers { group.addTask { await informer.run() } }
            defer { group.cancelAll() }
            try await client.time.limit(limit, "filling the caches") {
                for informer in informers { try await informer.waitUntilSynced() }
            }
            return try await body()
        }
    }

    private func work() async throws {
        let (informers, services) = state.withLock { ($0.informers.values.map { $0 }, $0.services) }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for informer in informers { group.addTask { await informer.run() } }
                for service in services where !service.needsLeadership { group.addTask { try await service.run() } }
                group.addTask { try await self.lead(informers) }
                defer { group.cancelAll() }
                // Everything runs until it is cancelled; what ends earlier ends all.
                while try await group.next() != nil { try Task.checkCancellation() }
            }
        } catch is CancellationError {}
        for controller in state.withLock({ $0.controllers }) { controller.queue.close() }
    }

    private func lead(_ informers: [any AnyInformer]) async throws {
        for informer in informers { try await informer.waitUntilSynced() }
        state.withLock { $0.isSynced = true }
        guard let election else { return try await control() }
        let elector = LeaderElector(client: client, configuration: election, logger: logger)
        try await elector.run { try await self.control() }
    }

    private func control() async throws {
        let (controllers, services) = state.withLock { state in
            state.isLeading = true
            return (state.controllers, state.services)
        }
        defer { state.withLock { $0.isLeading = false } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for controller in controllers { group.addTask { await controller.run() } }
            for service in services where service.needsLeadership { group.addTask { try await service.run() } }
            try await group.waitForAll()
        }
        // Without controllers there is still a lease to hold.
        while !Task.isCancelled { try await client.time.sleep(for: .seconds(3600)) }
    }
}

/// An informer whatever its objects.
protocol AnyInformer: Sendable {
    func run() async
    func waitUntilSynced() async throws
}

extension Informer: AnyInformer {}
