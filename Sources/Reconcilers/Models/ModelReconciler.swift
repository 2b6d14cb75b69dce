public import ApusAPI
public import FoundationEssentials
import KubernetesTypes
public import Reconciliation

public struct ModelObservation: Sendable {
    public var model: Model
    public var now: Date
    /// All versions of the model.
    public var versions: [ModelVersion]
    /// All promotions of the model.
    public var promotions: [Promotion]
    /// Services of the model's namespace.
    public var services: [InferenceService]

    public init(
        model: Model, now: Date, versions: [ModelVersion] = [], promotions: [Promotion] = [], services: [InferenceService] = []
    ) {
        self.model = model
        self.now = now
        self.versions = versions
        self.promotions = promotions
        self.services = services
    }
}

/// Says which version each alias names: a pin in the spec, or else what the newest promotion that could be applied made it.
public enum ModelReconciler: Reconciler {
    public static func reconcile(_ observation: ModelObservation) throws -> Plan {
        let model = observation.model
        if model.isBeingDeleted { return Plan() }
        var status = model.status ?? ModelStatus()
        var conditions = ConditionSet(status.conditions, generation: model.metadata.generation, now: observation.now)
        var plan = Plan(kept: [])

        let versions = observation.versions.sorted { $0.spec.version < $1.spec.version }
        let aliases = AliasResolution.resolve(
            model: model, versions: Set(versions.map(\.name)), promotions: observation.promotions, now: observation.now)
        let missingPins = (model.spec.aliases ?? []).filter { pin in !versions.contains { $0.name == pin.version } }

        for alias in aliases where (status.aliases ?? []).first(where: { $0.name == alias.name })?.version != alias.version {
            plan.events.append(
                PlannedEvent(
                    .normal, reason: "AliasMoved",
                    message: "\(alias.name) names \(alias.version) now\(alias.reason.map { ": \($0)" } ?? ".")"))
        }
        if let first = firstPromotion(observation, versions: versions, aliases: aliases) {
            plan.children.append(.createOnce(try first.json(), .independent))
        }
        status.versions = versions.count
        status.latestVersion = versions.last?.name
        status.highestNumber = [status.highestNumber, versions.last?.spec.version].compactMap { $0 }.max()
        status.aliases = aliases.isEmpty ? nil : aliases
        let users = observation.services.filter { $0.spec.model.name == model.name }.map(\.name).sorted()
        status.usedBy = users.isEmpty ? nil : users
        status.observedGeneration = model.metadata.generation

        if let pin = missingPins.first {
            let message =
                "spec.aliases pins \(pin.name) to \(pin.version), which is no version of this model; see kubectl get mver."
            if conditions.reason(of: "Ready") != "PinnedVersionNotFound" {
                plan.events.append(PlannedEvent(.warning, reason: "PinnedVersionNotFound", message: message))
            }
            conditions.stalled(reason: "PinnedVersionNotFound", message: message)
        } else if versions.isEmpty {
            conditions.ready(
                reason: "NoVersions", message: "No version is registered yet; train one with spec.output.model: \(model.name).")
        } else {
            conditions.ready(
                reason: "UpToDate",
                message:
                    "\(versions.count == 1 ? "1 version" : "\(versions.count) versions"); the latest is \(versions.last?.name ?? "")."
            )
        }
        status.conditions = conditions.conditions
        status.phase = nil
        plan.status = try JSONValue(encoding: status)
        return plan
    }

    /// The first version ever is in production at once: there is nothing that it could be worse than.
    private static func firstPromotion(
        _ observation: ModelObservation, versions: [ModelVersion], aliases: [EffectiveAlias]
    ) -> Promotion? {
        let model = observation.model
        guard model.spec.promoteFirstVersion ?? true, let first = versions.first,
            observation.promotions.allSatisfy({ $0.status?.phase == .rejected }),
            !aliases.contains(where: { $0.name == Model.productionAlias })
        else { return nil }
        return Promotion(
            metadata: ObjectMeta(
                labels: [ApusLabel.managedBy: "apus", ApusLabel.model: model.name], name: "\(first.name)-first",
                namespace: model.namespace),
            spec: PromotionSpec(
                model: model.name, alias: Model.productionAlias, version: first.name,
                reason: "It is the first version of the model.",
                requestedBy: "model/\(model.name)"))
    }
}

/// Which version each alias names.
///
/// The status is what is in force. Only a newer promotion or a pin changes it: that a promotion is deleted, or the version that is
/// in force, moves nothing.
public enum AliasResolution {
    /// Promotions in the order in which they count: by time of creation, which is in whole seconds; of one second those that have
    /// been in force before the one that is, that before those that are still to come, and these by name.
    public static func ordered(_ promotions: [Promotion]) -> [Promotion] {
        func rank(_ promotion: Promotion) -> Int {
            switch promotion.status?.phase {
            case .rejected, .superseded: 0
            case .applied: 1
            case .pending, nil: 2
            }
        }
        return promotions.sorted {
            let left = ($0.metadata.creationTimestamp ?? Timestamp(), rank($0), $0.name)
            let right = ($1.metadata.creationTimestamp ?? Timestamp(), rank($1), $1.name)
            return left < right
        }
    }

    static func resolve(model: Model, versions: Set<String>, promotions: [Promotion], now: Date) -> [EffectiveAlias] {
        let previous = Dictionary((model.status?.aliases ?? []).map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
        var aliases = previous.filter { $0.value.by != pinned }
        // What was rejected stays so: the version that it named may be made later, by something that has to be judged first.
        let inOrder = ordered(promotions.filter { $0.spec.model == model.name && $0.status?.phase != .rejected })
        for (index, promotion) in inOrder.enumerated() where versions.contains(promotion.spec.version) {
            if let inForce = previous[promotion.spec.alias], inForce.by != pinned,
                !isNewer(promotion, at: index, than: inForce, in: inOrder)
            {
                continue
            }
            aliases[promotion.spec.alias] = EffectiveAlias(
                name: promotion.spec.alias, version: promotion.spec.version, by: promotion.name, reason: promotion.spec.reason)
        }
        for pin in model.spec.aliases ?? [] where versions.contains(pin.version) {
            aliases[pin.name] = EffectiveAlias(name: pin.name, version: pin.version, by: pinned, reason: "pinned in spec.aliases")
        }
        return aliases.values.sorted { $0.name < $1.name }.map { alias in
            var alias = alias
            let before = previous[alias.name]
            alias.since = before?.version == alias.version && before?.by == alias.by ? before?.since : Timestamp(now)
            return alias
        }
    }

    /// What an alias is `by` while a pin holds it.
    private static let pinned = "spec"

    private static func isNewer(
        _ promotion: Promotion, at index: Int, than inForce: EffectiveAlias, in inOrder: [Promotion]
    ) -> Bool {
        if let place = inOrder.firstIndex(where: { $0.name == inForce.by }) { return index > place }
        // The one in force is gone; times of creation are whole seconds.
        guard let since = inForce.since, let creation = promotion.metadata.creationTimestamp else { return true }
        return creation.date.timeIntervalSince1970 >= since.date.timeIntervalSince1970.rounded(.down)
    }
}
