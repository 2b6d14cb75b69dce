public import KubernetesClient
public import KubernetesTypes
public import Logging

/// Holds a Lease so that one of several processes does the work (client-go's `leaderelection`).
///
/// Whether another's lease has run out is judged by how long it has not changed on our own monotonic clock, never by the
/// times written in it: clocks of machines differ.
public actor LeaderElector {
    public struct Configuration: Sendable {
        public var lease: ObjectKey
        public var identity: String
        /// Others wait this long after our last renewal.
        public var leaseDuration: Duration
        /// We stop working when we could not renew for this long.
        public var renewDeadline: Duration
        public var retryPeriod: Duration
        /// Give the lease back on leaving, so that the next leader need not wait.
        public var releasesOnCancel: Bool

        public init(
            lease: ObjectKey, identity: String, leaseDuration: Duration = .seconds(15), renewDeadline: Duration = .seconds(10),
            retryPeriod: Duration = .seconds(2), releasesOnCancel: Bool = true
        ) {
            self.lease = lease
            self.identity = identity
            self.leaseDuration = leaseDuration
            self.renewDeadline = renewDeadline
            self.retryPeriod = retryPeriod
            self.releasesOnCancel = releasesOnCancel
        }
    }

    private let client: Client
    private let configuration: Configuration
    private let logger: Logger
    private var observed: LeaseSpec?
    private var observedVersion: String?
    private var observedAt: Duration = .zero
    private(set) var isLeader = false

    public init(client: Client, configuration: Configuration, logger: Logger = Logger(label: "apus.leader")) {
        self.client = client
        self.configuration = configuration
        self.logger = logger
    }

    /// Waits for the lease, runs the work while holding it, and returns or throws what the work does.
    ///
    /// - Throws: `LostLeadership` when the lease could not be renewed in time; the work has been cancelled by then.
    public func run(_ work: @escaping @Sendable () async throws -> Void) async throws {
        try await acquire()
        logger.info("became leader", metadata: ["lease": "\(configuration.lease)", "identity": "\(configuration.identity)"])
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await work() }
                group.addTask { try await self.renew() }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch {
            await leave()
            throw error
        }
        await leave()
    }

    /// The identity in the lease as last seen.
    public var holder: String { observed?.holderIdentity ?? "" }

    private func acquire() async throws {
        while true {
            try Task.checkCancellation()
            do {
                if try await attempt() {
                    isLeader = true
                    return
                }
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                logger.debug("lease not available", metadata: ["error": "\(error)"])
            }
            // Jitter keeps several waiting processes from asking in step.
            try await client.time.sleep(for: configuration.retryPeriod * (1 + 0.2 * client.chance.unit()))
        }
    }

    private func renew() async throws {
        var renewedAt = client.time.uptime()
        while true {
            try await client.time.sleep(for: configuration.retryPeriod)
            let left = configuration.renewDeadline - (client.time.uptime() - renewedAt)
            guard left > .zero else { throw LostLeadership(lease: configuration.lease) }
            do {
                let isRenewed = try await client.time.limit(left, "renewing \(configuration.lease)") { try await self.attempt() }
                guard isRenewed else { throw LostLeadership(lease: configuration.lease) }
                renewedAt = client.time.uptime()
            } catch let error as LostLeadership {
                throw error
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                logger.warning("lease not renewed", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Takes or renews the lease.
    /// - Returns: false when another holds it.
    private func attempt() async throws -> Bool {
        let now = MicroTimestamp(client.time.now())
        let mine = LeaseSpec(
            acquireTime: now, holderIdentity: configuration.identity,
            leaseDurationSeconds: Int(configuration.leaseDuration.components.seconds), leaseTransitions: 0, renewTime: now)
        var once = client
        once.options.maximumTries = 1
        guard var lease = try await once.find(Lease.self, configuration.lease.name, namespace: configuration.lease.namespace)
        else {
            let metadata = ObjectMeta(name: configuration.lease.name, namespace: configuration.lease.namespace)
            note(try await once.create(Lease(metadata: metadata, spec: mine)))
            return true
        }
        if lease.metadata.resourceVersion != observedVersion { note(lease) }
        let holder = lease.spec.holderIdentity ?? ""
        let isMine = holder == configuration.identity
        if !isMine, !holder.isEmpty {
            let duration = Duration.seconds(
                lease.spec.leaseDurationSeconds ?? Int(configuration.leaseDuration.components.seconds))
            if client.time.uptime() - observedAt < duration { return false }
        }
        var spec = mine
        spec.acquireTime = isMine ? lease.spec.acquireTime : now
        spec.leaseTransitions = (lease.spec.leaseTransitions ?? 0) + (isMine ? 0 : 1)
        lease.spec = spec
        do {
            note(try await once.update(lease))
            return true
        } catch let error as StatusError where error.isConflict {
            return false
        }
    }

    private func note(_ lease: Lease) {
        observed = lease.spec
        observedVersion = lease.metadata.resourceVersion
        observedAt = client.time.uptime()
    }

    private func leave() async {
        guard isLeader else { return }
        isLeader = false
        guard configuration.releasesOnCancel, observed?.holderIdentity == configuration.identity else { return }
        // This task is cancelled by now; a fresh one can still send.
        let client = client
        let configuration = configuration
        await Task {
            guard
                var lease = try? await client.get(Lease.self, configuration.lease.name, namespace: configuration.lease.namespace),
                lease.spec.holderIdentity == configuration.identity
            else { return }
            lease.spec.holderIdentity = ""
            lease.spec.leaseDurationSeconds = 1
            lease.spec.renewTime = MicroTimestamp(client.time.now())
            _ = try? await client.update(lease)
        }.value
    }
}

/// Somebody else may be the leader now.
public struct LostLeadership: Error, Sendable, CustomStringConvertible {
    public var lease: ObjectKey
    public var description: String { "the lease \(lease) was lost" }
}
