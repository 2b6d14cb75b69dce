import ControllerRuntime
import Foundation
import KubernetesTypes
import Testing

@testable import ClusterControllers

@Suite struct WorkloadFieldsTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()

    /// The table says something of every field in the schema, and of none that is not there.
    @Test func tableIsComplete() throws {
        let file = Self.folder.appending(path: "Fixtures/workload-fields.json")
        let schema = try JSONDecoder().decode([String: [String]].self, from: Data(contentsOf: file))
        var wanted: Set<String> = []
        var queue = ["Deployment", "ReplicaSet", "Job", "Service"]
        var seen: Set<String> = []
        while let type = queue.popLast() {
            guard seen.insert(type).inserted else { continue }
            let fields = try #require(schema[type], "\(type) is not in the schema")
            for field in fields {
                let name = "\(type).\(field)"
                wanted.insert(name)
                if case .parts(let next) = WorkloadFields.table.treatments[name] { queue.append(next) }
            }
        }
        #expect(wanted.subtracting(WorkloadFields.table.treatments.keys).sorted() == [])
        #expect(Set(WorkloadFields.table.treatments.keys).subtracting(wanted).sorted() == [])
    }

    /// What is called honoured is shown by a test, here or of the node's service rules.
    @Test func everyHonouredFieldNamesATest() throws {
        var sources = ""
        for folder in [Self.folder, Self.folder.deletingLastPathComponent().appending(path: "NodeAgentTests")] {
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasSuffix(".swift") {
                sources += try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            }
        }
        var missing: Set<String> = []
        for case .honoured(let test) in WorkloadFields.table.treatments.values where !sources.contains("func \(test)(") {
            missing.insert(test)
        }
        #expect(missing.sorted() == [])
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
