import ApusAPI
import ApusTesting
import Foundation
import KubernetesTypes
import Logging
import Synchronization
import Testing

@testable import Embedded

/// What the command line does with a cluster, over the socket of a server in this process.
@Suite struct ClusterConnectionTests {
    /// Runs the body with a server that has the kinds of Apus.
    private static func with(_ body: @Sendable (ClusterConnection, InProcessCluster) async throws -> Void) async throws {
        try await InProcessCluster.run { server in
            _ = try await Installer(client: server.client()).run()
            let folder = FileManager.default.temporaryDirectory.appending(path: "apus-connection-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let file = folder.appending(path: "kubeconfig")
            try server.kubeconfig.write(to: file, atomically: true, encoding: .utf8)
            let connection = try ClusterConnection(kubeconfig: file.path, dataDirectory: folder.path)
            do {
                try await body(connection, server)
            } catch {
                await connection.shutdown()
                throw error
            }
            await connection.shutdown()
        }
    }

    private static let job = """
        apiVersion: apus.dev/v1alpha1
        kind: TrainingJob
        metadata: {name: tickets}
        spec:
          runtimeRef: {name: none}
          inputs: [{name: training, uri: "file:///opt/apus/models/all-MiniLM-L6-v2/tokenizer.json"}]
        """

    private static func setPhase(_ phase: TrainingJobStatus.Phase, _ server: InProcessCluster) async throws {
        var job = try await server.client().get(TrainingJob.self, "tickets", namespace: "default")
        var status = TrainingJobStatus()
        status.phase = phase
        job.status = status
        _ = try await server.client().updateStatus(job)
    }

    @Test(.timeLimit(.minutes(2))) func waitsUntilItIsAsWished() async throws {
        try await Self.with { cluster, server in
            let type = TrainingJob.resourceType
            let seen = Journal<String>()
            let waiting = Task {
                try await cluster.wait(
                    for: WaitGoal("jsonpath={.status.phase}=Succeeded"), type, "tickets", within: .seconds(60)
                ) { seen.append(ObjectSummary.text($0)) }
            }
            try await eventually("it is looked for") { seen.entries == ["not there"] }
            #expect(try await cluster.apply(Self.job) == ["trainingjob.apus.dev/tickets"])
            try await eventually("it is seen") { seen.entries.last == "no status yet" }
            try await Self.setPhase(.running, server)
            try await Self.setPhase(.succeeded, server)
            try await waiting.value
            #expect(seen.entries == ["not there", "no status yet", "Running", "Succeeded"])

            let deleting = Task {
                try await cluster.wait(for: WaitGoal("delete"), type, "tickets", within: .seconds(60)) { _ in }
            }
            try await cluster.delete(type, "tickets")
            try await deleting.value
        }
    }

    @Test(.timeLimit(.minutes(2))) func waitingEndsWhenItCannotComeAnyMore() async throws {
        try await Self.with { cluster, server in
            try await cluster.apply(Self.job)
            try await Self.setPhase(.failed, server)
            let goal = try WaitGoal("condition=Complete")
            let hopeless = await #expect(throws: EmbeddedError.self) {
                try await cluster.wait(for: goal, TrainingJob.resourceType, "tickets", within: .seconds(60)) { _ in }
            }
            #expect(hopeless?.code == .outOfReach)
            let late = await #expect(throws: EmbeddedError.self) {
                try await cluster.wait(for: goal, TrainingJob.resourceType, "nobody", within: .milliseconds(200)) { _ in }
            }
            #expect(late?.code == .timedOut)
        }
    }

    @Test(.timeLimit(.minutes(2))) func planningOnAClusterWritesNothing() async throws {
        try await Self.with { cluster, server in
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let ahead = try LookAhead(dataDirectory: "/nowhere/apus", logger: logger)
            let client = server.client()
            let before = try await client.list(ServiceAccount.self, namespace: "default").items.map(\.name)
            try await cluster.apply(
                """
                apiVersion: apus.dev/v1alpha1
                kind: ClusterTrainingRuntime
                metadata: {name: none}
                spec: {template: {spec: {containers: [{name: trainer, image: x}]}}}
                """)
            let planned = try await ahead.plan(Self.job, on: cluster, namespace: nil)
            #expect(planned.first?.madeNames.contains("pod/tickets-1-0") == true)
            #expect(try await client.list(TrainingJob.self).items.isEmpty)
            #expect(try await client.list(Pod.self).items.isEmpty)
            #expect(try await client.list(ServiceAccount.self, namespace: "default").items.map(\.name) == before)
            // What is there already is planned as it would be with the change.
            try await cluster.apply(Self.job)
            let changed = try await ahead.plan(Self.job + "\n  suspend: true", on: cluster, namespace: nil)
            #expect(changed.first?.lines.first == "trainingjob.apus.dev/tickets would be updated")
            #expect(changed.first?.lines.contains { $0.contains("status     Suspended: ") } == true)
            let kept = try await client.get(TrainingJob.self, "tickets", namespace: "default")
            #expect(kept.spec.suspend == false)
        }
    }

    @Test(.timeLimit(.minutes(2))) func kindsAreKnownByEveryName() async throws {
        try await Self.with { cluster, _ in
            for name in ["tjob", "trainingjobs", "trainingjob", "TrainingJob", "trainingjobs.apus.dev"] {
                #expect(try await cluster.type(named: name) == TrainingJob.resourceType)
            }
            await #expect(throws: EmbeddedError.self) { try await cluster.type(named: "tjobs") }
            #expect(try await cluster.targets("apus").count == ApusAPI.definitions.count)
            #expect(try await cluster.targets("tjob,mver").map(\.type) == [TrainingJob.resourceType, ModelVersion.resourceType])
            #expect(try await cluster.targets("tjob/a") == [.init(type: TrainingJob.resourceType, name: "a")])
            #expect(try await cluster.targets("tjob", name: "a") == [.init(type: TrainingJob.resourceType, name: "a")])
            await #expect(throws: EmbeddedError.self) { try await cluster.targets("tjob/a", name: "b") }
            await #expect(throws: EmbeddedError.self) { try await cluster.targets("tjob,nothing") }
            _ = try await cluster.apply(Self.job)
            #expect(try await cluster.table(TrainingJob.resourceType, showsKind: true)[1].hasPrefix("trainingjob/tickets "))
            #expect(try await cluster.delete(Self.job) == ["trainingjob/tickets"])
            #expect(try await cluster.delete(Self.job) == [])
            try await cluster.apply(Self.job)
            let wide = try await cluster.table(TrainingJob.resourceType, isEverywhere: true, isWide: true)
            #expect(wide.first?.hasPrefix("NAMESPACE   NAME") == true && wide.first?.contains("RUNTIME") == true)
            #expect(wide.last?.hasPrefix("default     tickets") == true)
        }
    }
}
