import ApusTesting
import ControllerRuntime
import Foundation
import KubernetesClient
import KubernetesTypes
import Logging
import Testing

@testable import ClusterControllers

/// The controllers over a real API server in the same process. A kubelet's part is played by the test: it reports pods that were
/// placed on its node as running, and removes those that are deleted.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ClusterTests {
    static func run(_ body: @Sendable @escaping (Client) async throws -> Void) async throws {
        try await InProcessCluster.run { cluster in
            let client = cluster.client()
            var logger = Logger(label: "test")
            logger.logLevel = .error
            let controllers = ClusterControllers(
                client: cluster.client(), configuration: .init(certificateAuthority: "PEM"), logger: logger)
            let working = Task { try await controllers.run() }
            let kubelet = Task { try await Self.kubelet(client) }
            defer {
                working.cancel()
                kubelet.cancel()
            }
            try await client.create(
                Node(
                    metadata: ObjectMeta(labels: ["kubernetes.io/hostname": "node-1"], name: "node-1"),
                    status: NodeStatus(
                        allocatable: ["cpu": 8, "memory": .bytes(16 << 30), "pods": 110],
                        capacity: ["cpu": 8, "memory": .bytes(16 << 30), "pods": 110],
                        conditions: [NodeCondition(status: "True", type: "Ready")])))
            try await body(client)
            working.cancel()
            kubelet.cancel()
            _ = await working.result
            _ = await kubelet.result
        }
    }

    /// Follows pods as an agent does, until it is cancelled.
    static func kubelet(_ client: Client) async throws {
        var number = 1
        for try await event in try await client.watch(Pod.self) {
            switch event {
            case .added(let pod), .modified(let pod):
                guard !(pod.spec.nodeName ?? "").isEmpty else { continue }
                number += 1
                // A conflict means that the pod has moved on; its newer form is the next event.
                if pod.isBeingDeleted {
                    try? await client.delete(Pod.self, pod.name, namespace: pod.namespace, .of(uid: pod.uid, grace: 0))
                } else if pod.status?.phase == "Pending" || pod.status?.phase == nil {
                    _ = try? await client.updateStatus(running(pod, number))
                }
            case .deleted, .bookmark: continue
            }
        }
    }

    private static func running(_ pod: Pod, _ number: Int) -> Pod {
        var running = pod
        var status = pod.status ?? PodStatus()
        let isTask = pod.spec.restartPolicy == "Never"
        status.phase = isTask ? "Succeeded" : "Running"
        status.podIP = "10.88.\(number / 250).\(number % 250 + 2)"
        status.conditions =
            (status.conditions ?? []).filter { $0.type != "Ready" } + [
                PodCondition(lastTransitionTime: Timestamp(Date()), status: isTask ? "False" : "True", type: "Ready")
            ]
        running.status = status
        return running
    }

    static func deployment(_ replicas: Int, image: String) -> Deployment {
        Deployment(
            metadata: ObjectMeta(name: "web", namespace: "team"),
            spec: DeploymentSpec(
                replicas: replicas, selector: LabelSelector(matchLabels: ["app": "web"]),
                template: PodTemplateSpec(
                    metadata: ObjectMeta(labels: ["app": "web"]),
                    spec: PodSpec(containers: [
                        Container(
                            image: image, name: "main", ports: [ContainerPort(containerPort: 8080, name: "http")],
                            resources: ResourceRequirements(requests: ["cpu": Quantity(milli: 100)]))
                    ]))))
    }

    static func namespace(_ client: Client) async throws {
        try await client.create(Namespace(metadata: ObjectMeta(name: "team")))
        try await eventually("the default service account") {
            try await client.find(ServiceAccount.self, "default", namespace: "team") != nil
        }
        let map = try await eventually("the root certificate") {
            try await client.find(ConfigMap.self, "kube-root-ca.crt", namespace: "team")
        }
        #expect(map.data?["ca.crt"] == "PEM")
    }

    @Test func aDeploymentRollsOutRollsOverAndGoes() async throws {
        try await Self.run { client in
            try await Self.namespace(client)
            try await client.create(
                Service(
                    metadata: ObjectMeta(name: "web", namespace: "team"),
                    spec: ServiceSpec(ports: [ServicePort(port: 80, targetPort: .string("http"))], selector: ["app": "web"])))
            try await client.create(Self.deployment(3, image: "i:1"))
            func status() async throws -> DeploymentStatus? {
                try await client.get(Deployment.self, "web", namespace: "team").status
            }
            try await eventually("three are available", within: .seconds(20)) { try await status()?.availableReplicas == 3 }
            try await eventually("three endpoints") {
                let slices = try await client.list(EndpointSlice.self, namespace: "team").items
                return slices.flatMap { $0.endpoints ?? [] }.count { $0.conditions?.ready == true } == 3
            }
            let first = try await client.list(Pod.self, namespace: "team").items
            #expect(first.allSatisfy { $0.spec.nodeName == "node-1" })
            // A new image replaces every pod, and the old replica set stays for the way back.
            try await client.patch(
                Deployment.resourceType, ObjectKey(namespace: "team", name: "web"),
                .strategic(["spec": ["template": ["spec": ["containers": [["name": "main", "image": "i:2"]]]]]]))
            try await eventually("all pods are new", within: .seconds(30)) {
                let pods = try await client.list(Pod.self, namespace: "team").items
                return pods.count == 3 && pods.allSatisfy { $0.spec.containers[0].image == "i:2" && PodPhase.isReady($0) }
            }
            try await eventually("the rollout is complete") {
                try await status()?.conditions?.contains { $0.reason == "NewReplicaSetAvailable" } == true
            }
            let sets = try await client.list(ReplicaSet.self, namespace: "team").items
            #expect(
                sets.map { $0.metadata.annotations?[DeploymentDecision.revisionKey] }.sorted { $0 ?? "" < $1 ?? "" } == [
                    "1", "2",
                ])
            // Deletion takes everything along, from the inside out.
            try await client.delete(Deployment.self, "web", namespace: "team", .of(propagation: .foreground))
            try await eventually("everything is gone", within: .seconds(20)) {
                let deployment = try await client.find(Deployment.self, "web", namespace: "team")
                let sets = try await client.list(ReplicaSet.self, namespace: "team").items
                let pods = try await client.list(Pod.self, namespace: "team").items
                return deployment == nil && sets.isEmpty && pods.isEmpty
            }
        }
    }

    @Test func aJobCompletesAndItsPodsGoWithIt() async throws {
        try await Self.run { client in
            try await Self.namespace(client)
            try await client.create(
                Job(
                    metadata: ObjectMeta(name: "train", namespace: "team"),
                    spec: JobSpec(
                        completionMode: "Indexed", completions: 3, parallelism: 2,
                        template: PodTemplateSpec(
                            spec: PodSpec(containers: [Container(image: "i", name: "main")], restartPolicy: "Never")))))
            let job = try await eventually("the job is complete", within: .seconds(30)) {
                let job = try await client.get(Job.self, "train", namespace: "team")
                return job.status?.conditions?.contains { $0.type == "Complete" && $0.status == "True" } == true ? job : nil
            }
            #expect(job.status?.succeeded == 3)
            #expect(job.status?.completedIndexes == "0-2")
            #expect(try await client.list(Pod.self, namespace: "team").items.count == 3)
            try await client.delete(Job.self, "train", namespace: "team", .of(propagation: .background))
            try await eventually("the pods are gone", within: .seconds(20)) {
                try await client.list(Pod.self, namespace: "team").items.isEmpty
            }
        }
    }

    @Test func aNamespaceTakesItsContentsAlong() async throws {
        try await Self.run { client in
            try await Self.namespace(client)
            try await client.create(Self.deployment(2, image: "i:1"))
            try await client.create(ConfigMap(metadata: ObjectMeta(name: "a", namespace: "team")))
            try await eventually("pods run", within: .seconds(20)) {
                try await client.list(Pod.self, namespace: "team").items.count(where: PodPhase.isReady) == 2
            }
            try await client.delete(Namespace.self, "team")
            try await eventually("the namespace is gone", within: .seconds(30)) {
                try await client.find(Namespace.self, "team") == nil
            }
            #expect(try await client.list(Pod.self).items.isEmpty)
        }
    }

    @Test(arguments: ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"])
    func webhooksThatNothingCallsAreNamedInAnEvent(_ kind: String) async throws {
        try await Self.run { client in
            let type = ResourceType(
                group: "admissionregistration.k8s.io", version: "v1", kind: kind, plural: "\(kind.lowercased())s",
                isNamespaced: false)
            try await client.create(
                type,
                DynamicObject([
                    "apiVersion": "admissionregistration.k8s.io/v1", "kind": .string(kind), "metadata": ["name": "hooks"],
                ]))
            let event = try await eventually("an event says it", within: .seconds(20)) {
                try await client.list(Event.self, namespace: "default").items.first { $0.reason == "KindNotHonoured" }
            }
            #expect(event.involvedObject.kind == kind && event.involvedObject.name == "hooks")
        }
    }

    @Test func whatDoesNotFitSaysWhy() async throws {
        try await Self.run { client in
            try await Self.namespace(client)
            var pod = Pod(
                metadata: ObjectMeta(name: "greedy", namespace: "team"),
                spec: PodSpec(containers: [Container(image: "i", name: "main")]))
            pod.spec.containers[0].resources = ResourceRequirements(
                limits: ["nvidia.com/gpu": 1], requests: ["nvidia.com/gpu": 1])
            try await client.create(pod)
            let event = try await eventually("an event says why") {
                try await client.list(Event.self, namespace: "team").items.first { $0.reason == "FailedScheduling" }
            }
            #expect(event.message?.hasPrefix("0/1 nodes are available: 1 Insufficient nvidia.com/gpu.") == true)
            let shown = try await client.get(Pod.self, "greedy", namespace: "team").status?.conditions?.first {
                $0.type == "PodScheduled"
            }
            #expect(shown?.reason == "Unschedulable")
            // Room that comes later is used.
            var node = try await client.get(Node.self, "node-1")
            node.status?.allocatable?["nvidia.com/gpu"] = 1
            node.status?.capacity?["nvidia.com/gpu"] = 1
            try await client.updateStatus(node)
            try await eventually("the pod is placed") {
                try await client.get(Pod.self, "greedy", namespace: "team").spec.nodeName == "node-1"
            }
        }
    }
}
