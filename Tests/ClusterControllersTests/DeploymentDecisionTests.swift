import Foundation
import KubernetesTypes
import Testing

@testable import ClusterControllers

@Suite struct DeploymentDecisionTests {
    static let start = Date(timeIntervalSince1970: 1_767_225_600)

    static func template(_ image: String) -> PodTemplateSpec {
        PodTemplateSpec(
            metadata: ObjectMeta(labels: ["app": "web"]), spec: PodSpec(containers: [Container(image: image, name: "main")]))
    }

    static func deployment(
        _ replicas: Int, image: String = "i:1", surge: IntOrString? = nil, unavailable: IntOrString? = nil,
        strategy: String = "RollingUpdate",
        history: Int? = nil, paused: Bool? = nil
    ) -> Deployment {
        Deployment(
            metadata: ObjectMeta(generation: 1, name: "web", namespace: "n", uid: "d"),
            spec: DeploymentSpec(
                paused: paused, progressDeadlineSeconds: 600, replicas: replicas, revisionHistoryLimit: history,
                selector: LabelSelector(matchLabels: ["app": "web"]),
                strategy: DeploymentStrategy(
                    rollingUpdate: strategy == "Recreate"
                        ? nil : RollingUpdateDeployment(maxSurge: surge, maxUnavailable: unavailable),
                    type: strategy),
                template: template(image)))
    }

    static func set(
        _ name: String, _ image: String, size: Int, available: Int? = nil, revision: Int, desired: Int? = nil, maximum: Int? = nil
    ) -> ReplicaSet {
        var annotations = [DeploymentDecision.revisionKey: String(revision)]
        annotations[DeploymentDecision.desiredKey] = desired.map { String($0) }
        annotations[DeploymentDecision.maximumKey] = maximum.map { String($0) }
        var template = template(image)
        template.metadata?.labels?[PodTemplates.hashLabel] = name
        return ReplicaSet(
            metadata: ObjectMeta(
                annotations: annotations, creationTimestamp: Timestamp(start.addingTimeInterval(Double(revision))), name: name,
                namespace: "n", uid: name),
            spec: ReplicaSetSpec(replicas: size, template: template),
            status: ReplicaSetStatus(availableReplicas: available ?? size, replicas: size))
    }

    static func resizes(_ decision: DeploymentDecision) -> [String] {
        decision.resizes.map { "\($0.set.name): \($0.from) to \($0.replicas)" }
    }

    @Test func theFirstReplicaSetHasTheWholeSize() {
        let decision = DeploymentDecision(Self.deployment(3), sets: [], oldPodsRemain: false)
        #expect(decision.creation == .init(replicas: 3, revision: 1))
    }

    @Test func aNewTemplateBeginsWithTheSurge() {
        let decision = DeploymentDecision(
            Self.deployment(4, image: "i:2"), sets: [Self.set("one", "i:1", size: 4, revision: 1, desired: 4)],
            oldPodsRemain: true)
        #expect(decision.creation == .init(replicas: 1, revision: 2))
    }

    /// A rolling update from start to end: what is asked for comes true before the next step.
    @Test(arguments: [
        (4, IntOrString.string("25%"), IntOrString.string("25%")), (3, .int(1), .int(0)), (3, .int(0), .int(1)),
        (10, .int(3), .int(2)),
        (1, .string("25%"), .string("25%")),
    ])
    func anUpdateNeverGoesBelowOrAboveItsBounds(_ replicas: Int, _ surge: IntOrString, _ unavailable: IntOrString) {
        let deployment = Self.deployment(replicas, image: "i:2", surge: surge, unavailable: unavailable)
        let bounds = RollingBounds(deployment)
        var sizes = ["one": replicas]
        var steps = 0
        while steps < 100 {
            steps += 1
            let maximum = replicas + bounds.maxSurge
            var sets = [Self.set("one", "i:1", size: sizes["one"] ?? 0, revision: 1, desired: replicas, maximum: maximum)]
            if let two = sizes["two"] {
                sets.append(Self.set("two", "i:2", size: two, revision: 2, desired: replicas, maximum: maximum))
            }
            let decision = DeploymentDecision(deployment, sets: sets, oldPodsRemain: true)
            if let creation = decision.creation { sizes["two"] = creation.replicas }
            for resize in decision.resizes { sizes[resize.set.name] = resize.replicas }
            let total = sizes.values.reduce(0, +)
            #expect(total <= maximum)
            #expect(total >= replicas - bounds.maxUnavailable)
            if decision.creation == nil, decision.resizes.isEmpty { break }
        }
        #expect(sizes == ["one": 0, "two": replicas])
        #expect(steps < 100)
    }

    @Test func oldPodsStayWhileNewOnesAreNotAvailable() {
        let sets = [
            Self.set("one", "i:1", size: 3, revision: 1, desired: 3),
            Self.set("two", "i:2", size: 1, available: 0, revision: 2, desired: 3),
        ]
        let deployment = Self.deployment(3, image: "i:2", surge: .int(1), unavailable: .int(0))
        #expect(DeploymentDecision(deployment, sets: sets, oldPodsRemain: true).resizes.isEmpty)
    }

    @Test func brokenOldPodsGoFirst() {
        let sets = [
            Self.set("one", "i:1", size: 3, available: 1, revision: 1, desired: 3),
            Self.set("two", "i:2", size: 1, available: 0, revision: 2, desired: 3),
        ]
        let deployment = Self.deployment(3, image: "i:2", surge: .int(1), unavailable: .int(2))
        #expect(Self.resizes(DeploymentDecision(deployment, sets: sets, oldPodsRemain: true)) == ["one: 3 to 1"])
    }

