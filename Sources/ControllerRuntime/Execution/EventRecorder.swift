public import KubernetesClient
public import KubernetesTypes
public import Logging
public import Reconciliation
import Synchronization

/// Tells people what happened, as events of the objects that it happened to.
///
/// The same event again raises the count of the one that is there. Objects that have very much to say are held to a rate, as
/// client-go does it: 25 at once, then one in five minutes. An event that cannot be written is logged and forgotten.
public actor EventRecorder {
    private struct Subject: Hashable {
        var uid: String
        var type: String
        var reason: String
        var message: String
    }

    private struct Written {
        var key: ObjectKey
        var count: Int
        var last: Duration
    }

    private let client: Client
    private let component: String
    private let instance: String
    private let logger: Logger
    private var written: [Subject: Written] = [:]
    private var buckets: [String: TokenBucket] = [:]
    /// Repetitions within this time are counted in one event.
    private let window: Duration = .seconds(600)

    /// - Parameters:
    ///   - component: who says it: `apus-operator`.
    ///   - instance: which of them: a pod's or host's name.
    public init(client: Client, component: String, instance: String = "", logger: Logger = Logger(label: "apus.events")) {
        self.client = client
        self.component = component
        self.instance = instance
        self.logger = logger
    }

    public func record(_ event: PlannedEvent, about object: DynamicObject) async {
        let reference = KubernetesTypes.ObjectReference(
            apiVersion: object.apiVersion, kind: object.kind, name: object.name,
            namespace: object.namespace.isEmpty ? nil : object.namespace, resourceVersion: object.resourceVersion, uid: object.uid
        )
        await record(event.severity.rawValue, reason: event.reason, message: event.message, about: reference)
    }

    public func record(_ event: PlannedEvent, about object: some KubernetesResource) async {
        let type = Swift.type(of: object).resourceType
        let reference = KubernetesTypes.ObjectReference(
            apiVersion: type.apiVersion, kind: type.kind, name: object.name,
            namespace: object.namespace.isEmpty ? nil : object.namespace, resourceVersion: object.metadata.resourceVersion,
            uid: object.uid)
        await record(event.severity.rawValue, reason: event.reason, message: event.message, about: reference)
    }

    private func record(_ type: String, reason: String, message: String, about object: KubernetesTypes.ObjectReference) async {
        let uptime = client.time.uptime()
        let subject = Subject(uid: object.uid ?? object.name ?? "", type: type, reason: reason, message: message)
        forgetOld(uptime)
        do {
            if var previous = written[subject] {
                previous.count += 1
                previous.last = uptime
                written[subject] = previous
                // Counting is cheap to put off: only every power of two once there are many.
                guard previous.count <= 16 || previous.count.nonzeroBitCount == 1 else { return }
                try await repeated(previous, object)
                return
            }
            var bucket = buckets[subject.uid] ?? TokenBucket(perSecond: 1.0 / 300, burst: 25, now: uptime)
            let isAllowed = bucket.takeIfAny(now: uptime)
            buckets[subject.uid] = bucket
            guard isAllowed else { return }
            let key = try await create(type, reason, message, object)
            written[subject] = Written(key: key, count: 1, last: uptime)
        } catch {
            if let error = error as? StatusError, error.isNotFound || error.isForbidden {
                // The namespace is going, or the earlier event was cleaned up: the next one begins anew.
                written[subject] = nil
            }
            logger.debug("event not written", metadata: ["reason": "\(reason)", "error": "\(error)"])
        }
    }

    private func create(_ type: String, _ reason: String, _ message: String, _ object: KubernetesTypes.ObjectReference)
        async throws
        -> ObjectKey
    {
        let now = client.time.now()
        let namespace = object.namespace ?? "default"
        // Names of objects can be as long as names of events, which carry a suffix.
        let name = String((object.name ?? "").prefix(230)) + "." + String(client.chance.bits(), radix: 16)
        let event = Event(
            count: 1, firstTimestamp: Timestamp(now), involvedObject: object, lastTimestamp: Timestamp(now),
            message: String(message.prefix(1024)), metadata: ObjectMeta(name: name, namespace: namespace), reason: reason,
            reportingComponent: component, reportingInstance: instance,
            source: EventSource(component: component, host: instance.isEmpty ? nil : instance), type: type)
        try await client.create(event)
        return ObjectKey(namespace: namespace, name: name)
    }

    private func repeated(_ event: Written, _ object: KubernetesTypes.ObjectReference) async throws {
        let now = Timestamp(client.time.now()).description
        let patch: JSONValue = ["count": .integer(Int64(event.count)), "lastTimestamp": .string(now)]
        try await client.patch(Event.resourceType, event.key, .merge(patch))
    }

    private func forgetOld(_ uptime: Duration) {
        guard written.count > 1000 || buckets.count > 1000 else {
            written = written.filter { uptime - $0.value.last < window }
            return
        }
        written = written.filter { uptime - $0.value.last < window / 10 }
        let live = Set(written.keys.map(\.uid))
        buckets = buckets.filter { live.contains($0.key) }
    }
}
