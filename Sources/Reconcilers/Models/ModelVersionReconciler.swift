public import ApusAPI
public import FoundationEssentials
import KubernetesTypes
public import Reconciliation

public struct ModelVersionObservation: Sendable {
    public var version: ModelVersion
    public var now: Date
    public var model: Model?
    /// Services that serve the version, or that are told to.
    public var services: [InferenceService]
    /// Whether the bundle is in the store with its digest; nil where it was not looked at.
    public var bundle: BundleReading?

    public init(
        version: ModelVersion, now: Date, model: Model? = nil, services: [InferenceService] = [], bundle: BundleReading? = nil
    ) {
        self.version = version
        self.now = now
        self.model = model
        self.services = services
        self.bundle = bundle
    }
}

/// Says who uses a version, and keeps it while somebody does.
public enum ModelVersionReconciler: Reconciler {
    public static func reconcile(_ observation: ModelVersionObservation) throws -> Plan {
        let version = observation.version
        var status = version.status ?? ModelVersionStatus()
        var conditions = ConditionSet(status.conditions, generation: version.metadata.generation, now: observation.now)
        let aliases = (observation.model?.status?.aliases ?? []).filter { $0.version == version.name }.map(\.name).sorted()
        let users = observation.services.filter { serves($0, version.name) }.map(\.name).sorted()
        status.aliases = aliases.isEmpty ? nil : aliases
        status.aliasSummary = aliases.isEmpty ? nil : aliases.joined(separator: ",")
        status.usedBy = users.isEmpty ? nil : users
        var plan = Plan(finalizers: [ModelVersion.finalizer])

        if version.isBeingDeleted {
            let holders = aliases.map { "alias \($0)" } + users.map { "inferenceservice/\($0)" }
            if holders.isEmpty {
                plan.finalizers = []
            } else {
                let message =
                    "The version is deleted when nothing uses it any more; it is kept for \(holders.joined(separator: ", ")). "
                    + "Move the alias by a Promotion, or delete the service."
                conditions.set("Ready", true, reason: "InUse", message: message)
                conditions.set("Reconciling", true, reason: "DeletionBlocked", message: message)
                conditions.set("DeletionBlocked", true, reason: "InUse", message: message)
                if version.status?.conditions?.contains(where: { $0.type == "DeletionBlocked" && $0.status == "True" }) != true {
                    plan.events.append(PlannedEvent(.warning, reason: "DeletionBlocked", message: message))
                }
            }
        } else {
            describe(observation, in: &conditions, &plan)
        }
        status.conditions = conditions.conditions
        status.observedGeneration = version.metadata.generation
        plan.status = plan.finalizers == [] ? nil : try JSONValue(encoding: status)
        return plan
    }

    private static func serves(_ service: InferenceService, _ version: String) -> Bool {
        service.spec.model.version == version || service.status?.servedVersion == version
            || (service.status?.traffic ?? []).contains { $0.modelVersion == version }
    }

    private static func describe(_ observation: ModelVersionObservation, in conditions: inout ConditionSet, _ plan: inout Plan) {
        let problem: (reason: String, message: String)
        switch observation.bundle {
        case .read, nil:
            return conditions.ready(reason: "Registered", message: "The bundle is stored and the version can be served.")
        case .invalid(let message):
            problem = ("BundleInvalid", "\(message) Register the model again from a good copy.")
            conditions.stalled(reason: problem.reason, message: problem.message)
        case .missing(let message):
            problem = ("BundleNotFound", message)
            conditions.stalled(reason: problem.reason, message: problem.message)
            plan.next = .after(.seconds(30))
        case .unavailable(let message):
            problem = ("StoreUnavailable", "The artifact store cannot be read: \(message)")
            conditions.set("Ready", nil, reason: problem.reason, message: problem.message)
            conditions.set("Reconciling", true, reason: problem.reason, message: problem.message)
            plan.next = .after(.seconds(10))
        }
        if observation.version.status?.conditions?.first(where: { $0.type == "Ready" })?.reason != problem.reason {
            plan.events.append(PlannedEvent(.warning, reason: problem.reason, message: problem.message))
        }
    }
}