    @Test func recreateWaitsForTheLastOldPod() {
        let deployment = Self.deployment(2, image: "i:2", strategy: "Recreate")
        let running = Self.set("one", "i:1", size: 2, revision: 1, desired: 2)
        #expect(Self.resizes(DeploymentDecision(deployment, sets: [running], oldPodsRemain: true)) == ["one: 2 to 0"])
        let stopped = Self.set("one", "i:1", size: 0, revision: 1)
        #expect(DeploymentDecision(deployment, sets: [stopped], oldPodsRemain: true).creation == nil)
        #expect(DeploymentDecision(deployment, sets: [stopped], oldPodsRemain: false).creation == .init(replicas: 2, revision: 2))
    }

    @Test func scalingIsSharedInTheMiddleOfAnUpdate() {
        let sets = [
            Self.set("one", "i:1", size: 8, revision: 1, desired: 10, maximum: 13),
            Self.set("two", "i:2", size: 5, revision: 2, desired: 10, maximum: 13),
        ]
        let deployment = Self.deployment(20, image: "i:2", surge: .int(3), unavailable: .int(2))
        let decision = DeploymentDecision(deployment, sets: sets, oldPodsRemain: true)
        #expect(decision.resizes.map(\.replicas).reduce(0, +) == 23)
        #expect(Self.resizes(decision) == ["one: 8 to 14", "two: 5 to 9"])
    }

    @Test func goingBackMakesAnOldReplicaSetTheNewest() {
        let sets = [
            Self.set("one", "i:1", size: 0, revision: 1), Self.set("two", "i:2", size: 2, revision: 2, desired: 2, maximum: 3),
        ]
        let decision = DeploymentDecision(Self.deployment(2, image: "i:1"), sets: sets, oldPodsRemain: true)
        #expect(decision.revision == 3)
        #expect(decision.revisionToNote?.set.name == "one")
        #expect(Self.resizes(decision) == ["one: 0 to 1"])
    }

    @Test func historyBeyondTheLimitIsDeleted() {
        let sets = (1...4).map {
            Self.set("s\($0)", "i:\($0)", size: $0 == 4 ? 1 : 0, revision: $0, desired: $0 == 4 ? 1 : nil, maximum: 2)
        }
        let decision = DeploymentDecision(Self.deployment(1, image: "i:4", history: 1), sets: sets, oldPodsRemain: false)
        #expect(decision.deletions.map(\.name) == ["s1", "s2"])
    }

    @Test func aPausedDeploymentOnlyScales() {
        let sets = [Self.set("one", "i:1", size: 2, revision: 1, desired: 2)]
        let decision = DeploymentDecision(Self.deployment(5, image: "i:2", paused: true), sets: sets, oldPodsRemain: true)
        #expect(decision.creation == nil)
        #expect(Self.resizes(decision) == ["one: 2 to 5"])
    }

    @Test func minReadySecondsReachTheReplicaSet() {
        var deployment = Self.deployment(1)
        deployment.spec.minReadySeconds = 7
        let set = Self.set("one", "i:1", size: 1, revision: 1, desired: 1)
        let decision = DeploymentDecision(deployment, sets: [set], oldPodsRemain: false)
        #expect(decision.minimumToNote?.set.name == "one")
        #expect(decision.minimumToNote?.seconds == 7)
        var noted = set
        noted.spec.minReadySeconds = 7
        #expect(DeploymentDecision(deployment, sets: [noted], oldPodsRemain: false).minimumToNote == nil)
    }

    @Test func statusCountsWhatThereIs() {
        var deployment = Self.deployment(3, image: "i:2")
        deployment.metadata.generation = 5
        var old = Self.set("one", "i:1", size: 2, available: 1, revision: 1)
        old.status?.readyReplicas = 2
        old.status?.terminatingReplicas = 1
        var new = Self.set("two", "i:2", size: 2, available: 2, revision: 2)
        new.status?.readyReplicas = 2
        let status = DeploymentStatusDecision.status(deployment, sets: [old, new], creation: nil, now: Self.start)
        #expect(status.observedGeneration == 5)
        #expect(status.replicas == 4)
        #expect(status.updatedReplicas == 2)
        #expect(status.readyReplicas == 4)
        #expect(status.availableReplicas == 3)
        #expect(status.unavailableReplicas == 1)
        #expect(status.terminatingReplicas == 1)
    }

    @Test func conditionsFollowTheRollout() {
        var deployment = Self.deployment(2)
        func condition(_ type: String) -> DeploymentCondition? { deployment.status?.conditions?.first { $0.type == type } }
        func look(_ sets: [ReplicaSet], creation: String? = nil, after seconds: Double) {
            deployment.status = DeploymentStatusDecision.status(
                deployment, sets: sets, creation: creation, now: Self.start.addingTimeInterval(seconds))
        }
        look([], creation: "web-x", after: 0)
        #expect(condition("Progressing")?.reason == "NewReplicaSetCreated")
        #expect(condition("Available")?.status == "False")
        look([Self.set("web-x", "i:1", size: 2, available: 0, revision: 1)], after: 1)
        #expect(condition("Progressing")?.reason == "ReplicaSetUpdated")
        #expect(deployment.status?.unavailableReplicas == 2)
        var late = deployment
        late.status = DeploymentStatusDecision.status(
            late, sets: [Self.set("web-x", "i:1", size: 2, available: 0, revision: 1)], creation: nil,
            now: Self.start.addingTimeInterval(700))
        #expect(late.status?.conditions?.first { $0.type == "Progressing" }?.reason == "ProgressDeadlineExceeded")
        look([Self.set("web-x", "i:1", size: 2, revision: 1)], after: 2)
        #expect(condition("Progressing")?.reason == "NewReplicaSetAvailable")
        #expect(condition("Available")?.status == "True")
    }
}
