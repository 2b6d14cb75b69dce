import ApusAPI
import ApusTesting
import ArtifactStore
import AsyncHTTPClient
import Exposition
import Foundation
import KubernetesClient
import KubernetesTypes
import Logging
import Reconcilers
import Testing

@testable import Operator

/// The whole operator at work on an API server, without nodes: the test says what pods say.
@Suite(.serialized) struct OperatorTests {
    private struct World: Sendable {
        let client: Client
        let store: FileBundleStore
        let folder: URL
        let port: Int

        func publish(_ text: String) async throws -> String {
            let model = folder.appending(path: "model-\(text)")
            try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: model.appending(path: "weights.bin"))
            return "sha256:\(try await store.publish(model.path).digest.hexadecimal)"
        }

        /// Says of a pod what its node would: the trainer has ended, and the agent works on or has reported.
        func say(_ name: String, trainer: Int, agent report: TrainingAgentReport?, phase: String) async throws {
            var pod = try await client.get(Pod.self, name, namespace: "default")
            func status(_ name: String, _ state: ContainerState) -> ContainerStatus {
                ContainerStatus(image: "x", imageID: "", name: name, ready: false, restartCount: 0, state: state)
            }
            let ended = ContainerState(terminated: ContainerStateTerminated(exitCode: trainer))
            let reported = report.map {
                ContainerState(terminated: ContainerStateTerminated(exitCode: 0, message: $0.terminationMessage))
            }
            pod.status = PodStatus(phase: phase)
            pod.status?.containerStatuses = [
                status("trainer", ended), status("agent", reported ?? ContainerState(running: ContainerStateRunning())),
            ]
            _ = try await client.updateStatus(pod)
        }

        func pod(_ name: String) async throws {
            try await eventually("\(name) is made") { try await client.find(Pod.self, name, namespace: "default") != nil }
        }
    }

    private static func run(_ body: @Sendable (World) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "apus-operator-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let port = try Machine.freePorts(1)[0]
        try await InProcessCluster.run { cluster in
            let client = cluster.client()
            let kinds = ResourceType(
                group: "apiextensions.k8s.io", version: "v1", kind: "CustomResourceDefinition",
                plural: "customresourcedefinitions", isNamespaced: false)
            for definition in ApusAPI.definitions { try await client.create(kinds, DynamicObject(definition.manifest)) }
            for definition in ApusAPI.definitions {
                try await eventually("\(definition.name) is served") { (try? await client.list(definition.type)) != nil }
            }
            let store = FileBundleStore(root: folder.appending(path: "store").path)
            let platform = Platform(
                store: "file://\(folder.path)/store", program: .init(image: "localhost/host", command: ["/apus"]),
                gatewayURL: "http://127.0.0.1:1", allowedFileRoots: ["/data"])
            var configuration = Operator.Configuration(
                platform: platform, servableArchitectures: [], healthAddress: ("127.0.0.1", port))
            configuration.metrics = ProcessRegistry.shared
            var logger = Logger(label: "test.operator")
            logger.logLevel = .critical
            let service = Operator(configuration: configuration, client: client, logger: logger)
            let running = Task { try await service.run() }
            defer { running.cancel() }
            try await body(World(client: client, store: store, folder: folder, port: port))
            running.cancel()
            _ = await running.result
        }
    }

    private static func job(replicas: Int) -> TrainingJob {
        let container = Container(image: "localhost/host", name: "trainer")
        var spec = TrainingJobSpec(
            template: PodTemplateSpec(spec: PodSpec(containers: [container])),
            inputs: [InputChannel(name: "training", uri: "file:///data/train.csv")], replicas: replicas,
            output: TrainingOutput(model: "tickets"))
        spec.retry = RetryPolicy(limit: 3, backoff: .init(base: KubernetesDuration(seconds: 1)))
        return TrainingJob(metadata: ObjectMeta(name: "train", namespace: "default"), spec: spec)
    }

    /// The first replica of an attempt that was given up publishes after all, while the next attempt trains.
    @Test(.timeLimit(.minutes(2))) func oneJobMakesOneVersionWhateverOlderAttemptsPublished() async throws {
        try await Self.run { world in
            try await world.client.create(Self.job(replicas: 2))
            try await world.pod("train-1-0")
            try await world.pod("train-1-1")
            let (late, own) = (try await world.publish("late"), try await world.publish("own"))
            try await world.say("train-1-0", trainer: 0, agent: nil, phase: "Running")
            try await world.say("train-1-1", trainer: 137, agent: TrainingAgentReport(outcome: .interrupted), phase: "Failed")
            try await eventually("the attempt is given up") {
                try await world.client.get(TrainingJob.self, "train", namespace: "default").status?.phase == .restarting
            }
            try await world.say(
                "train-1-0", trainer: 0, agent: TrainingAgentReport(outcome: .published, digest: late), phase: "Succeeded")
            try await world.pod("train-2-0")
            try await world.pod("train-2-1")
            try await world.say(
                "train-2-0", trainer: 0, agent: TrainingAgentReport(outcome: .published, digest: own), phase: "Succeeded")
            try await world.say("train-2-1", trainer: 0, agent: TrainingAgentReport(outcome: .finished), phase: "Succeeded")
            try await eventually("the job has succeeded", within: .seconds(30)) {
                try await world.client.get(TrainingJob.self, "train", namespace: "default").status?.phase == .succeeded
            }
            let versions = try await world.client.list(ModelVersion.self).items
            #expect(versions.map(\.name) == ["tickets-1"])
            #expect(versions.first?.spec.artifact.digest == own)
            try await eventually("the first version is in production") {
                let model = try await world.client.get(Model.self, "tickets", namespace: "default")
                return model.status?.aliases?.first?.version == "tickets-1"
            }
        }
    }

    @Test(.timeLimit(.minutes(2))) func healthAndMetricsAreServed() async throws {
        try await Self.run { world in
            func page(_ path: String) async throws -> (Int, String) {
                let request = HTTPClientRequest(url: "http://127.0.0.1:\(world.port)\(path)")
                let response = try await HTTPClient.shared.execute(request, timeout: .seconds(5))
                return (Int(response.status.code), String(buffer: try await response.body.collect(upTo: 1 << 20)))
            }
            try await eventually("the operator is ready", within: .seconds(20)) { (try? await page("/readyz"))?.0 == 200 }
            #expect(try await page("/healthz") == (200, "ok\n"))
            try await world.client.create(
                Model(metadata: ObjectMeta(name: "m", namespace: "default")))
            try await eventually("the look at the model is counted") {
                try await page("/metrics").1.contains(#"apus_reconcile_total{controller="model",result="settled"}"#)
            }
        }
    }
}
