import ApusAPI
import FoundationEssentials
import KubernetesTypes
import Reconciliation
import Testing

@testable import Reconcilers

@Suite struct InferenceServiceReconcilerTests {
    private func observation(production: String = "tickets-1", served: String? = nil) -> InferenceServiceObservation {
        var service = InferenceService(
            metadata: ObjectMeta(generation: 1, name: "tickets", namespace: "default", uid: "s"),
            spec: InferenceServiceSpec(model: ServedModel(name: "tickets"), scale: .init(replicas: 1)))
        if let served {
            service.status = InferenceServiceStatus()
            service.status?.servedVersion = served
            service.status?.traffic = [
                TrafficTarget(modelVersion: served, service: "tickets-v\(served.last ?? "0")", percent: 100)
            ]
        }
        var model = Model(metadata: ObjectMeta(name: "tickets", namespace: "default"))
        model.status = ModelStatus()
        model.status?.aliases = [EffectiveAlias(name: "production", version: production)]
        var observation = InferenceServiceObservation(
            service: service, now: start, platform: platform, servableArchitectures: ["BertForSequenceClassification"])
        observation.model = model
        observation.versions = [modelVersion("tickets-1"), modelVersion("tickets-2", number: 2)]
        return observation
    }

    private func server(_ version: String, ready: Bool, exit: String? = nil) -> Pod {
        var pod = Pod(
            metadata: ObjectMeta(
                labels: [ApusLabel.inferenceService: "tickets", ApusLabel.modelVersion: version], name: "\(version)-abc",
                namespace: "default"))
        pod.status = PodStatus(conditions: [PodCondition(status: ready ? "True" : "False", type: "Ready")], phase: "Running")
        if let exit {
            let last = ContainerState(terminated: ContainerStateTerminated(exitCode: 1, message: exit))
            pod.status?.containerStatuses = [
                ContainerStatus(image: "", imageID: "", lastState: last, name: "server", ready: false, restartCount: 1)
            ]
        }
        return pod
    }

    private func status(_ plan: Plan) throws -> InferenceServiceStatus { try #require(try plan.status?.decode()) }

    private func names(_ plan: Plan) -> [String] { plan.children.map { "\($0.object.kind)/\($0.object.name)" } }

    @Test func theFirstVersionGetsADeploymentAndAnAddress() throws {
        let plan = try InferenceServiceReconciler.reconcile(observation())
        #expect(names(plan) == ["Deployment/tickets-v1", "Service/tickets-v1"])
        #expect(try status(plan).url == "http://127.0.0.1:8088/default/tickets")
        #expect(condition(try status(plan).conditions, "Ready")?.status == "False")
        let deployment = try #require(try plan.children.first?.object.value.decode(Deployment.self))
        let container = try #require(deployment.spec.template.spec?.containers.first)
        #expect(container.args?.contains(digest) == true)
        #expect(deployment.spec.template.spec?.automountServiceAccountToken == false)
    }

    @Test func aReadyServerIsReady() throws {
        var observation = observation(served: "tickets-1")
        observation.pods = [server("tickets-1", ready: true)]
        let plan = try InferenceServiceReconciler.reconcile(observation)
        #expect(try status(plan).phase == .stable)
        #expect(condition(try status(plan).conditions, "Ready")?.status == "True")
        #expect(try status(plan).traffic?.map(\.service) == ["tickets-v1"])
    }

    /// Nothing is started that could only fail, and what serves goes on.
    @Test(arguments: ["BundleInvalid", "BundleNotFound"])
    func aDamagedVersionIsNotStarted(reason: String) throws {
        var observation = observation(production: "tickets-2", served: "tickets-1")
        observation.versions[1].status = ModelVersionStatus()
        observation.versions[1].status?.conditions = [
            Condition(
                lastTransitionTime: Timestamp(start), message: "The manifest is damaged.", reason: reason, status: "True",
                type: "Stalled")
        ]
        observation.pods = [server("tickets-1", ready: true)]
        let plan = try InferenceServiceReconciler.reconcile(observation)
        #expect(names(plan) == ["Deployment/tickets-v1", "Service/tickets-v1"])
        #expect(try status(plan).servedVersion == "tickets-1")
        let stalled = try #require(condition(try status(plan).conditions, "Stalled"))
        #expect(stalled.reason == reason && stalled.message.contains("tickets-1 goes on serving"))
    }

    @Test func aServedVersionThatIsGoneGoesOnServing() throws {
        var observation = observation(served: "tickets-1")
        observation.versions.removeFirst()
        observation.model?.status?.aliases = nil
        observation.pods = [server("tickets-1", ready: true)]
        let plan = try InferenceServiceReconciler.reconcile(observation)
        #expect(try status(plan).traffic?.map(\.modelVersion) == ["tickets-1"])
        let stalled = try #require(condition(try status(plan).conditions, "Stalled"))
        #expect(stalled.reason == "VersionNotFound" && stalled.message.contains("register it again"))
    }

    @Test func theOldVersionServesUntilTheNewOneIsReady() throws {
        var observation = observation(production: "tickets-2", served: "tickets-1")
        observation.pods = [server("tickets-1", ready: true), server("tickets-2", ready: false)]
        let waiting = try InferenceServiceReconciler.reconcile(observation)
        #expect(try status(waiting).servedVersion == "tickets-1")
        #expect(Set(names(waiting)).isSuperset(of: ["Deployment/tickets-v1", "Deployment/tickets-v2"]))
        #expect(condition(try status(waiting).conditions, "Ready")?.status == "True")

        observation.pods[1] = server("tickets-2", ready: true)
        let old = Deployment(
            metadata: ObjectMeta(
                labels: [ApusLabel.modelVersion: "tickets-1"], name: "tickets-v1", namespace: "default", uid: "d"))
        observation.deployments = [old]
        let moved = try InferenceServiceReconciler.reconcile(observation)
        #expect(try status(moved).servedVersion == "tickets-2")
        #expect(try status(moved).traffic?.map(\.modelVersion) == ["tickets-2"])
        #expect(
            moved.kept == [ResourceReference(old)],
            "the old servers outlive the move by one pass, so that nothing in flight is cut")

        observation.service.status = try status(moved)
        let settled = try InferenceServiceReconciler.reconcile(observation)
        #expect(settled.kept.isEmpty)
        #expect(names(settled) == ["Deployment/tickets-v2", "Service/tickets-v2"])
    }

