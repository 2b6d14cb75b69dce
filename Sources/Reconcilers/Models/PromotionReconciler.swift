public import ApusAPI
public import FoundationEssentials
import KubernetesTypes
public import Reconciliation

public struct PromotionObservation: Sendable {
    public var promotion: Promotion
    public var now: Date
    public var model: Model?
    /// The version that the promotion names.
    public var version: ModelVersion?
    /// All promotions of the same model.
    public var siblings: [Promotion]

    public init(promotion: Promotion, now: Date, model: Model? = nil, version: ModelVersion? = nil, siblings: [Promotion] = []) {
        self.promotion = promotion
        self.now = now
        self.model = model
        self.version = version
        self.siblings = siblings
    }
}

/// Says what became of a promotion; the model's reconciler is who moves the alias.
public enum PromotionReconciler: Reconciler {
    /// Seconds that a promotion waits for its model and version before it is rejected for good.
    static let patience = 10.0

    public static func reconcile(_ observation: PromotionObservation) throws -> Plan {
        let promotion = observation.promotion
        if promotion.isBeingDeleted { return Plan() }
        // History stays as it was when what it tells of is gone.
        let isHistory = observation.model == nil || observation.version == nil
        let isInForce = observation.model?.status?.aliases?.contains { $0.by == promotion.name } ?? false
        switch promotion.status?.phase {
        case .superseded: return Plan()
        case .applied where isHistory: return Plan()
        case .rejected where !isInForce: return Plan()
        default: break
        }
        var status = promotion.status ?? PromotionStatus()
        var conditions = ConditionSet(status.conditions, generation: promotion.metadata.generation, now: observation.now)
        let spec = promotion.spec

        var plan = Plan()

        if observation.model == nil || observation.version == nil, !isInForce {
            // What is applied together arrives one by one.
            let left = patience - observation.now.timeIntervalSince(promotion.metadata.creationTimestamp?.date ?? .distantPast)
            status.phase = left > 0 ? .pending : .rejected
            if left > 0 { plan.next = .after(.seconds(left)) }
            let (reason, what) =
                observation.model == nil
                ? ("ModelNotFound", "There is no Model named \(spec.model) in this namespace; see kubectl get mdl.")
                : ("VersionNotFound", "There is no ModelVersion named \(spec.version); see kubectl get mver.")
            conditions.stalled(reason: reason, message: what + " Create another promotion when it is there.")
        } else if observation.version?.spec.model != spec.model {
            status.phase = .rejected
            conditions.stalled(
                reason: "VersionOfAnotherModel",
                message: "\(spec.version) is a version of \(observation.version?.spec.model ?? ""), not of \(spec.model).")
        } else if let newer = newerPromotion(observation) {
            status.phase = .superseded
            conditions.ready(reason: "Superseded", message: "\(newer.name) moved \(spec.alias) to \(newer.spec.version) later.")
        } else if let pin = observation.model?.spec.aliases?.first(where: { $0.name == spec.alias }) {
            status.phase = .pending
            conditions.stalled(
                reason: "AliasPinned",
                message: "spec.aliases of the model pins \(spec.alias) to \(pin.version); remove the pin to let it move.")
        } else if observation.model?.status?.aliases?.first(where: { $0.name == spec.alias })?.by == promotion.name {
            status.phase = .applied
            status.appliedTime = status.appliedTime ?? Timestamp(observation.now)
            conditions.ready(reason: "Applied", message: "\(spec.alias) of \(spec.model) names \(spec.version).")
        } else {
            status.phase = .pending
            conditions.reconciling(reason: "Applying", message: "\(spec.alias) is about to move to \(spec.version).")
        }
        let word = conditions.reason(of: "Ready") ?? ""
        if word != "Applying", word != promotion.status?.conditions?.first(where: { $0.type == "Ready" })?.reason {
            let isWrong = conditions.isTrue("Stalled")
            let message = conditions.conditions.first { $0.type == "Ready" }?.message ?? ""
            plan.events.append(PlannedEvent(isWrong ? .warning : .normal, reason: word, message: message))
        }
        status.conditions = conditions.conditions
        status.observedGeneration = promotion.metadata.generation
        plan.status = try JSONValue(encoding: status)
        return plan
    }

    private static func newerPromotion(_ observation: PromotionObservation) -> Promotion? {
        let ordered = AliasResolution.ordered(observation.siblings).filter {
            $0.spec.alias == observation.promotion.spec.alias && $0.status?.phase != .rejected
        }
        guard let own = ordered.firstIndex(where: { $0.name == observation.promotion.name }) else { return nil }
        return ordered[(own + 1)...].last
    }
}
