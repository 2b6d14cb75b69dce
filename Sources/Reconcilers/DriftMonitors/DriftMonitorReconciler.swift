import ApusAPI
import FoundationEssentials
import KubernetesTypes
public import Reconciliation

/// Plans a drift monitor: Unknown → Healthy → Breaching(since) → Acting(job) → Cooldown → Healthy.
public enum DriftMonitorReconciler: Reconciler {
    public static func reconcile(_ observation: DriftMonitorObservation) throws -> Plan {
        // The jobs that it started go on without it.
        if observation.monitor.isBeingDeleted { return Plan() }
        var planner = DriftMonitorPlanner(observation)
        return try planner.makePlan()
    }
}

struct DriftMonitorPlanner {
    let observation: DriftMonitorObservation
    var status: DriftMonitorStatus
    var conditions: ConditionSet
    var plan = Plan()

    var monitor: DriftMonitor { observation.monitor }
    var now: Date { observation.now }
    var retrain: DriftAction.Retrain? { monitor.spec.action?.retrain }

    static func interval(of monitor: DriftMonitor) -> Double { max(monitor.spec.interval?.seconds ?? 30, 1) }

    init(_ observation: DriftMonitorObservation) {
        self.observation = observation
        status = observation.monitor.status ?? DriftMonitorStatus()
        conditions = ConditionSet(status.conditions, generation: observation.monitor.metadata.generation, now: observation.now)
    }

    mutating func makePlan() throws -> Plan {
        if let obstacle = obstacle() {
            status.phase = .unknown
            status.breachingSince = nil
            warnOnce(reason: obstacle.reason, message: obstacle.message)
            conditions.stalled(reason: obstacle.reason, message: obstacle.message)
        } else {
            // Another version's drift says nothing of this one.
            if status.measuredVersion != observation.served?.name {
                if status.measuredVersion != nil { status.breachingSince = nil }
                status.measuredVersion = observation.served?.name
            }
            measure()
            try act()
        }
        let sinceLast = status.lastMeasureTime.map { now.timeIntervalSince($0.date) } ?? 0
        plan.next = plan.next.orSooner(.after(.seconds(max(0.5, Self.interval(of: monitor) - sinceLast))))
        status.conditions = conditions.conditions
        status.observedGeneration = monitor.metadata.generation
        plan.status = try JSONValue(encoding: status)
        return plan
    }

    private func obstacle() -> (reason: String, message: String)? {
        let name = monitor.spec.inferenceServiceRef.name
        guard let service = observation.service else {
            return (
                "ServiceNotFound",
                "There is no InferenceService named \(name) in namespace \(monitor.namespace); see kubectl get infer."
            )
        }
        if observation.served == nil {
            return (
                "NothingServed",
                service.status?.servedVersion.map { "The version \($0) that \(name) serves is not there any more." }
                    ?? "\(name) serves no version yet; the monitor begins when it does."
            )
        }
        return nil
    }

    // MARK: Measuring

    private mutating func measure() {
        guard let measurement = observation.measurement else { return }
        status.lastMeasureTime = Timestamp(now)
        let readings = monitor.spec.detectors.map { reading(of: $0, result: measurement.results[$0.name]) }
        status.readings = readings
        status.summary = summary(readings)
        let failures = monitor.spec.detectors.compactMap { detector in
            measurement.results[detector.name].flatMap { failure(of: detector, $0) }
        }
        if let worst = failures.first {
            warnOnce(reason: worst.reason, message: worst.message)
            if worst.isFinal {
                conditions.stalled(reason: worst.reason, message: worst.message)
            } else {
                conditions.set("Ready", false, reason: worst.reason, message: worst.message)
                conditions.set("Reconciling", true, reason: worst.reason, message: worst.message)
                conditions.set("Stalled", false, reason: worst.reason, message: "")
            }
        } else {
            conditions.ready(reason: "Measuring", message: status.summary ?? "Measured.")
        }
        let isBreaching = readings.contains(where: \.breaching)
        let knowsNothing = readings.allSatisfy { $0.value == nil }
        status.measurements = (status.measurements ?? 0) + (knowsNothing ? 0 : 1)
        status.breaches = (status.breaches ?? 0) + (isBreaching ? 1 : 0)
        conditions.set(
            "Drifting", knowsNothing ? nil : isBreaching,
            reason: isBreaching ? "ThresholdBreached" : knowsNothing ? "NoReading" : "BelowThreshold",
            message: status.summary ?? "")
        if isBreaching {
            status.breachingSince = status.breachingSince ?? Timestamp(now)
        } else {
            status.breachingSince = nil
        }
        if status.phase != .acting, status.phase != .cooldown {
            status.phase = knowsNothing ? .unknown : isBreaching ? .breaching : .healthy
        }
    }

