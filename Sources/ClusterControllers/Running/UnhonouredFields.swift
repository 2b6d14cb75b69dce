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

/// Tells of each object once which of its fields are not honoured.
final class HonestyReporter: Sendable {
    private let recorder: EventRecorder
    private let told = Mutex<Set<String>>([])

    init(_ recorder: EventRecorder) {
        self.recorder = recorder
    }

    func report(_ fields: [String], of object: some KubernetesResource) async {
        guard !fields.isEmpty else { return }
        let isNew = told.withLock { told in
            if told.count > 10_000 { told.removeAll() }
            return told.insert(object.uid).inserted
        }
        guard isNew else { return }
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
