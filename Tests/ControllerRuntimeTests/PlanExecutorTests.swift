import ApusTesting
import ControllerRuntime
import KubernetesClient
import KubernetesTypes
import Reconciliation
import Synchronization
import Testing

/// Plans carried out against a real API server in the same process, with every write counted.
@Suite struct PlanExecutorTests {
    struct Bench: Sendable {
        let client: Client
        let transport: FaultyTransport
        let owner: DynamicObject

        func executor(effects: [String: PlanExecutor.EffectHandler] = [:]) -> PlanExecutor {
            PlanExecutor(
                client: client, recorder: EventRecorder(client: client, component: "test"), types: KindResolver(),
                effects: effects)
        }

        /// Requests that change something, events not counted.
        var writes: Int { transport.requests.count { $0.method != .get && !$0.target.contains("/events") } }

        func children() async throws -> [DynamicObject] {
            var found: [DynamicObject] = []
            for type in [Pod.resourceType, ConfigMap.resourceType] {
                found += try await client.list(type, namespace: "default").items
            }
            return found.filter { $0.ownerReferences.contains { $0.uid == owner.uid } }
        }

        func current() async throws -> DynamicObject { try await client.get(Job.resourceType, owner.key) }
    }

    /// The owner is a Job, because any kind with a status will do.
    static func run(
        decide: @escaping @Sendable (WireRequest, Int) -> FaultyTransport.Fault = { _, _ in .none },
        _ body: @Sendable (Bench) async throws -> Void
    ) async throws {
        try await InProcessCluster.run { cluster in
            let admin = cluster.client()
            try await admin.create(ServiceAccount(metadata: ObjectMeta(name: "default", namespace: "default")))
            let template = PodTemplateSpec(spec: PodSpec(containers: [Container(image: "i", name: "c")], restartPolicy: "Never"))
            try await admin.create(
                Job(metadata: ObjectMeta(name: "owner", namespace: "default"), spec: JobSpec(suspend: true, template: template)))
            let owner = try await admin.get(Job.resourceType, ObjectKey(namespace: "default", name: "owner"))
            let transport = FaultyTransport(InProcessTransport(core: cluster.core), decide: decide)
            let client = Client(transport: transport, chance: SeededChance(), options: .init(maximumTries: 1))
            try await body(Bench(client: client, transport: transport, owner: owner))
        }
    }