    private func reading(of detector: Detector, result: DetectorResult?) -> DriftMonitorStatus.Reading {
        func silent(_ message: String, samples: Int? = nil) -> DriftMonitorStatus.Reading {
            .init(
                name: detector.name, value: nil, threshold: detector.threshold, samples: samples, breaching: false,
                message: message)
        }
        switch result {
        case .value(let value, let samples) where value.isFinite:
            // Four digits are what a person can use; more would write a new status for nothing.
            let rounded = (value * 10_000).rounded() / 10_000
            return .init(
                name: detector.name, value: rounded, threshold: detector.threshold, samples: samples,
                breaching: value > detector.threshold)
        case .value: return silent("the value is not a finite number")
        case .tooFewSamples(let samples):
            return silent("\(samples) of \(monitor.spec.minimumSamples ?? 100) samples in the window", samples: samples)
        case .noData(let message), .invalid(let message), .unreachable(let message): return silent(message)
        case nil: return silent("not measured")
        }
    }

    private func failure(of detector: Detector, _ result: DetectorResult) -> (reason: String, message: String, isFinal: Bool)? {
        switch result {
        case .invalid(let message) where detector.query != nil:
            (
                "QueryInvalid",
                "Prometheus refuses the detector \(detector.name): \(message.asSentence) Correct spec.detectors[\(detector.name)].query.",
                true
            )
        case .invalid(let message):
            (
                "DetectorInvalid",
                "The detector \(detector.name) cannot be measured: \(message.asSentence) Correct spec.detectors[\(detector.name)].",
                true
            )
        case .unreachable(let message):
            (
                "PrometheusUnreachable",
                "Prometheus cannot be asked: \(message.asSentence) Drift is not measured until it answers; nothing else is affected.",
                false
            )
        case .noData(let message) where detector.query != nil:
            ("NoData", "Prometheus has no data for the detector \(detector.name): \(message.asSentence)", false)
        default: nil
        }
    }

    private func summary(_ readings: [DriftMonitorStatus.Reading]) -> String {
        func ratio(_ reading: DriftMonitorStatus.Reading) -> Double {
            guard let value = reading.value else { return -.infinity }
            return reading.threshold > 0 ? value / reading.threshold : value - reading.threshold
        }
        guard let worst = readings.max(by: { ratio($0) < ratio($1) }) else { return "" }
        guard let value = worst.value else { return "\(worst.name): \(worst.message ?? "no value")" }
        return "\(worst.name) \(value) (threshold \(worst.threshold))"
    }

    private mutating func warnOnce(reason: String, message: String) {
        if monitor.status?.conditions?.first(where: { $0.type == "Ready" })?.reason != reason {
            plan.events.append(PlannedEvent(.warning, reason: reason, message: message))
        }
    }

    // MARK: Acting

