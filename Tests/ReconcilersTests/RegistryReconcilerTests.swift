import ApusAPI
import FoundationEssentials
import KubernetesTypes
import Reconciliation
import Testing

@testable import Reconcilers

@Suite struct RegistryReconcilerTests {
    private func model(_ change: (inout ModelSpec) -> Void = { _ in }) -> Model {
        var spec = ModelSpec()
        change(&spec)
        return Model(metadata: ObjectMeta(generation: 1, name: "tickets", namespace: "default", uid: "m"), spec: spec)
    }

    private func promotion(_ name: String, to version: String, at seconds: Double, alias: String = "production") -> Promotion {
        Promotion(
            metadata: ObjectMeta(
                creationTimestamp: Timestamp(after(seconds)), name: name, namespace: "default", uid: "uid-\(name)"),
            spec: PromotionSpec(model: "tickets", alias: alias, version: version))
    }

    private func status(_ plan: Plan) throws -> ModelStatus { try #require(try plan.status?.decode()) }

    @Test func theFirstVersionIsPromotedOnceAndNeverAgain() throws {
        var observation = ModelObservation(model: model(), now: start, versions: [modelVersion("tickets-1")])
        let plan = try ModelReconciler.reconcile(observation)
        let first = try #require(try plan.children.first?.object.value.decode(Promotion.self))
        #expect(first.spec.version == "tickets-1" && first.spec.alias == "production")
        #expect(plan.children.first?.ownership == .independent)
        observation.promotions = [first]
        observation.versions.append(modelVersion("tickets-2", number: 2))
        let next = try ModelReconciler.reconcile(observation)
        #expect(next.children.isEmpty)
        #expect(try status(next).aliases?.first?.version == "tickets-1")
        #expect(try status(next).latestVersion == "tickets-2")
    }

    @Test func thefirstVersionWaitsForAPersonWhereTheModelSaysSo() throws {
        let observation = ModelObservation(
            model: model { $0.promoteFirstVersion = false }, now: start, versions: [modelVersion("tickets-1")])
        #expect(try ModelReconciler.reconcile(observation).children.isEmpty)
    }

    @Test func theNewestPromotionIsInForceAndAPinIsStronger() throws {
        let versions = [modelVersion("tickets-1"), modelVersion("tickets-2", number: 2)]
        let promotions = [promotion("b", to: "tickets-1", at: 20), promotion("a", to: "tickets-2", at: 10)]
        var observation = ModelObservation(model: model(), now: after(30), versions: versions, promotions: promotions)
        #expect(try status(ModelReconciler.reconcile(observation)).aliases?.first?.version == "tickets-1")
        // A promotion to a version that is gone does not count.
        observation.promotions.append(promotion("c", to: "tickets-9", at: 25))
        #expect(try status(ModelReconciler.reconcile(observation)).aliases?.first?.by == "b")
        observation.model.spec.aliases = [.init(name: "production", version: "tickets-2")]
        let pinned = try status(ModelReconciler.reconcile(observation))
        #expect(pinned.aliases?.first?.version == "tickets-2")
        #expect(pinned.aliases?.first?.by == "spec")
    }

    /// Times of creation are whole seconds: what is in force came before what is still to come, whatever their names.
    @Test func ofOneSecondTheLaterPromotionWins() throws {
        let versions = [modelVersion("tickets-1"), modelVersion("tickets-2", number: 2)]
        var first = promotion("z", to: "tickets-1", at: 10)
        var observation = ModelObservation(model: model(), now: after(10), versions: versions, promotions: [first])
        observation.model.status = try status(ModelReconciler.reconcile(observation))
        first.status = PromotionStatus()
        first.status?.phase = .applied
        let second = promotion("a", to: "tickets-2", at: 10)
        observation.promotions = [first, second]
        let moved = try status(ModelReconciler.reconcile(observation))
        #expect(moved.aliases?.first?.by == "a")
        let before = try PromotionReconciler.reconcile(
            PromotionObservation(
                promotion: first, now: after(11), model: observation.model, version: versions[0], siblings: [first, second]))
        #expect(try before.status?.decode(PromotionStatus.self).phase == .superseded)
        #expect(AliasResolution.ordered([second, first]).map(\.name) == ["z", "a"])
    }

    @Test func theTimeOfAMoveIsKept() throws {
        var observation = ModelObservation(
            model: model(), now: after(30), versions: [modelVersion("tickets-1")],
            promotions: [promotion("a", to: "tickets-1", at: 10)])
        let first = try status(ModelReconciler.reconcile(observation))
        observation.model.status = first
        observation.now = after(90)
        let second = try ModelReconciler.reconcile(observation)
        #expect(try status(second).aliases == first.aliases)
        #expect(second.events.isEmpty)
    }

    @Test func deletedPromotionsMoveNothing() throws {
        let versions = [modelVersion("tickets-1"), modelVersion("tickets-2", number: 2)]
        let promotions = [promotion("a", to: "tickets-1", at: 10), promotion("b", to: "tickets-2", at: 20)]
        var observation = ModelObservation(model: model(), now: after(30), versions: versions, promotions: promotions)
        observation.model.status = try status(ModelReconciler.reconcile(observation))
        // The one in force goes, then all go.
        for left in [[promotions[0]], []] {
            observation.promotions = left
            let plan = try ModelReconciler.reconcile(observation)
            #expect(try status(plan).aliases?.first?.version == "tickets-2")
            #expect(plan.children.isEmpty && plan.events.isEmpty)
        }
        // A new one counts, an old version or not.
        observation.promotions = [promotion("c", to: "tickets-1", at: 40)]
        #expect(try status(ModelReconciler.reconcile(observation)).aliases?.first?.version == "tickets-1")
    }

    @Test func theHighestNumberOutlivesItsVersion() throws {
        var observation = ModelObservation(
            model: model(), now: start, versions: [modelVersion("tickets-1"), modelVersion("tickets-4", number: 4)])
        observation.model.status = try status(ModelReconciler.reconcile(observation))
        observation.versions.removeLast()
        #expect(try status(ModelReconciler.reconcile(observation)).highestNumber == 4)
    }

    @Test func aPinToNothingIsTold() throws {
        let observation = ModelObservation(
            model: model { $0.aliases = [.init(name: "production", version: "gone")] }, now: start,
            versions: [modelVersion("tickets-1")])
        #expect(
            condition(try status(ModelReconciler.reconcile(observation)).conditions, "Stalled")?.reason == "PinnedVersionNotFound"
        )
    }

