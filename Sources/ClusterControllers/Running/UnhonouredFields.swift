import ControllerRuntime
import KubernetesTypes
import Reconciliation
import Synchronization

/// Fields that are stored and that nothing here acts on. They are named to whoever set them, never dropped in silence.
enum UnhonouredFields {
    static func of(_ job: Job) -> [String] {
        var fields: [String] = []
        if job.spec.backoffLimitPerIndex != nil { fields.append("spec.backoffLimitPerIndex") }
        if job.spec.maxFailedIndexes != nil { fields.append("spec.maxFailedIndexes") }
        if job.spec.successPolicy != nil { fields.append("spec.successPolicy") }
        // The default of the server is not something that anybody asked for.
        if job.spec.podReplacementPolicy == "TerminatingOrFailed", job.spec.podFailurePolicy != nil {
            fields.append("spec.podReplacementPolicy")
        }
        return fields
    }

    /// What the scheduler should act on and does not.
    static func ofScheduling(_ pod: Pod) -> [String] {
        var fields: [String] = []
        if !(pod.spec.resourceClaims ?? []).isEmpty { fields.append("spec.resourceClaims") }
        if pod.spec.schedulingGroup != nil { fields.append("spec.schedulingGroup") }
        for (index, constraint) in (pod.spec.topologySpreadConstraints ?? []).enumerated() {
            let path = "spec.topologySpreadConstraints[\(index)]"
            if constraint.whenUnsatisfiable == "ScheduleAnyway" { fields.append("\(path).whenUnsatisfiable") }
            if !(constraint.matchLabelKeys ?? []).isEmpty { fields.append("\(path).matchLabelKeys") }
            if constraint.nodeTaintsPolicy == "Honor" { fields.append("\(path).nodeTaintsPolicy") }
            if constraint.nodeAffinityPolicy == "Ignore" { fields.append("\(path).nodeAffinityPolicy") }
        }
        return fields
    }
}

/// Kinds that are stored and that no controller here acts on.
enum UnhonouredKinds {
    private static let all: Set<String> = [
        "statefulsets.apps", "daemonsets.apps", "cronjobs.batch", "replicationcontrollers",
        "horizontalpodautoscalers.autoscaling", "ingresses.networking.k8s.io", "networkpolicies.networking.k8s.io",
        "persistentvolumeclaims", "poddisruptionbudgets.policy",
    ]

    static func contains(_ type: ResourceType) -> Bool { all.contains(type.groupResource) }
}

/// Tells of each object once which of its fields are not honoured.
final class HonestyReporter: Sendable {
    private let recorder: EventRecorder
    private let told = Mutex<Set<String>>([])

    init(_ recorder: EventRecorder) {
        self.recorder = recorder
    }

    private func isFirst(_ uid: String) -> Bool {
        told.withLock { told in
            if told.count > 10_000 { told.removeAll() }
            return told.insert(uid).inserted
        }
    }

    /// An object of a kind that nothing acts on.
    func reportKind(of object: DynamicObject) async {
        guard isFirst(object.uid) else { return }
        await recorder.record(
            PlannedEvent(
                .warning, reason: "KindNotHonoured",
                message:
                    "This cluster stores objects of kind \(object.kind) and has no controller for them: nothing will come of it."),
            about: object)
    }

    func report(_ fields: [String], of object: some KubernetesResource) async {
        guard !fields.isEmpty, isFirst(object.uid) else { return }
        let list = fields.joined(separator: ", ")
        await recorder.record(
            PlannedEvent(
                .warning, reason: "FieldNotHonoured",
                message:
                    "Stored, but without effect in this cluster: \(list). Leave out what must not be ignored, or use another cluster."
            ),
            about: object)
    }
}