    private mutating func act() throws {
        if let job = activeJob() { return try follow(job) }
        if let until = status.cooldownUntil, until.date > now {
            if status.phase != .unknown { status.phase = .cooldown }
            plan.next = plan.next.orSooner(.after(.seconds(until.date.timeIntervalSince(now))))
            return
        }
        if status.phase == .cooldown || status.phase == .acting {
            status.phase = status.breachingSince == nil ? .healthy : .breaching
            status.cooldownUntil = nil
        }
        guard let since = status.breachingSince, let retrain, let served = observation.served else { return }
        let left = since.date.timeIntervalSince(now) + (monitor.spec.sustainedFor?.seconds ?? 120)
        guard left <= 0 else {
            plan.next = plan.next.orSooner(.after(.seconds(left)))
            return
        }
        let budget = retrain.budget
        let period = budget?.per?.seconds ?? 86_400
        let recent = (status.retrains ?? []).filter { now.timeIntervalSince($0.time.date) < period }
        guard recent.count < budget?.retrains ?? 3 else {
            let message =
                "Drift lasts, and the budget of \(budget?.retrains ?? 3) retrains per \(budget?.per?.description ?? "24h") is used up. Raise "
                + "spec.action.retrain.budget, or look at why retraining does not help."
            warnOnce(reason: "BudgetExhausted", message: message)
            conditions.set("Ready", true, reason: "BudgetExhausted", message: message)
            return
        }
        try start(retrain, baseline: served, recent: recent)
    }

    private mutating func start(
        _ retrain: DriftAction.Retrain, baseline: ModelVersion, recent: [DriftMonitorStatus.RetrainRecord]
    ) throws {
        // A job may be gone by now: its number is not given again while the record of it is there.
        let names = observation.jobs.map(\.name) + (status.retrains ?? []).map(\.job) + (status.lastJob.map { [$0] } ?? [])
        let number = (names.compactMap(jobNumber).max() ?? 0) + 1
        let name = "\(monitor.name)-\(number)"
        var spec = retrain.template.spec
        spec.baseline = spec.baseline ?? Baseline(modelVersion: baseline.name)
        spec.output = spec.output ?? TrainingOutput(model: baseline.spec.model)
        let job = TrainingJob(
            metadata: ObjectMeta(
                annotations: ["apus.dev/reason": "drift: \(status.summary ?? "")"],
                labels: [ApusLabel.managedBy: "apus", ApusLabel.driftMonitor: monitor.name], name: name,
                namespace: monitor.namespace),
            spec: spec)
        plan.children.append(.createOnce(try job.json(), .independent))
        plan.events.append(
            PlannedEvent(
                .normal, reason: "RetrainStarted",
                message:
                    "Drift has lasted since \(status.breachingSince?.description ?? ""): \(status.summary ?? ""). Job \(name) retrains."
            ))
        status.phase = .acting
        status.lastJob = name
        status.baseline = baseline.name
        showRetraining(name)
        status.candidate = nil
        status.decision = nil
        status.retrains = Array(recent.suffix(49)) + [.init(job: name, time: Timestamp(now))]
    }

    private func jobNumber(_ job: String) -> Int? {
        guard job.hasPrefix(monitor.name + "-") else { return nil }
        return Int(job.dropFirst(monitor.name.count + 1))
    }

    /// The job whose outcome is not decided yet: the last one, or one that a crash kept out of the status.
    private func activeJob() -> TrainingJob? {
        let decided = status.decision == nil ? nil : status.lastJob
        let newest = observation.jobs.filter { jobNumber($0.name) != nil }.max {
            (jobNumber($0.name) ?? 0) < (jobNumber($1.name) ?? 0)
        }
        guard let newest, newest.name != decided else { return nil }
        let isKnown = (status.retrains ?? []).contains { $0.job == newest.name && $0.outcome != nil }
        return isKnown ? nil : newest
    }

