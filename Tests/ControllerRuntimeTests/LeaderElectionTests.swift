import ApusTesting
import ControllerRuntime
import KubernetesClient
import KubernetesTypes
import Synchronization
import Testing

@Suite struct LeaderElectionTests {
    private static func elector(_ name: String, _ client: Client) -> LeaderElector {
        LeaderElector(
            client: client,
            configuration: LeaderElector.Configuration(
                lease: ObjectKey(namespace: "kube-system", name: "test"), identity: name, leaseDuration: .seconds(2),
                renewDeadline: .milliseconds(1500), retryPeriod: .milliseconds(50)))
    }

    @Test func oneLeadsAndHandsOverOnLeaving() async throws {
        try await InProcessCluster.run { cluster in
            let leading = Journal<String>()
            func start(_ name: String) -> Task<Void, any Error> {
                let elector = Self.elector(name, cluster.client())
                return Task {
                    try await elector.run {
                        leading.append(name)
                        try await untilCancelled()
                    }
                }
            }
            let first = start("first")
            try await eventually("the first leads") { leading.entries == ["first"] }
            let second = start("second")
            // The second has asked and been refused when the lease was renewed several times since.
            let lease = try await cluster.client().get(Lease.self, "test", namespace: "kube-system")
            try await eventually("the lease is renewed") {
                try await cluster.client().get(Lease.self, "test", namespace: "kube-system").spec.renewTime
                    != lease.spec.renewTime
            }
            #expect(leading.entries == ["first"])
            first.cancel()
            _ = await first.result
            try await eventually("the second leads") { leading.entries == ["first", "second"] }
            let taken = try await cluster.client().get(Lease.self, "test", namespace: "kube-system")
            #expect(taken.spec.holderIdentity == "second")
            #expect(taken.spec.leaseTransitions == 1)
            second.cancel()
            _ = await second.result
        }
    }

    @Test func workStopsWhenTheLeaseCannotBeRenewed() async throws {
        try await InProcessCluster.run { cluster in
            let isCut = Atomic(false)
            let faulty = FaultyTransport(InProcessTransport(core: cluster.core)) { _, _ in
                isCut.load(ordering: .relaxed) ? .refuse : .none
            }
            let elector = Self.elector("lonely", Client(transport: faulty, chance: SeededChance()))
            let wasCancelled = Atomic(false)
            let run = Task {
                try await elector.run {
                    isCut.store(true, ordering: .relaxed)
                    do {
                        try await untilCancelled()
                    } catch {
                        wasCancelled.store(true, ordering: .relaxed)
                        throw error
                    }
                }
            }
            await #expect(throws: LostLeadership.self) { try await run.value }
            let isCancelled = wasCancelled.load(ordering: .relaxed)
            #expect(isCancelled)
        }
    }
}
