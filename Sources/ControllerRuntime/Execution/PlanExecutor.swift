public import KubernetesClient
public import KubernetesTypes
public import Reconciliation

/// Does what a plan says, and nothing when everything is so already.
///
/// Each write is safe to do again, so that a pass that was cut off anywhere is made good by the next one. The order lets later
/// passes find what earlier ones began: finalizers are added first; then children, patches, deletions and effects; then the
/// status, which says that all this is done; then events; finalizers are removed last.
public struct PlanExecutor: Sendable {
    public typealias EffectHandler = @Sendable (Effect, DynamicObject) async throws -> Void

    public static let childManager = "apus"
    public static let statusManager = "apus-status"

    let client: Client
    let recorder: EventRecorder
    let types: KindResolver
    let effects: [String: EffectHandler]
    /// Where an object that may be there can be read without asking the server.
    let lookup: @Sendable (ResourceType, ObjectKey) -> CacheAnswer
    /// Told of each object as the server answered it to a write.
    let wrote: @Sendable (ResourceType, DynamicObject) -> Void
    let finalizerPrefix: String

    /// What a cache knows of an object.
    public enum CacheAnswer: Sendable {
        case present(DynamicObject)
        case absent
        /// No cache follows this kind.
        case unknown
    }

    /// - Parameters:
    ///   - effects: how the effects that plans name are done.
    ///   - finalizerPrefix: finalizers that begin so are ours to add and remove.
    public init(
        client: Client, recorder: EventRecorder, types: KindResolver, effects: [String: EffectHandler] = [:],
        finalizerPrefix: String = "apus.dev/",
        lookup: @escaping @Sendable (ResourceType, ObjectKey) -> CacheAnswer = { _, _ in .unknown },
        wrote: @escaping @Sendable (ResourceType, DynamicObject) -> Void = { _, _ in }
    ) {
        self.client = client
        self.recorder = recorder
        self.types = types
        self.effects = effects
        self.finalizerPrefix = finalizerPrefix
        self.lookup = lookup
        self.wrote = wrote
    }

    /// - Parameters:
    ///   - owner: the object that was observed.
    ///   - children: the objects owned by it that were observed.
    /// - Throws: `StalePlan` when something moved on since the observation; plan again.
    @discardableResult
    public func execute(_ plan: Plan, for owner: DynamicObject, children: [DynamicObject]) async throws -> ExecutionReport {
        var pass = ExecutionPass(executor: self, plan: plan, owner: owner, children: children)
        do {
            try await pass.run()
        } catch let error as StatusError where error.isConflict {
            throw StalePlan(message: error.message)
        }
        return pass.report
    }
}

/// What one execution wrote.
public struct ExecutionReport: Sendable, Hashable {
    public var created = 0
    public var applied = 0
    public var patched = 0
    public var deleted = 0
    public var effects = 0
    public var wroteStatus = false
    public var wroteFinalizers = false

    /// Requests that changed something on the server, events not counted.
    public var writes: Int { created + applied + patched + deleted + (wroteStatus ? 1 : 0) + (wroteFinalizers ? 1 : 0) }
}

/// The observation that a plan was made from is no longer true.
public struct StalePlan: Error, Sendable, CustomStringConvertible {
    public var message: String
    public var description: String { "the plan is stale: \(message)" }
}

/// A plan could not be carried out for a reason that planning again does not remove by itself.
public struct ExecutionError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// Something else has the name of a planned child.
        case nameTaken
        /// Nobody wired the effect.
        case unknownEffect
    }

    public var code: Code
    public var message: String
    public var cause: (any Error)?

    public var description: String { message }
}

/// Which kinds are served, and where: typed kinds by their Swift type, others by asking the server.
public struct KindResolver: Sendable {
    private let known: [GroupVersionKind: ResourceType]
    private let discovery: Discovery?

    public init(known: [ResourceType] = [], discovery: Discovery? = nil) {
        var table: [GroupVersionKind: ResourceType] = [:]
        for type in Self.builtIn + known { table[type.groupVersionKind] = type }
        self.known = table
        self.discovery = discovery
    }

    private static let builtIn: [ResourceType] = [
        Pod.resourceType, Service.resourceType, ConfigMap.resourceType, Secret.resourceType, ServiceAccount.resourceType,
        Deployment.resourceType, ReplicaSet.resourceType, Job.resourceType, Lease.resourceType, EndpointSlice.resourceType,
        Endpoints.resourceType, Node.resourceType, Namespace.resourceType, Event.resourceType, Role.resourceType,
        RoleBinding.resourceType,
    ]

    public func type(of kind: GroupVersionKind) async throws -> ResourceType {
        if let type = known[kind] { return type }
        guard let discovery else {
            throw StatusError(
                code: 404, reason: "NotFound", message: "no matches for kind \"\(kind.kind)\" in version \"\(kind.apiVersion)\"")
        }
        return try await discovery.type(of: kind)
    }
}
