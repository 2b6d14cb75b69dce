import ApusTesting
import ControllerRuntime
import Foundation
import KubernetesTypes
import Testing

@testable import ClusterControllers

@Suite struct WorkloadFieldsTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    private static let checks = FieldTableChecks(WorkloadFields.table, roots: ["Deployment", "ReplicaSet", "Job", "Service"])

    /// The table says something of every field in the schema, and of none that is not there.
    @Test func tableIsComplete() throws {
        let schema = Self.folder.appending(path: "Fixtures/workload-fields.json")
        #expect(try Self.checks.disagreements(withSchema: schema) == [])
    }

    /// What is called honoured is shown by a test, here or of the node's service rules.
    @Test func everyHonouredFieldNamesATest() throws {
        let node = Self.folder.deletingLastPathComponent().appending(path: "NodeAgentTests")
        #expect(try Self.checks.missingTests(in: [Self.folder, node]) == [])
    }

    @Test func fieldsWithoutEffectAreNamed() {
        var deployment = DeploymentDecisionTests.deployment(1)
        #expect(WorkloadFields.unhonoured(deployment) == [])
        deployment.spec.template.metadata?.name = "mine"
        #expect(WorkloadFields.unhonoured(deployment).map(\.path) == ["spec.template.metadata.name"])
        let job = JobDecisionTests.job {
            $0.backoffLimitPerIndex = 1
            $0.manualSelector = false
            $0.successPolicy = SuccessPolicy(rules: [SuccessPolicyRule(succeededCount: 1)])
        }
        #expect(WorkloadFields.unhonoured(job).map(\.path) == ["spec.backoffLimitPerIndex", "spec.successPolicy"])
        let service = EndpointsDecisionTests.service {
            $0.internalTrafficPolicy = "Cluster"
            $0.ipFamilies = ["IPv4"]
            $0.ports?[0].nodePort = 30_080
            $0.type = "NodePort"
        }
        #expect(WorkloadFields.unhonoured(service).map(\.path) == ["spec.ports[http].nodePort", "spec.type"])
    }

    @Test func levelsOfPodSecurityAreNamed() {
        func paths(_ labels: [String: String]) -> [String] {
            UnhonouredFields.ofNamespace(Namespace(metadata: ObjectMeta(labels: labels, name: "n"))).map(\.path)
        }
        #expect(paths([:]).isEmpty)
        #expect(paths(["pod-security.kubernetes.io/enforce": "privileged", "team": "a"]).isEmpty)
        #expect(
            paths(["pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "v1.36"])
                == ["metadata.labels[pod-security.kubernetes.io/enforce]"])
    }

    @Test func conditionsNameThemWhileTheyLast() throws {
        let now = DeploymentDecisionTests.start
        var deployment = DeploymentDecisionTests.deployment(1)
        func look(_ sentence: String?) -> DeploymentCondition? {
            deployment.status = DeploymentStatusDecision.status(
                deployment, sets: [], creation: nil, unhonoured: sentence, now: now)
            return deployment.status?.conditions?.first { $0.type == "FieldNotHonoured" }
        }
        #expect(look("spec.a")?.message == "spec.a")
        #expect(look("spec.b")?.message == "spec.b")
        #expect(deployment.status?.conditions?.count { $0.type == "FieldNotHonoured" } == 1)
        #expect(look(nil) == nil)
    }
}
