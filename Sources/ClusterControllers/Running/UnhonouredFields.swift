import ControllerRuntime
import KubernetesTypes
import Reconciliation
import Synchronization

/// What the scheduler and the namespaces' controller should act on and do not.
enum UnhonouredFields {
    /// Pod security levels, which nothing holds pods to. The lowest one asks for nothing.
    static func ofNamespace(_ namespace: Namespace) -> [UnhonouredField] {
        (namespace.metadata.labels ?? [:]).sorted { $0.key < $1.key }.compactMap { name, value in
            let asks = ["enforce", "audit", "warn"].contains { name == "pod-security.kubernetes.io/\($0)" }
            guard asks, value != "privileged" else { return nil }
            return UnhonouredField(path: "metadata.labels[\(name)]", why: "pods are not held to a level of security")
        }
    }

    static func ofScheduling(_ pod: Pod) -> [UnhonouredField] {
        var fields: [UnhonouredField] = []
        func add(_ path: String, _ why: String) { fields.append(UnhonouredField(path: path, why: why)) }
        if !(pod.spec.resourceClaims ?? []).isEmpty {
            add("spec.resourceClaims", "dynamic resource allocation is not served")
        }
        if pod.spec.schedulingGroup != nil { add("spec.schedulingGroup", "pods are placed one by one") }
        for (index, constraint) in (pod.spec.topologySpreadConstraints ?? []).enumerated() {
            let path = "spec.topologySpreadConstraints[\(index)]"
            if constraint.whenUnsatisfiable == "ScheduleAnyway" {
                add("\(path).whenUnsatisfiable", "a spread that need not hold is not sought")
            }
            if !(constraint.matchLabelKeys ?? []).isEmpty { add("\(path).matchLabelKeys", "labelSelector alone counts") }
            if constraint.nodeTaintsPolicy == "Honor" { add("\(path).nodeTaintsPolicy", "every node counts") }
            if constraint.nodeAffinityPolicy == "Ignore" {
                add("\(path).nodeAffinityPolicy", "nodes that the pod excludes do not count")
            }
        }
        return fields
    }
}

/// Kinds that are stored and that no controller here acts on.
enum UnhonouredKinds {
    private static let all: Set<String> = [
        "statefulsets.apps", "daemonsets.apps", "cronjobs.batch", "replicationcontrollers",
        "horizontalpodautoscalers.autoscaling", "ingresses.networking.k8s.io", "networkpolicies.networking.k8s.io",
        "persistentvolumeclaims", "poddisruptionbudgets.policy", "resourcequotas", "limitranges",
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
    ]

    static func contains(_ type: ResourceType) -> Bool { all.contains(type.groupResource) }
}

/// Tells of each object once which of its fields are not honoured, and again when there are others.
final class HonestyReporter: Sendable {
    private struct Told: Hashable {
        var uid: String
        var what: String
    }

    private let recorder: EventRecorder
    private let told = Mutex<Set<Told>>([])

    init(_ recorder: EventRecorder) {
        self.recorder = recorder
    }

    private func isFirst(_ uid: String, _ what: String) -> Bool {
        told.withLock { told in
            if told.count > 10_000 { told.removeAll() }
            return told.insert(Told(uid: uid, what: what)).inserted
        }
    }

    /// An object of a kind that nothing acts on.
    func reportKind(of object: DynamicObject) async {
        guard isFirst(object.uid, "kind") else { return }
        await recorder.record(
            PlannedEvent(
                .warning, reason: "KindNotHonoured",
                message:
                    "This cluster stores objects of kind \(object.kind) and nothing acts on them: this one has no effect."),
            about: object)
    }

    /// - Returns: the sentence that was told, for the object's condition; nil where every field is honoured.
    @discardableResult
    func report(_ fields: [UnhonouredField], of object: some KubernetesResource) async -> String? {
        guard let sentence = FieldTable.sentence(fields) else { return nil }
        if isFirst(object.uid, sentence) {
            await recorder.record(PlannedEvent(.warning, reason: "FieldNotHonoured", message: sentence), about: object)
        }
        return sentence
    }
}

/// The condition that names fields without effect, for each form that conditions have.
enum HonestyCondition {
    /// The conditions with that one set, changed or gone.
    /// - Parameters:
    ///   - sentence: what it should say; nil where every field is honoured.
    ///   - make: a new one.
    static func noted<Condition>(
        _ conditions: [Condition]?, _ sentence: String?, type: KeyPath<Condition, String>,
        message: KeyPath<Condition, String?>, make: (String) -> Condition
    ) -> [Condition]? {
        var result = conditions ?? []
        let present = result.first { $0[keyPath: type] == FieldTable.condition }
        if let present, let sentence, present[keyPath: message] == sentence { return conditions }
        result.removeAll { $0[keyPath: type] == FieldTable.condition }
        if let sentence { result.append(make(sentence)) }
        return result.isEmpty ? nil : result
    }
}