    @Test func promotionsSayWhatBecameOfThem() throws {
        func phase(_ change: (inout PromotionObservation) -> Void) throws -> (PromotionStatus.Phase?, String?) {
            var observed = model()
            observed.status = ModelStatus()
            observed.status?.aliases = [EffectiveAlias(name: "production", version: "tickets-1", by: "a")]
            let own = promotion("a", to: "tickets-1", at: 10)
            var observation = PromotionObservation(
                promotion: own, now: start, model: observed, version: modelVersion("tickets-1"), siblings: [own])
            change(&observation)
            let status = try #require(try PromotionReconciler.reconcile(observation).status?.decode(PromotionStatus.self))
            return (status.phase, condition(status.conditions, "Ready")?.reason)
        }
        #expect(try phase { _ in } == (.applied, "Applied"))
        #expect(
            try phase {
                $0.model?.status?.aliases = nil
                $0.version = modelVersion("tickets-1", model: "other")
            } == (.rejected, "VersionOfAnotherModel"))
        #expect(try phase { $0.siblings.append(promotion("b", to: "tickets-2", at: 20)) } == (.superseded, "Superseded"))
        #expect(
            try phase { $0.model?.spec.aliases = [.init(name: "production", version: "tickets-3")] } == (.pending, "AliasPinned"))
    }

    /// What it names may come together with it; later it is too late, or the alias would move without anybody asking.
    @Test(arguments: ["ModelNotFound", "VersionNotFound"])
    func aPromotionOfNothingIsRejectedForGood(reason: String) throws {
        let own = promotion("a", to: "tickets-9", at: 0)
        var observation = PromotionObservation(promotion: own, now: after(4), model: model(), siblings: [own])
        if reason == "ModelNotFound" { observation.model = nil }
        func look() throws -> (PromotionStatus, NextLook)? {
            let plan = try PromotionReconciler.reconcile(observation)
            guard let status = try plan.status?.decode(PromotionStatus.self) else { return nil }
            observation.promotion.status = status
            return (status, plan.next)
        }
        let (early, next) = try #require(try look())
        #expect(early.phase == .pending && condition(early.conditions, "Ready")?.reason == reason)
        #expect(next == .after(.seconds(6)))
        observation.now = after(10)
        let (late, _) = try #require(try look())
        #expect(late.phase == .rejected && condition(late.conditions, "Ready")?.reason == reason)

        observation.model = model()
        observation.version = modelVersion("tickets-9", number: 9)
        #expect(try look() == nil, "nothing about it changes any more")
        let versions = [modelVersion("tickets-1"), modelVersion("tickets-9", number: 9)]
        let plan = try ModelReconciler.reconcile(
            ModelObservation(model: model(), now: after(60), versions: versions, promotions: [observation.promotion]))
        #expect(try status(plan).aliases == nil)
        // It does not stand in the way of the first version either.
        #expect(try plan.children.first?.object.value.decode(Promotion.self).spec.version == "tickets-1")
    }

    @Test(arguments: [
        (BundleReading.invalid("The manifest is damaged."), "BundleInvalid", "False", NextLook.whenSomethingChanges),
        (.missing("The store has no such bundle."), "BundleNotFound", "False", .after(.seconds(30))),
        (.unavailable("permission denied"), "StoreUnavailable", "Unknown", .after(.seconds(10))),
        (.read(BundleFacts(digest: digest)), "Registered", "True", .whenSomethingChanges),
    ])
    func aVersionTellsWhatItsBundleIs(bundle: BundleReading, reason: String, ready: String, next: NextLook) throws {
        var observation = ModelVersionObservation(version: modelVersion("tickets-1"), now: start, bundle: bundle)
        let plan = try ModelVersionReconciler.reconcile(observation)
        let status = try #require(try plan.status?.decode(ModelVersionStatus.self))
        let found = try #require(condition(status.conditions, "Ready"))
        #expect(found.reason == reason && found.status == ready)
        #expect(plan.next == next)
        #expect(plan.events.map(\.reason) == (ready == "True" ? [] : [reason]))
        observation.version.status = status
        #expect(try ModelVersionReconciler.reconcile(observation).events.isEmpty, "told once")
    }

    @Test func aModelTellsWhichServicesFollowIt() throws {
        func service(_ name: String, _ model: ServedModel) -> InferenceService {
            InferenceService(metadata: ObjectMeta(name: name, namespace: "default"), spec: InferenceServiceSpec(model: model))
        }
        let services = [
            service("b", ServedModel(name: "tickets")), service("a", ServedModel(name: "tickets", alias: "canary")),
            service("c", ServedModel(name: "other")), service("d", ServedModel(version: "tickets-1")),
        ]
        let plan = try ModelReconciler.reconcile(ModelObservation(model: model(), now: start, services: services))
        #expect(try plan.status?.decode(ModelStatus.self).usedBy == ["a", "b"])
    }

    @Test func aVersionInUseIsNotDeleted() throws {
        var version = modelVersion("tickets-1")
        version.metadata.deletionTimestamp = Timestamp(start)
        var service = InferenceService(
            metadata: ObjectMeta(name: "tickets", namespace: "default"),
            spec: InferenceServiceSpec(model: ServedModel(name: "tickets")))
        service.status = InferenceServiceStatus()
        service.status?.servedVersion = "tickets-1"
        let held = try ModelVersionReconciler.reconcile(
            ModelVersionObservation(version: version, now: start, services: [service]))
        #expect(held.finalizers == [ModelVersion.finalizer])
        let status = try #require(try held.status?.decode(ModelVersionStatus.self))
        #expect(status.usedBy == ["tickets"])
        #expect(condition(status.conditions, "DeletionBlocked")?.message.contains("inferenceservice/tickets") == true)
        let free = try ModelVersionReconciler.reconcile(ModelVersionObservation(version: version, now: start))
        #expect(free.finalizers == [])
    }
}
