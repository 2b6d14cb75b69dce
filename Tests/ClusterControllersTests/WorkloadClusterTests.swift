import ApusTesting
import ControllerRuntime
import Foundation
import KubernetesClient
import KubernetesTypes
import Testing

@testable import ClusterControllers

/// What controllers do about owners, names and fields without effect, over a real API server in the same process.
@Suite(.serialized, .timeLimit(.minutes(2))) struct WorkloadClusterTests {
    private static func pods(_ client: Client) async throws -> [Pod] { try await client.list(Pod.self, namespace: "team").items }

    @Test func fieldsWithoutEffectAreToldAsEventAndCondition() async throws {
        try await ClusterTests.run { client in
            try await ClusterTests.namespace(client)
            var deployment = ClusterTests.deployment(1, image: "i:1")
            deployment.spec.template.metadata?.name = "mine"
            try await client.create(deployment)
            let event = try await eventually("an event names the field") {
                try await client.list(Event.self, namespace: "team").items.first {
                    $0.reason == "FieldNotHonoured" && $0.involvedObject.kind == "Deployment"
                }
            }
            #expect(event.message?.contains("spec.template.metadata.name") == true)
            let condition = try await eventually("a condition names the field") {
                try await client.get(Deployment.self, "web", namespace: "team").status?.conditions?.first {
                    $0.type == "FieldNotHonoured"
                }
            }
            #expect(condition.message == event.message)
            var service = Service(
                metadata: ObjectMeta(name: "open", namespace: "team"),
                spec: ServiceSpec(ports: [ServicePort(port: 80)], selector: ["app": "web"], type: "NodePort"))
            service = try await client.create(service)
            try await eventually("the service's condition names its node port") {
                try await client.get(Service.self, "open", namespace: "team").status?.conditions?.contains {
                    $0.type == "FieldNotHonoured" && $0.message.contains("nodePort")
                } == true
            }
        }
    }

    @Test func orphansAreAdoptedAndRelabelledPodsReplaced() async throws {
        try await ClusterTests.run { client in
            try await ClusterTests.namespace(client)
            try await client.create(ClusterTests.deployment(2, image: "i:1"))
            try await eventually("two pods run", within: .seconds(20)) {
                try await Self.pods(client).count(where: PodPhase.isReady) == 2
            }
            let set = try #require(try await client.list(ReplicaSet.self, namespace: "team").items.first)
            // Taken out of its labels, a pod is nobody's and goes on; another takes its place.
            let first = try #require(try await Self.pods(client).first)
            try await client.patch(
                Pod.resourceType, first.key, .merge(["metadata": ["labels": ["app": "under-study"]]]))
            try await eventually("another pod takes its place", within: .seconds(20)) {
                let pods = try await Self.pods(client)
                return pods.count == 3 && pods.count { $0.controllerReference?.uid == set.uid } == 2
            }
            #expect(try await client.get(Pod.self, first.name, namespace: "team").controllerReference == nil)
            // A deployment that goes without its replica set, and comes again, takes it back.
            try await client.delete(Deployment.self, "web", namespace: "team", .of(propagation: .orphan))
            try await eventually("the replica set is an orphan", within: .seconds(20)) {
                let left = try await client.get(ReplicaSet.self, set.name, namespace: "team")
                let owner = try await client.find(Deployment.self, "web", namespace: "team")
                return left.controllerReference == nil && owner == nil
            }
            let again = try await client.create(ClusterTests.deployment(2, image: "i:1"))
            try await eventually("it is adopted", within: .seconds(20)) {
                let sets = try await client.list(ReplicaSet.self, namespace: "team").items
                return sets.map(\.uid) == [set.uid] && sets.first?.controllerReference?.uid == again.uid
            }
        }
    }

    @Test func aTakenNameIsCountedAndAnotherChosen() async throws {
        try await ClusterTests.run { client in
            try await ClusterTests.namespace(client)
            var deployment = ClusterTests.deployment(1, image: "i:1")
            deployment = try await client.create(deployment)
            let made = try await eventually("the replica set is made") {
                try await client.list(ReplicaSet.self, namespace: "team").items.first
            }
            try await client.delete(Deployment.self, "web", namespace: "team", .of(propagation: .foreground))
            try await eventually("everything is gone", within: .seconds(20)) {
                let sets = try await client.list(ReplicaSet.self, namespace: "team").items
                let owner = try await client.find(Deployment.self, "web", namespace: "team")
                return sets.isEmpty && owner == nil
            }
            // Somebody else's replica set has the name that the deployment's would have.
            try await client.create(
                ReplicaSet(
                    metadata: ObjectMeta(name: made.name, namespace: "team"),
                    spec: ReplicaSetSpec(
                        replicas: 0, selector: LabelSelector(matchLabels: ["app": "other"]),
                        template: PodTemplateSpec(
                            metadata: ObjectMeta(labels: ["app": "other"]),
                            spec: PodSpec(containers: [Container(image: "i", name: "main")])))))
            try await client.create(ClusterTests.deployment(1, image: "i:1"))
            try await eventually("another name is taken", within: .seconds(20)) {
                let current = try await client.get(Deployment.self, "web", namespace: "team")
                let sets = try await client.list(ReplicaSet.self, namespace: "team").items
                return current.status?.collisionCount == 1
                    && sets.contains { $0.controllerReference?.uid == current.uid && $0.name != made.name }
            }
        }
    }

    @Test func jobsOfOtherManagersAreLeftAlone() async throws {
        try await ClusterTests.run { client in
            try await ClusterTests.namespace(client)
            func job(_ name: String, managedBy: String?) -> Job {
                Job(
                    metadata: ObjectMeta(name: name, namespace: "team"),
                    spec: JobSpec(
                        completions: 1, managedBy: managedBy,
                        template: PodTemplateSpec(
                            spec: PodSpec(containers: [Container(image: "i", name: "main")], restartPolicy: "Never"))))
            }
            try await client.create(job("theirs", managedBy: "example.com/other"))
            try await client.create(job("ours", managedBy: nil))
            try await eventually("ours is complete", within: .seconds(30)) {
                try await client.get(Job.self, "ours", namespace: "team").status?.succeeded == 1
            }
            #expect(try await client.get(Job.self, "theirs", namespace: "team").status?.startTime == nil)
            #expect(try await Self.pods(client).allSatisfy { $0.controllerReference?.name == "ours" })
        }
    }

    @Test func finishedJobsGoWhenTheirTimeHasPassed() async throws {
        try await ClusterTests.run { client in
            try await ClusterTests.namespace(client)
            try await client.create(
                Job(
                    metadata: ObjectMeta(name: "short", namespace: "team"),
                    spec: JobSpec(
                        completions: 1,
                        template: PodTemplateSpec(
                            spec: PodSpec(containers: [Container(image: "i", name: "main")], restartPolicy: "Never")),
                        ttlSecondsAfterFinished: 1)))
            try await eventually("its pod runs", within: .seconds(20)) { try await !Self.pods(client).isEmpty }
            try await eventually("job and pod are gone", within: .seconds(30)) {
                let job = try await client.find(Job.self, "short", namespace: "team")
                let pods = try await Self.pods(client)
                return job == nil && pods.isEmpty
            }
        }
    }
}