    private mutating func follow(_ job: TrainingJob) throws {
        if status.lastJob != job.name {
            status.lastJob = job.name
            status.baseline = job.spec.baseline?.modelVersion
            status.decision = nil
            if status.retrains?.contains(where: { $0.job == job.name }) != true {
                let time = job.metadata.creationTimestamp ?? Timestamp(now)
                status.retrains = (status.retrains ?? []) + [.init(job: job.name, time: time)]
            }
        }
        status.phase = .acting
        switch job.status?.phase {
        case .succeeded: try decide(job)
        case .failed:
            let why = job.status?.conditions?.first { $0.type == "Failed" }?.message ?? "no reason is known"
            close("Refused: the job failed: \(why)", outcome: "JobFailed")
        default: showRetraining(job.name)
        }
    }

    /// What is measured meanwhile changes nothing; that it cannot be measured is still told first.
    private mutating func showRetraining(_ job: String) {
        guard conditions.isTrue("Ready") else { return }
        let message = "Job \(job) retrains; then its model is compared with \(status.baseline ?? "production")."
        conditions.set("Ready", true, reason: "Retraining", message: message)
        conditions.set("Reconciling", true, reason: "Retraining", message: message)
    }

    private mutating func decide(_ job: TrainingJob) throws {
        guard let name = job.status?.modelVersion, let candidate = observation.versions.first(where: { $0.name == name }) else {
            if job.status?.modelVersion == nil { close("Refused: the job registered no version.", outcome: "NoCandidate") }
            return
        }
        status.candidate = candidate.name
        let promotionName = "\(candidate.name)-by-\(monitor.name)"
        // Made by a pass that was cut off before it could say so. By now the candidate may be what serves.
        if let promotion = observation.promotions.first(where: { $0.name == promotionName }) {
            return close("Promoted \(candidate.name): \(promotion.spec.reason ?? "it passed the gate.")", outcome: "Promoted")
        }
        switch PromotionGate.judge(candidate: candidate, monitor: monitor, servedVersion: observation.served?.name, job: job) {
        case .refused(let why):
            close("Refused \(candidate.name): \(why)", outcome: "Refused")
        case .passed(let why):
            guard let promote = monitor.spec.action?.promote else {
                return close("\(candidate.name) passed the gate and waits for a person to promote it: \(why)", outcome: "Passed")
            }
            let promotion = Promotion(
                metadata: ObjectMeta(
                    labels: [
                        ApusLabel.managedBy: "apus", ApusLabel.model: candidate.spec.model, ApusLabel.driftMonitor: monitor.name,
                    ],
                    name: promotionName, namespace: monitor.namespace),
                spec: PromotionSpec(
                    model: candidate.spec.model, alias: promote.alias ?? Model.productionAlias, version: candidate.name,
                    reason: why,
                    requestedBy: "driftmonitor/\(monitor.name)"))
            plan.children.append(.createOnce(try promotion.json(), .independent))
            // Closed when the promotion is seen, so that a crash between the two writes loses neither.
            plan.next = .after(.seconds(1))
        }
    }

    private mutating func close(_ decision: String, outcome: String) {
        status.decision = decision
        if conditions.isTrue("Ready") { conditions.ready(reason: outcome, message: decision) }
        status.phase = .cooldown
        status.breachingSince = nil
        status.cooldownUntil = Timestamp(now.addingTimeInterval(retrain?.cooldown?.seconds ?? 3600))
        status.retrains = status.retrains?.map { record in
            var record = record
            if record.job == status.lastJob { record.outcome = outcome }
            return record
        }
        let severity: PlannedEvent.Severity = outcome == "Promoted" || outcome == "Passed" ? .normal : .warning
        plan.events.append(PlannedEvent(severity, reason: outcome == "Refused" ? "CandidateRefused" : outcome, message: decision))
    }
}

extension String {
    /// With a full stop at the end, for a message of somebody else's in the middle of one of ours.
    var asSentence: String { hasSuffix(".") || hasSuffix("!") || hasSuffix("?") ? self : self + "." }
}
