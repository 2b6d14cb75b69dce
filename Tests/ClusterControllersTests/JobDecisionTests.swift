import Foundation
import KubernetesTypes
import Testing

@testable import ClusterControllers

@Suite struct JobDecisionTests {
    static let now = Date(timeIntervalSince1970: 1_767_225_600)

    static func job(_ change: (inout JobSpec) -> Void = { _ in }) -> Job {
        var spec = JobSpec(backoffLimit: 2, completions: 1, parallelism: 1)
        change(&spec)
        return Job(metadata: ObjectMeta(name: "j", namespace: "n", uid: "j"), spec: spec)
    }

    static func pod(
        _ name: String, _ phase: String, index: Int? = nil, isHeld: Bool = true, exitCode: Int? = nil, ago: Double = 1000
    ) -> Pod {
        let ended = ContainerStateTerminated(exitCode: exitCode ?? 0, finishedAt: Timestamp(now.addingTimeInterval(-ago)))
        return Pod(
            metadata: ObjectMeta(
                annotations: index.map { [JobDecision.indexAnnotation: String($0)] },
                finalizers: isHeld ? [JobDecision.finalizer] : nil, name: name, namespace: "n", uid: name),
            status: PodStatus(
                containerStatuses: exitCode == nil
                    ? nil : [ContainerStatus(name: "main", state: ContainerState(terminated: ended))],
                phase: phase))
    }

    static func decide(_ job: Job, _ pods: [Pod]) -> JobDecision { JobDecision(job, pods: pods, now: now) }

    static func has(_ decision: JobDecision, _ type: String) -> Bool {
        decision.status.conditions?.contains { $0.type == type && $0.status == "True" } ?? false
    }

    @Test func startsAsManyAsAskedFor() {
        #expect(Self.decide(Self.job(), []).creations == [nil])
        let wide = Self.job {
            $0.completions = 5
            $0.parallelism = 3
        }
        #expect(Self.decide(wide, []).creations.count == 3)
        #expect(Self.decide(wide, [Self.pod("a", "Running")]).creations.count == 2)
    }

    /// A success is listed, released and counted, each in its own pass, and the job ends only then.
    @Test func eachEndIsCountedOnce() {
        var job = Self.job()
        var decision = Self.decide(job, [Self.pod("a", "Succeeded")])
        #expect(decision.status.uncountedTerminatedPods?.succeeded == ["a"])
        #expect(decision.status.succeeded == nil)
        #expect(!Self.has(decision, "Complete"))
        job.status = decision.status
        decision = Self.decide(job, [Self.pod("a", "Succeeded")])
        #expect(decision.releases.map(\.name) == ["a"])
        #expect(decision.status.succeeded == nil)
        job.status = decision.status
        decision = Self.decide(job, [Self.pod("a", "Succeeded", isHeld: false)])
        #expect(decision.status.succeeded == 1)
        #expect(Self.has(decision, "Complete"))
        #expect(decision.status.completionTime != nil)
        job.status = decision.status
        // Deleting the pod afterwards changes nothing.
        decision = Self.decide(job, [])
        #expect(decision.status.succeeded == 1)
        #expect(decision.creations.isEmpty)
    }

    @Test func indexesRunOnceEach() {
        let job = Self.job {
            $0.completionMode = "Indexed"
            $0.completions = 4
            $0.parallelism = 4
        }
        let decision = Self.decide(
            job, [Self.pod("a", "Succeeded", index: 0), Self.pod("b", "Running", index: 2), Self.pod("c", "Succeeded", index: 1)])
        #expect(decision.status.completedIndexes == "0,1")
        #expect(decision.creations == [3])
        #expect(decision.status.succeeded == 2)
    }

    @Test func tooManyFailuresEndIt() {
        var job = Self.job()
        job.status = JobStatus(failed: 3)
        let decision = Self.decide(job, [])
        #expect(Self.has(decision, "Failed"))
        #expect(decision.status.conditions?.contains { $0.reason == "BackoffLimitExceeded" } == true)
        #expect(decision.creations.isEmpty)
    }