    static func map(_ name: String, _ value: String) -> JSONValue {
        ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)], "data": ["v": .string(value)]]
    }

    static func pod(_ name: String) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Pod", "metadata": ["name": .string(name)],
            "spec": ["containers": [["name": "c", "image": "i", "resources": ["requests": ["cpu": "1000m"]]]]],
        ]
    }

    static func plan(_ value: String = "1", active: Int = 1) -> Plan {
        Plan(
            children: [.createOnce(pod("owner-1"), .owned), .ensure(map("owner-settings", value), .owned, observedUID: nil)],
            status: ["active": .integer(Int64(active)), "ready": 0], finalizers: ["apus.dev/hold"],
            events: [PlannedEvent(.normal, reason: "Planned", message: "It was planned.")])
    }

    @Test func aRefusedChildIsToldOnTheObject() async throws {
        try await Self.run { bench in
            // A pod's conditions have all the fields that ours have.
            var owned = DynamicObject(Self.pod("owner"))
            owned.value["metadata"]?["namespace"] = "default"
            let pod = try await bench.client.create(Pod.resourceType, owned)
            var plan = Self.plan()
            plan.finalizers = nil
            plan.status = ["message": "All is there."]
            plan.children = [.createOnce(Self.pod("Not A Name"), .owned)]
            let refusal = await #expect(throws: StatusError.self) {
                try await bench.executor().execute(plan, for: pod, children: [])
            }
            #expect(refusal?.message.contains("Not A Name") == true)
            let status = try await bench.client.get(Pod.resourceType, pod.key).value["status"]
            let ready = status?["conditions"]?.array?.first { $0["type"] == "Ready" }
            #expect(ready?["status"]?.string == "False" && ready?["reason"]?.string == "CreateRefused")
            #expect(ready?["message"]?.string?.contains("Not A Name") == true)
            let events = try await bench.client.list(Event.resourceType, namespace: "default").items
            #expect(events.contains { $0.value["reason"]?.string == "CreateRefused" })
            // The status of the plan, which says that its children are there, is not written.
            #expect(status?["message"] == nil)
        }
    }

    @Test func everythingIsMadeOnceAndThenNothingIsWritten() async throws {
        try await Self.run { bench in
            let report = try await bench.executor().execute(Self.plan(), for: bench.owner, children: [])
            #expect(report.created == 1)
            #expect(report.applied == 1)
            #expect(report.wroteStatus && report.wroteFinalizers)
            let before = bench.writes
            let again = try await bench.executor().execute(
                Self.plan(), for: try await bench.current(), children: try await bench.children())
            #expect(again.writes == 0)
            #expect(bench.writes == before)
            let owner = try await bench.current()
            #expect(owner.finalizers == ["apus.dev/hold"])
            #expect(owner.value["status"]?["active"] == 1)
        }
    }

    @Test func whatIsNoLongerListedIsDeletedUnlessKept() async throws {
        try await Self.run { bench in
            try await bench.executor().execute(Self.plan(), for: bench.owner, children: [])
            let pod = ResourceReference(type: Pod.resourceType, key: ObjectKey(namespace: "default", name: "owner-1"))
            let plan = Plan(kept: [pod])
            let report = try await bench.executor().execute(
                plan, for: try await bench.current(), children: try await bench.children())
            #expect(report.deleted == 1)
            #expect(try await bench.children().map(\.name) == ["owner-1"])
        }
    }

    @Test func changesAreAppliedAndOthersFieldsStay() async throws {
        try await Self.run { bench in
            try await bench.executor().execute(Self.plan(), for: bench.owner, children: [])
            let key = ObjectKey(namespace: "default", name: "owner-settings")
            try await bench.client.patch(ConfigMap.resourceType, key, .merge(["data": ["theirs": "x"]]))
            let report = try await bench.executor().execute(
                Self.plan("2"), for: try await bench.current(), children: try await bench.children())
            #expect(report.applied == 1)
            let map = try await bench.client.get(ConfigMap.self, "owner-settings", namespace: "default")
            #expect(map.data == ["v": "2", "theirs": "x"])
        }
    }

    @Test func aPlanFromAnOldObservationIsRefused() async throws {
        try await Self.run { bench in
            try await bench.client.patch(Job.resourceType, bench.owner.key, .merge(["metadata": ["labels": ["a": "b"]]]))
            await #expect(throws: StalePlan.self) {
                try await bench.executor().execute(Plan(status: ["active": 1]), for: bench.owner, children: [])
            }
        }
    }

    @Test func aNameThatIsTakenIsAnError() async throws {
        try await Self.run { bench in
            try await bench.client.create(ConfigMap(metadata: ObjectMeta(name: "owner-settings", namespace: "default")))
            let plan = Plan(children: [.ensure(Self.map("owner-settings", "1"), .owned, observedUID: nil)])
            let error = await #expect(throws: ExecutionError.self) {
                try await bench.executor().execute(plan, for: bench.owner, children: [])
            }
            #expect(error?.code == .nameTaken)
            #expect(error?.message.contains("delete or rename it") == true)
            // One that is on its way out is not asked to be deleted.
            let type = ConfigMap.resourceType
            let key = ObjectKey(namespace: "default", name: "owner-settings")
            try await bench.client.patch(type, key, .merge(["metadata": ["finalizers": ["example.com/slow"]]]))
            try await bench.client.delete(type, key)
            let ending = await #expect(throws: ExecutionError.self) {
                try await bench.executor().execute(plan, for: bench.owner, children: [])
            }
            #expect(ending?.message.contains("still ending") == true)
        }
    }

    /// The process dies at the n-th write, before it or after it; a new one always brings the same end about.
    @Test(arguments: 0..<5, [true, false]) func aCrashAtAnyWriteIsMadeGood(_ position: Int, _ isCarriedOut: Bool) async throws {
        let writes = Mutex(0)
        try await Self.run(decide: { request, _ in
            guard request.method != .get, !request.target.contains("/events") else { return .none }
            let index = writes.withLock { count in
                defer { count += 1 }
                return count
            }
            guard index == position else { return .none }
            return isCarriedOut ? .loseAnswer : .refuse
        }) { bench in
            var attempts = 0
            while true {
                attempts += 1
                #expect(attempts < 4)
                do {
                    try await bench.executor().execute(
                        Self.plan(), for: try await bench.current(), children: try await bench.children())
                    break
                } catch is TransportError {
                    continue
                }
            }
            #expect(try await bench.children().map(\.name).sorted() == ["owner-1", "owner-settings"])
            let owner = try await bench.current()
            #expect(owner.value["status"]?["active"] == 1)
            #expect(owner.finalizers == ["apus.dev/hold"])
        }
    }

    @Test func effectsAreDoneBeforeTheStatusSaysSo() async throws {
        try await Self.run { bench in
            let order = Mutex<[String]>([])
            let executor = bench.executor(effects: [
                "store": { effect, owner in
                    order.withLock { $0.append("\(effect.parameters["what"]?.string ?? "") of \(owner.name)") }
                }
            ])
            let plan = Plan(status: ["active": 2], effects: [Effect(name: "store", parameters: ["what": "bundle"])])
            try await executor.execute(plan, for: bench.owner, children: [])
            #expect(order.withLock { $0 } == ["bundle of owner"])
            await #expect(throws: ExecutionError.self) {
                try await executor.execute(Plan(effects: [Effect(name: "nobody")]), for: bench.owner, children: [])
            }
        }
    }
}
