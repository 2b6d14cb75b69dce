import ApusAPI
import ArtifactStore
import AsyncHTTPClient
import ControllerRuntime
public import KubernetesClient
public import KubernetesTypes
public import Logging
public import Reconciliation
import Synchronization

/// What the operator would do about objects, without doing it: the same wiring, reconcilers and facts, and a recorder in place of
/// the executor.
public struct PlanPreview: Sendable {
    /// One object, and the plan for it.
    public struct Entry: Sendable {
        public var owner: DynamicObject
        public var plan: Plan
        /// The owned children that the plan was made from.
        public var children: [DynamicObject]
    }

    private let configuration: Operator.Configuration
    private let transport: any Transport
    private let logger: Logger

    /// - Parameter transport: the way to the API server; only read from.
    public init(configuration: Operator.Configuration, transport: any Transport, logger: Logger) {
        self.configuration = configuration
        self.transport = transport
        self.logger = logger
    }

    /// Kinds that have a reconciler.
    public static let kinds: Set<String> = Set(controllers.keys)

    private static let controllers = [
        TrainingJob.resourceType.kind: "training-job", Model.resourceType.kind: "model",
        ModelVersion.resourceType.kind: "model-version", Promotion.resourceType.kind: "promotion",
        InferenceService.resourceType.kind: "inference-service", DriftMonitor.resourceType.kind: "drift-monitor",
    ]

    /// Plans each object as if all of them were in the cluster as given.
    public func entries(for objects: [(type: ResourceType, object: DynamicObject)]) async throws -> [Entry] {
        let client = Client(
            transport: OverlayTransport(transport, objects), options: .init(userAgent: "apus-plan", maximumTries: 2))
        let manager = Manager(client: client, election: nil, logger: logger)
        let recorder = PlanRecorder()
        try Operator.wire(configuration, manager: manager, recorder: recorder, logger: logger)
        return try await manager.withCaches {
            var entries: [Entry] = []
            for (type, object) in objects {
                guard let name = Self.controllers[type.kind], type.group == ApusAPI.group else { continue }
                try await manager.controller(named: name)?.reconcileOnce(object.key)
                entries += recorder.take()
            }
            return entries
        }
    }
}

/// Takes plans instead of executing them.
final class PlanRecorder: Sendable {
    private let recorded = Mutex<[PlanPreview.Entry]>([])

    func record(_ entry: PlanPreview.Entry) { recorded.withLock { $0.append(entry) } }

    func take() -> [PlanPreview.Entry] {
        recorded.withLock { entries in
            defer { entries = [] }
            return entries
        }
    }
}

/// Reads from a server as if some objects were there, and writes nothing.
struct OverlayTransport: Transport {
    private let base: any Transport
    /// By the path of the list that they belong to.
    private let objects: [String: [DynamicObject]]

    init(_ base: any Transport, _ objects: [(type: ResourceType, object: DynamicObject)]) {
        self.base = base
        self.objects = Dictionary(grouping: objects) { $0.type.path() }.mapValues { $0.map(\.object) }
    }

    func send(_ request: WireRequest) async throws -> WireResponse {
        guard request.method == .get else {
            throw TransportError(
                .unreachable, "a look ahead writes nothing; \(request.method.rawValue) \(request.target) was refused")
        }
        let parts = request.target.split(separator: "?", maxSplits: 1).map(String.init)
        guard let added = objects[parts[0]], parts.count < 2 || !parts[1].contains("watch=") else {
            return try await base.send(request)
        }
        var response = try await base.send(request)
        guard response.status == 200 else { return response }
        var list = try JSONParser.parse(try await response.body.collect())
        let names = Set(added.map(\.key))
        let others = (list["items"]?.array ?? []).filter { !names.contains(DynamicObject($0).key) }
        list["items"] = .array(others + added.map(\.value))
        response.body = ByteStream(JSONSerializer.bytes(list))
        response.headers = response.headers.filter { $0.name.lowercased() != "content-length" }
        return response
    }
}