    @Test(arguments: ["AliasNotFound", "ModelNotFound", "VersionNotFound", "UnsupportedArchitecture"])
    func whatCannotBeServedIsSaidAtOnce(reason: String) throws {
        var observation = observation()
        switch reason {
        case "AliasNotFound": observation.model?.status?.aliases = nil
        case "ModelNotFound": observation.model = nil
        case "VersionNotFound": observation.service.spec.model = ServedModel(version: "gone-1")
        default: observation.versions[0].spec.architecture = "ApusLstmForSequenceClassification"
        }
        let plan = try InferenceServiceReconciler.reconcile(observation)
        #expect(plan.children.isEmpty)
        #expect(condition(try status(plan).conditions, "Ready")?.reason == reason)
        #expect(condition(try status(plan).conditions, "Stalled")?.status == "True")
        #expect(plan.events.map(\.reason) == [reason])
        observation.service.status = try status(plan)
        #expect(try InferenceServiceReconciler.reconcile(observation).events.isEmpty, "the event is told once")
    }

    @Test func whatServesGoesOnWhenTheNewCannotBe() throws {
        var observation = observation(production: "tickets-2", served: "tickets-1")
        observation.versions[1].spec.architecture = "Mamba"
        observation.pods = [server("tickets-1", ready: true)]
        let plan = try InferenceServiceReconciler.reconcile(observation)
        #expect(try status(plan).servedVersion == "tickets-1")
        #expect(try status(plan).phase == .degraded)
        #expect(names(plan).contains("Deployment/tickets-v1"))
        #expect(condition(try status(plan).conditions, "Ready")?.status == "True")
    }

    /// A server that is not ready for two seconds comes back; one that was deleted does not.
    @Test func whatServedStaysThoughItIsNotReadyAndTheNewCannotBe() throws {
        var observation = observation(production: "tickets-2", served: "tickets-1")
        observation.versions[1].spec.architecture = "Mamba"
        observation.pods = [server("tickets-1", ready: false)]
        let plan = try InferenceServiceReconciler.reconcile(observation)
        #expect(names(plan).contains("Deployment/tickets-v1"))
        #expect(try status(plan).servedVersion == "tickets-1" && status(plan).traffic?.count == 1)
        #expect(condition(try status(plan).conditions, "Ready")?.status == "False")
        #expect(condition(try status(plan).conditions, "Ready")?.reason == "UnsupportedArchitecture")
    }

    @Test func whatIsScaledToZeroIsNotReady() throws {
        var observation = observation(served: "tickets-1")
        observation.service.spec.scale = .init(replicas: 0)
        let ready = condition(try status(InferenceServiceReconciler.reconcile(observation)).conditions, "Ready")
        #expect(ready?.status == "False" && ready?.reason == "ScaledToZero")
    }

    @Test func aServerOfTheUsersOwnMayLoadAnything() throws {
        var observation = observation()
        observation.versions[0].spec.architecture = "Mamba"
        observation.service.spec.image = "example.org/mamba-server:1"
        #expect(try names(InferenceServiceReconciler.reconcile(observation)).contains("Deployment/tickets-v1"))
    }

    @Test func aDamagedBundleIsNamedByTheServersOwnWords() throws {
        var observation = observation(served: "tickets-1")
        observation.pods = [
            server("tickets-1", ready: false, exit: "DigestMismatch: model.safetensors is not what its digest says")
        ]
        let ready = condition(try status(InferenceServiceReconciler.reconcile(observation)).conditions, "Ready")
        #expect(ready?.reason == "DigestMismatch")
        #expect(ready?.message.contains("model.safetensors") == true)
    }
}
