import ApusAPI
import FoundationEssentials
import KubernetesTypes
import Reconciliation
import Testing

@testable import Reconcilers

@Suite struct DriftMonitorReconcilerTests {
    /// A little world: executes plans on itself as the operator would.
    private struct World {
        var observation: DriftMonitorObservation

        init(promote: Bool = true) {
            let retrain = DriftAction.Retrain(
                template: .init(spec: TrainingJobSpec(inputs: [InputChannel(name: "training", uri: "file:///data/season2.csv")])),
                cooldown: KubernetesDuration("10m"), budget: .init(retrains: 2, per: KubernetesDuration("1h")))
            var spec = DriftMonitorSpec(
                service: "tickets", detectors: [Detector(name: "shift", method: .psi, feature: "prediction", threshold: 0.25)],
                action: DriftAction(retrain: retrain, promote: promote ? .init() : nil))
            spec.interval = KubernetesDuration("10s")
            spec.sustainedFor = KubernetesDuration("1m")
            let monitor = DriftMonitor(
                metadata: ObjectMeta(generation: 1, name: "watch", namespace: "default", uid: "d"), spec: spec)
            observation = DriftMonitorObservation(monitor: monitor, now: start)
            observation.service = InferenceService(
                metadata: ObjectMeta(name: "tickets", namespace: "default"),
                spec: InferenceServiceSpec(model: ServedModel(name: "tickets")))
            observation.served = modelVersion("tickets-1")
            observation.versions = [modelVersion("tickets-1")]
        }

        @discardableResult
        mutating func look(at seconds: Double, _ result: DetectorResult? = nil) throws -> Plan {
            observation.now = after(seconds)
            observation.measurement = result.map { DriftMeasurement(results: ["shift": $0]) }
            let plan = try DriftMonitorReconciler.reconcile(observation)
            observation.monitor.status = try plan.status?.decode()
            for child in plan.children {
                switch child.object.kind {
                case "TrainingJob": observation.jobs.append(try child.object.value.decode())
                default: observation.promotions.append(try child.object.value.decode())
                }
            }
            return plan
        }

        var status: DriftMonitorStatus { observation.monitor.status ?? DriftMonitorStatus() }

        mutating func finishJob(_ metrics: [String: String]?) {
            let index = observation.jobs.count - 1
            observation.jobs[index].status = TrainingJobStatus()
            observation.jobs[index].status?.phase = metrics == nil ? .failed : .succeeded
            guard let metrics else { return }
            let number = observation.versions.count + 1
            observation.versions.append(modelVersion("tickets-\(number)", number: number, metrics: metrics))
            observation.jobs[index].status?.modelVersion = "tickets-\(number)"
        }
    }

    private let better = [
        "fresh.macro_f1": "0.80", "baseline.fresh.macro_f1": "0.60", "old.macro_f1": "0.78", "baseline.old.macro_f1": "0.80",
    ]

    private func drifted() throws -> World {
        var world = World()
        for second in stride(from: 0.0, through: 60, by: 10) { try world.look(at: second, .value(0.9, samples: 500)) }
        return world
    }

    @Test func withoutDriftItNeverFires() throws {
        var world = World()
        for second in stride(from: 0.0, through: 7200, by: 10) { try world.look(at: second, .value(0.24, samples: 500)) }
        try world.look(at: 7210, .tooFewSamples(3))
        try world.look(at: 7220, .value(0.24, samples: 500))
        #expect(world.observation.jobs.isEmpty)
        #expect(world.status.measurements == 722 && world.status.breaches == 0)
        #expect(world.status.phase == .healthy)
    }

    @Test func driftMustLast() throws {
        var world = World()
        for second in stride(from: 0.0, through: 600, by: 10) {
            // One good reading in six breaks every run.
            let isGood = Int(second / 10) % 6 == 5
            try world.look(at: second, .value(isGood ? 0.1 : 0.9, samples: 500))
        }
        #expect(world.observation.jobs.isEmpty)
    }

    /// What the old version's traffic showed is no reason to retrain the new one.
    @Test func aNewVersionBeginsAnew() throws {
        var world = World()
        for second in stride(from: 0.0, through: 50, by: 10) { try world.look(at: second, .value(0.9, samples: 500)) }
        world.observation.versions.append(modelVersion("tickets-2", number: 2))
        world.observation.served = modelVersion("tickets-2", number: 2)
        try world.look(at: 58)
        try world.look(at: 61)
        #expect(world.observation.jobs.isEmpty)
        #expect(world.status.breachingSince == nil && world.status.measuredVersion == "tickets-2")
        for second in stride(from: 62.0, through: 122, by: 10) { try world.look(at: second, .value(0.9, samples: 500)) }
        #expect(world.observation.jobs.map(\.spec.baseline?.modelVersion) == ["tickets-2"])
    }

    @Test func lastingDriftStartsOneJobComparedWithWhatServes() throws {
        var world = try drifted()
        #expect(world.status.phase == .acting)
        let job = try #require(world.observation.jobs.first)
        #expect(job.name == "watch-1")
        #expect(job.spec.baseline?.modelVersion == "tickets-1")
        #expect(job.spec.output?.model == "tickets")
        for second in stride(from: 70.0, through: 7200, by: 10) { try world.look(at: second, .value(0.9, samples: 500)) }
        #expect(world.observation.jobs.count == 1, "one job at a time")
    }