    @Test func failuresBackOff() {
        var job = Self.job()
        job.status = JobStatus(failed: 1)
        let fresh = Self.decide(job, [Self.pod("a", "Failed", isHeld: false, exitCode: 1, ago: 3)])
        #expect(fresh.creations.isEmpty)
        #expect(fresh.lookAgainAfterSeconds.map { abs($0 - 7) < 0.01 } == true)
        let old = Self.decide(job, [Self.pod("a", "Failed", isHeld: false, exitCode: 1, ago: 11)])
        #expect(old.creations.count == 1)
    }

    @Test func suspendingStopsAndResumingStarts() {
        var job = Self.job { $0.suspend = true }
        var decision = Self.decide(job, [Self.pod("a", "Running")])
        #expect(decision.deletions.map(\.name) == ["a"])
        #expect(decision.status.startTime == nil)
        #expect(Self.has(decision, "Suspended"))
        job.status = decision.status
        job.spec.suspend = false
        decision = Self.decide(job, [])
        #expect(decision.creations.count == 1)
        #expect(decision.status.conditions?.first?.reason == "JobResumed")
        #expect(decision.status.startTime == Timestamp(Self.now))
    }

    @Test func theDeadlineEndsIt() {
        var job = Self.job { $0.activeDeadlineSeconds = 10 }
        job.status = JobStatus(startTime: Timestamp(Self.now.addingTimeInterval(-11)))
        let decision = Self.decide(job, [Self.pod("a", "Running")])
        #expect(decision.deletions.map(\.name) == ["a"])
        #expect(Self.has(decision, "FailureTarget"))
        #expect(!Self.has(decision, "Failed"))
    }

    @Test func policiesOfFailure() {
        let rule = PodFailurePolicyRule(action: "FailJob", onExitCodes: .init(operator: "In", values: [42]))
        let job = Self.job { $0.podFailurePolicy = PodFailurePolicy(rules: [rule]) }
        let fatal = Self.decide(job, [Self.pod("a", "Failed", exitCode: 42)])
        #expect(fatal.status.conditions?.contains { $0.reason == "PodFailurePolicy" } == true)
        let other = Self.decide(job, [Self.pod("a", "Failed", exitCode: 1)])
        #expect(other.status.conditions == nil)
        // Codes of another container do not count, nor what NotIn leaves out.
        let elsewhere = Self.job {
            $0.podFailurePolicy = PodFailurePolicy(rules: [
                PodFailurePolicyRule(
                    action: "FailJob", onExitCodes: .init(containerName: "other", operator: "NotIn", values: [1]))
            ])
        }
        #expect(Self.decide(elsewhere, [Self.pod("a", "Failed", exitCode: 42)]).status.conditions == nil)
        let ignoring = Self.job {
            $0.podFailurePolicy = PodFailurePolicy(rules: [
                PodFailurePolicyRule(action: "Ignore", onPodConditions: [.init(status: "True", type: "DisruptionTarget")])
            ])
        }
        var disrupted = Self.pod("a", "Failed", exitCode: 1)
        disrupted.status?.conditions = [PodCondition(status: "True", type: "DisruptionTarget")]
        #expect(Self.decide(ignoring, [disrupted]).status.uncountedTerminatedPods?.failed == nil)
        disrupted.status?.conditions = [PodCondition(status: "False", type: "DisruptionTarget")]
        #expect(Self.decide(ignoring, [disrupted]).status.uncountedTerminatedPods?.failed == ["a"])
    }

    @Test func replacementsWaitWhereThePolicySaysSo() {
        var leaving = Self.pod("a", "Running")
        leaving.metadata.deletionTimestamp = Timestamp(Self.now)
        #expect(Self.decide(Self.job { $0.podReplacementPolicy = "Failed" }, [leaving]).creations.isEmpty)
        #expect(Self.decide(Self.job { $0.podReplacementPolicy = "TerminatingOrFailed" }, [leaving]).creations.count == 1)
    }

    @Test(arguments: [("", 0), ("0", 1), ("0,1", 2), ("0-2,5,7,8,10-13", 10)]) func indexesAsText(_ text: String, _ count: Int) {
        let indexes = JobIndexes(text)
        #expect(indexes.count == count)
        #expect(indexes.description == text)
    }
}
