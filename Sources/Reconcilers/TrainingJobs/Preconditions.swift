import ApusAPI
import KubernetesTypes
import Scheduling

/// What must hold before the pods of an attempt are made: an ordered list of small checks, of which the first that fails names the reason.
enum Preconditions {
    struct Obstacle: Equatable {
        var reason: String
        var message: String
        /// Waiting cannot help: the job itself would have to be another.
        var isFinal = false
    }

    private static let checks: [@Sendable (TrainingJobObservation) throws -> Obstacle?] = [
        runtime, template, overrides, metricPatterns, baseModel, baseline, allowedFiles, presentFiles, capacity,
    ]

    static func check(_ observation: TrainingJobObservation) throws -> Obstacle? {
        for check in checks {
            if let obstacle = try check(observation) { return obstacle }
        }
        return nil
    }

    private static func runtime(_ observation: TrainingJobObservation) -> Obstacle? {
        guard let reference = observation.job.spec.runtimeRef, observation.runtime == nil else { return nil }
        let kind = reference.kind ?? .clusterTrainingRuntime
        return Obstacle(
            reason: "RuntimeNotFound",
            message: "There is no \(kind.rawValue) named \(reference.name); see kubectl get \(kind.rawValue.lowercased())s. "
                + "The job starts when it is there.")
    }

    private static func template(_ observation: TrainingJobObservation) -> Obstacle? {
        TemplateRules.violation(observation).map { Obstacle(reason: "TemplateNotAllowed", message: $0, isFinal: true) }
    }

    private static func overrides(_ observation: TrainingJobObservation) -> Obstacle? {
        guard let allowed = observation.runtime?.allowedOverrides else { return nil }
        let spec = observation.job.spec
        let used: [(TrainingRuntimeSpec.Override, Bool)] = [
            (.image, spec.image != nil), (.environment, !(spec.environment ?? []).isEmpty), (.resources, spec.resources != nil),
            (.replicas, (spec.replicas ?? 1) != 1),
        ]
        guard let refused = used.first(where: { $0.1 && !allowed.contains($0.0) }) else { return nil }
        let list = allowed.map(\.rawValue).joined(separator: ", ")
        return Obstacle(
            reason: "OverrideNotAllowed",
            message: "The runtime \(spec.runtimeRef?.name ?? "") does not let a job set \(refused.0.rawValue); it allows: "
                + "\(list.isEmpty ? "nothing" : list).", isFinal: true)
    }

    /// By the engine that the agent reads the log with.
    private static func metricPatterns(_ observation: TrainingJobObservation) -> Obstacle? {
        for definition in observation.job.spec.metricDefinitions ?? [] {
            do {
                _ = try Regex(definition.regex)
            } catch {
                return Obstacle(
                    reason: "MetricPatternInvalid",
                    message: "spec.metricDefinitions[\(definition.name)].regex is \"\(definition.regex)\", which is no regular "
                        + "expression: \(error). Write one whose first group is the number, such as loss=([0-9.]+).",
                    isFinal: true)
            }
        }
        return nil
    }

    private static func baseModel(_ observation: TrainingJobObservation) -> Obstacle? {
        guard let version = observation.job.spec.baseModel?.modelVersion, observation.baseModelVersion == nil else { return nil }
        return missing(version, observation, reason: "BaseModelNotFound")
    }

    private static func baseline(_ observation: TrainingJobObservation) -> Obstacle? {
        guard let version = observation.job.spec.baseline?.modelVersion, observation.baselineVersion == nil else { return nil }
        return missing(version, observation, reason: "BaselineNotFound")
    }

    private static func missing(_ version: String, _ observation: TrainingJobObservation, reason: String) -> Obstacle {
        Obstacle(
            reason: reason,
            message: "There is no ModelVersion named \(version) in namespace \(observation.job.namespace); see kubectl get mver.")
    }

    private static func allowedFiles(_ observation: TrainingJobObservation) -> Obstacle? {
        let roots = observation.platform.allowedFileRoots
        guard let (field, path) = observation.fileAddresses.first(where: { !FilePath.isInside($0.path, anyOf: roots) }) else {
            return nil
        }
        return Obstacle(
            reason: "FileNotAllowed", message: "spec.\(field) names \(path). \(FilePath.allowed(below: roots))", isFinal: true)
    }

    /// Where the operator sees the nodes' files, what is not there is told before a pod looks for it. Once an attempt was made its
    /// pods know better: data may go when it has been read.
    private static func presentFiles(_ observation: TrainingJobObservation) -> Obstacle? {
        guard observation.job.status?.attempt == nil else { return nil }
        for (field, path) in observation.fileAddresses {
            let isBase = field == "baseModel.uri"
            switch observation.files[path] {
            case .missing:
                return Obstacle(
                    reason: isBase ? "BaseModelNotFound" : "InputNotFound",
                    message:
                        "spec.\(field) names \(path), which does not exist on the node. Check the path, then create the job again.",
                    isFinal: true)
            case .empty:
                return Obstacle(
                    reason: isBase ? "BaseModelEmpty" : "InputEmpty",
                    message: "spec.\(field) names \(path), which is empty. Put the data there, then create the job again.",
                    isFinal: true)
            case .outside(let target):
                return Obstacle(
                    reason: "FileNotAllowed",
                    message:
                        "spec.\(field) names \(path), a link to \(target). \(FilePath.allowed(below: observation.platform.allowedFileRoots))",
                    isFinal: true)
            case .present, nil: continue
            }
        }
        return nil
    }

    /// Whether the cluster could run all replicas if it were empty. What is in use for now is the scheduler's to wait for.
    private static func capacity(_ observation: TrainingJobObservation) throws -> Obstacle? {
        guard !observation.nodes.isEmpty, let gang = try TrainingJobPlacement.gang(observation) else { return nil }
        let cluster = TrainingJobPlacement.snapshot(observation.nodes)
        guard case .impossible(let shortage) = GangFeasibility.of(gang, in: cluster) else { return nil }
        return Obstacle(
            reason: TrainingJobPlacement.reason(shortage),
            message:
                "The job \(shortage.text). \(TrainingJobPlacement.remedy(shortage)) The job starts when there is room for it.")
    }
}