    @Test func aBetterCandidateIsPromotedAndACooldownFollows() throws {
        var world = try drifted()
        world.finishJob(better)
        try world.look(at: 100)
        #expect(world.observation.promotions.map(\.spec.version) == ["tickets-2"])
        #expect(world.status.decision == nil, "decided when the promotion is seen")
        try world.look(at: 101)
        #expect(world.status.phase == .cooldown)
        #expect(world.status.decision?.hasPrefix("Promoted tickets-2") == true)
        for second in stride(from: 110.0, through: 600, by: 10) { try world.look(at: second, .value(0.9, samples: 500)) }
        #expect(world.observation.jobs.count == 1)
    }

    @Test(arguments: [
        (["fresh.macro_f1": "0.60"], "must be better on fresh"), (["old.macro_f1": "0.70"], "may lose at most 0.030 on old"),
        (["baseline.fresh.macro_f1": "x"], "no macro_f1 of both versions on the channel fresh"),
    ])
    func aWorseCandidateIsRefusedWithTheReason(change: [String: String], words: String) throws {
        var world = try drifted()
        world.finishJob(better.merging(change) { _, new in new })
        let plan = try world.look(at: 100)
        #expect(world.observation.promotions.isEmpty)
        #expect(world.status.decision?.contains(words) == true, "\(world.status.decision ?? "")")
        #expect(plan.events.map(\.reason) == ["CandidateRefused"])
    }

    @Test func aCandidateComparedWithSomethingElseIsRefused() throws {
        var world = try drifted()
        world.finishJob(better)
        world.observation.served = modelVersion("tickets-9", number: 9)
        try world.look(at: 100)
        #expect(world.observation.promotions.isEmpty)
        #expect(world.status.decision?.contains("tickets-9 serves now") == true)
    }

    @Test func theNumberOfAJobThatIsGoneIsNotGivenAgain() throws {
        var world = try drifted()
        world.finishJob(nil)
        try world.look(at: 70)
        world.observation.jobs = []
        for second in stride(from: 700.0, through: 800, by: 10) { try world.look(at: second, .value(0.9, samples: 500)) }
        #expect(world.observation.jobs.map(\.name) == ["watch-2"])
        #expect(world.status.lastJob == "watch-2" && world.status.phase == .acting)
    }

    /// The promotion was made, and the candidate serves, before anybody could write down why.
    @Test func aCrashAfterThePromotionDoesNotRefuseIt() throws {
        var world = try drifted()
        world.finishJob(better)
        let before = world.status
        try world.look(at: 100)
        world.observation.monitor.status = before
        world.observation.served = world.observation.versions.last
        try world.look(at: 130)
        #expect(world.status.decision?.hasPrefix("Promoted tickets-2") == true)
    }

    @Test func withoutPromoteTheCandidateWaitsForAPerson() throws {
        var world = World(promote: false)
        for second in stride(from: 0.0, through: 60, by: 10) { try world.look(at: second, .value(0.9, samples: 500)) }
        world.finishJob(better)
        try world.look(at: 100)
        #expect(world.observation.promotions.isEmpty)
        #expect(world.status.decision?.contains("waits for a person") == true)
    }

    @Test func theBudgetEndsRetraining() throws {
        var world = try drifted()
        var second = 70.0
        while second < 3500 {
            if world.observation.jobs.last?.status == nil { world.finishJob(nil) }
            try world.look(at: second, .value(0.9, samples: 500))
            second += 10
        }
        #expect(world.observation.jobs.count == 2)
        #expect(condition(world.status.conditions, "Ready")?.reason == "BudgetExhausted")
    }

    @Test func aCrashBetweenTheJobAndTheStatusStartsNoSecondJob() throws {
        var world = World()
        for second in stride(from: 0.0, through: 50, by: 10) { try world.look(at: second, .value(0.9, samples: 500)) }
        let before = world.observation.monitor.status
        try world.look(at: 60, .value(0.9, samples: 500))
        #expect(world.observation.jobs.count == 1)
        world.observation.monitor.status = before
        try world.look(at: 61, .value(0.9, samples: 500))
        #expect(world.observation.jobs.count == 1)
        #expect(world.status.phase == .acting)
        #expect(world.status.lastJob == "watch-1")
        #expect(world.status.retrains?.count == 1)
    }

    @Test(arguments: [
        (DetectorResult.unreachable("connection refused"), "PrometheusUnreachable", "False"),
        (.invalid("the profile has no feature mood"), "DetectorInvalid", "False"),
    ])
    func whatIsWrongWithPrometheusIsTold(result: DetectorResult, reason: String, ready: String) throws {
        var world = World()
        try world.look(at: 0, result)
        let found = try #require(condition(world.status.conditions, "Ready"))
        #expect(found.reason == reason && found.status == ready)
        #expect(world.status.phase == .unknown)
    }

    @Test func aMonitorPointingNowhereSaysSo() throws {
        var world = World()
        world.observation.service = nil
        let plan = try world.look(at: 0)
        #expect(condition(world.status.conditions, "Stalled")?.reason == "ServiceNotFound")
        #expect(plan.events.map(\.reason) == ["ServiceNotFound"])
        #expect(try world.look(at: 10).events.isEmpty)
    }

    @Test func tooFewSamplesSayNothing() throws {
        var world = World()
        for second in stride(from: 0.0, through: 600, by: 10) { try world.look(at: second, .tooFewSamples(12)) }
        #expect(world.observation.jobs.isEmpty)
        #expect(world.status.summary == "shift: 12 of 100 samples in the window")
    }
}
