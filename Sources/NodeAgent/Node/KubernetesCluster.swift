import Foundation
import KubernetesClient
import KubernetesTypes
import Logging
import Synchronization

/// The cluster behind a real API server.
final class KubernetesCluster: Cluster {
    let client: Client
    let nodeName: String
    private let log: Logger
    private let now: @Sendable () -> Date
    private let known = Mutex<[Service]>([])
    private let series = Mutex<[Subject: Recorded]>([:])

    private struct Subject: Hashable {
        var uid: String
        var event: PodEvent
    }
    private struct Recorded {
        var name: String
        var count: Int
        var first: Timestamp
        var last: Date
    }

    init(client: Client, nodeName: String, log: Logger, now: @escaping @Sendable () -> Date) {
        self.client = client.named("apus-node", fieldManager: "apus-node")
        self.nodeName = nodeName
        self.log = log
        self.now = now
    }

    func configMap(namespace: String, name: String) async throws -> ConfigMap? {
        try await client.find(ConfigMap.self, name, namespace: namespace)
    }

    func secret(namespace: String, name: String) async throws -> Secret? {
        try await client.find(Secret.self, name, namespace: namespace)
    }

    func token(for pod: Pod, audience: String?, expirationSeconds: Int) async throws -> IssuedToken {
        let account = pod.spec.serviceAccountName ?? "default"
        let request = TokenRequest(
            spec: TokenRequestSpec(
                audiences: audience.map { [$0] } ?? [],
                boundObjectRef: BoundObjectReference(apiVersion: "v1", kind: "Pod", name: pod.name, uid: pod.uid),
                expirationSeconds: max(600, expirationSeconds)))
        var body = try JSONValue(encoding: request)
        // An empty audience list means the server's own; named, it would be none.
        if audience == nil { body[path: ["spec", "audiences"]] = nil }
        let answer = try await client.create(
            subresource: "token", of: ServiceAccount.resourceType, ObjectKey(namespace: pod.namespace, name: account), body)
        let issued = try answer.decode(TokenRequest.self)
        guard let token = issued.status?.token else {
            throw NodeAgentError(.mount, "the API server issued no token for \(pod.namespace)/\(account)")
        }
        return IssuedToken(
            token: token, expires: issued.status?.expirationTimestamp?.date ?? now().addingTimeInterval(Double(expirationSeconds))
        )
    }

    func services() async -> [Service] { known.withLock { $0 } }

    /// The services as the watch has them.
    func know(_ services: [Service]) { known.withLock { $0 = services } }

    func report(_ status: PodStatus, of pod: Pod) async throws {
        var value = try JSONValue(encoding: status)
        // Named as gone, or the server would keep what was there before.
        for field in ["reason", "message", "podIP", "podIPs"] where value[field] == nil { value[field] = .null }
        let body: JSONValue = ["metadata": ["uid": .string(pod.uid)], "status": value]
        do {
            try await client.patch(Pod.resourceType, pod.key, .strategic(body), subresource: "status")
        } catch let error as StatusError where error.isNotFound || error.isConflict {
            // Another pod has the name now, or none: nobody waits for this status.
            log.debug("the pod is no longer there", metadata: ["pod": "\(pod.key)"])
        }
    }

    func confirmDeletion(of pod: Pod) async throws {
        var options = DeleteOptions()
        options.gracePeriodSeconds = 0
        options.preconditions = Preconditions(uid: pod.uid)
        do {
            try await client.delete(Pod.resourceType, pod.key, options)
        } catch let error as StatusError where error.isNotFound || error.isConflict {
            log.debug("the pod is no longer there", metadata: ["pod": "\(pod.key)"])
        }
    }

    func record(_ event: PodEvent, on pod: Pod) async {
        let reference = ObjectReference(
            apiVersion: "v1", fieldPath: event.container.map { Self.fieldPath($0, in: pod) }, kind: "Pod", name: pod.name,
            namespace: pod.namespace, resourceVersion: pod.metadata.resourceVersion, uid: pod.uid)
        await record(event, about: reference, namespace: pod.namespace)
    }

    /// Where in the pod a container is, as upstream's events name it.
    static func fieldPath(_ container: String, in pod: Pod) -> String {
        let isInit = (pod.spec.initContainers ?? []).contains { $0.name == container }
        return isInit ? "spec.initContainers{\(container)}" : "spec.containers{\(container)}"
    }

    /// Writes an event; the same again raises the count of the one that is there.
    func record(_ event: PodEvent, about reference: ObjectReference, namespace: String) async {
        let time = now()
        let subject = Subject(uid: reference.uid ?? reference.name ?? "", event: event)
        let before = series.withLock { table -> Recorded? in
            table = table.filter { time.timeIntervalSince($0.value.last) < 3600 }
            guard var found = table[subject] else { return nil }
            found.count += 1
            found.last = time
            table[subject] = found
            return found
        }
        do {
            if let before {
                let change: JSONValue = [
                    "count": .integer(Int64(before.count)), "lastTimestamp": .string(Timestamp(time).description),
                ]
                try await client.patch(
                    Event.resourceType, ObjectKey(namespace: namespace, name: before.name), .merge(change))
                return
            }
            let name = "\(reference.name ?? "node").\(String(UInt64.random(in: .min ... .max), radix: 16))"
            let fresh = Event(
                count: 1, firstTimestamp: Timestamp(time), involvedObject: reference, lastTimestamp: Timestamp(time),
                message: event.message, metadata: ObjectMeta(name: name, namespace: namespace), reason: event.reason,
                reportingComponent: "apus-node", reportingInstance: nodeName,
                source: EventSource(component: "apus-node", host: nodeName), type: event.isWarning ? "Warning" : "Normal")
            series.withLock { $0[subject] = Recorded(name: name, count: 1, first: Timestamp(time), last: time) }
            try await client.create(fresh)
        } catch {
            // Events inform; nothing depends on them.
            log.debug("cannot record an event", metadata: ["reason": "\(event.reason)", "error": "\(error)"])
        }
    }
}
