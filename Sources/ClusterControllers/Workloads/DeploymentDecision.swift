import KubernetesTypes

/// One step towards what a deployment asks for.
///
/// Each decision makes at most one kind of change to the replica sets, as upstream's controller does; the changes that follow
/// from it bring the next decision.
struct DeploymentDecision: Sendable, Equatable {
    struct Resize: Sendable, Equatable {
        var set: ObjectKey
        var from: Int
        var replicas: Int
    }

    /// A replica set of the deployment's template, of this size and revision, is to be made.
    struct Creation: Sendable, Equatable {
        var replicas: Int
        var revision: Int
    }

    var creation: Creation?
    var resizes: [Resize] = []
    /// The new replica set's revision, where it is not noted on it yet.
    var revisionToNote: (set: ObjectKey, revision: Int)?
    /// The new replica set's minReadySeconds, where it is not the deployment's.
    var minimumToNote: (set: ObjectKey, seconds: Int)?
    var deletions: [ObjectKey] = []
    /// The revision that the deployment is at, where there is one.
    var revision: Int?

    static func == (left: Self, right: Self) -> Bool {
        left.creation == right.creation && left.resizes == right.resizes && left.deletions == right.deletions
            && left.revision == right.revision && left.revisionToNote?.set == right.revisionToNote?.set
            && left.revisionToNote?.revision == right.revisionToNote?.revision
            && left.minimumToNote?.set == right.minimumToNote?.set
            && left.minimumToNote?.seconds == right.minimumToNote?.seconds
    }

    static let revisionKey = "deployment.kubernetes.io/revision"
    static let desiredKey = "deployment.kubernetes.io/desired-replicas"
    static let maximumKey = "deployment.kubernetes.io/max-replicas"

    /// - Parameters:
    ///   - sets: the replica sets that the deployment manages.
    ///   - oldPodsRemain: whether a pod of an old replica set exists that has not finished.
    init(_ deployment: Deployment, sets: [ReplicaSet], oldPodsRemain: Bool) {
        let picture = DeploymentPicture(deployment, sets: sets)
        let bounds = RollingBounds(deployment)
        if let new = picture.newSet {
            // Going back to an earlier template makes its replica set the newest.
            let noted = Self.revision(of: new)
            let revision = noted > picture.highestOldRevision ? noted : picture.highestOldRevision + 1
            self.revision = revision
            if revision != noted { revisionToNote = (new.key, revision) }
            let minimum = deployment.spec.minReadySeconds ?? 0
            if new.spec.minReadySeconds ?? 0 != minimum { minimumToNote = (new.key, minimum) }
        }
        guard !deployment.isBeingDeleted else { return }
        if deployment.spec.paused == true || picture.isScaling(deployment) {
            scaleProportionally(deployment, picture, bounds)
            return
        }
        if deployment.spec.strategy?.type == "Recreate" {
            recreate(deployment, picture, oldPodsRemain: oldPodsRemain)
        } else {
            roll(deployment, picture, bounds)
        }
        if picture.isComplete(deployment), creation == nil, resizes.isEmpty { cleanUp(deployment, picture) }
    }

    static func revision(of set: ReplicaSet) -> Int { set.metadata.annotations?[revisionKey].flatMap { Int($0) } ?? 0 }

    private mutating func resize(_ set: ReplicaSet, to replicas: Int) {
        guard set.size != replicas else { return }
        resizes.append(Resize(set: set.key, from: set.size, replicas: replicas))
    }

    private mutating func create(_ picture: DeploymentPicture, replicas: Int) {
        creation = Creation(replicas: replicas, revision: picture.highestOldRevision + 1)
        revision = picture.highestOldRevision + 1
    }

    private mutating func recreate(_ deployment: Deployment, _ picture: DeploymentPicture, oldPodsRemain: Bool) {
        let active = picture.oldSets.filter { $0.size > 0 }
        for set in active { resize(set, to: 0) }
        guard active.isEmpty, !oldPodsRemain else { return }
        let wanted = deployment.spec.replicas ?? 1
        if let new = picture.newSet { resize(new, to: wanted) } else { create(picture, replicas: wanted) }
    }

    private mutating func roll(_ deployment: Deployment, _ picture: DeploymentPicture, _ bounds: RollingBounds) {
        let wanted = deployment.spec.replicas ?? 1
        let total = picture.sets.reduce(0) { $0 + $1.size }
        guard let new = picture.newSet else {
            return create(picture, replicas: max(0, min(wanted, wanted + bounds.maxSurge - total)))
        }
        if new.size > wanted { return resize(new, to: wanted) }
        if new.size < wanted {
            let room = wanted + bounds.maxSurge - total
            if room > 0 { return resize(new, to: new.size + min(room, wanted - new.size)) }
        }
        shrinkOld(wanted, picture, new, bounds)
    }

    /// Takes away old pods as far as enough stay available; broken ones first, which cost nothing.
    private mutating func shrinkOld(_ wanted: Int, _ picture: DeploymentPicture, _ new: ReplicaSet, _ bounds: RollingBounds) {
        let old = picture.oldSets.filter { $0.size > 0 }.sorted(by: ReplicaSet.isOlder)
        let oldTotal = old.reduce(0) { $0 + $1.size }
        guard oldTotal > 0 else { return }
        let minimum = wanted - bounds.maxUnavailable
        let newUnavailable = new.size - (new.status?.availableReplicas ?? 0)
        var removable = oldTotal + new.size - minimum - newUnavailable
        guard removable > 0 else { return }
        var sizes = old.map(\.size)
        for (index, set) in old.enumerated() where removable > 0 {
            let broken = min(removable, sizes[index] - (set.status?.availableReplicas ?? 0))
            guard broken > 0 else { continue }
            sizes[index] -= broken
            removable -= broken
        }
        var spare = picture.sets.reduce(0) { $0 + ($1.status?.availableReplicas ?? 0) } - minimum
        for index in old.indices where spare > 0 {
            let taken = min(sizes[index], spare)
            sizes[index] -= taken
            spare -= taken
        }
        for (set, size) in zip(old, sizes) { resize(set, to: size) }
    }

    /// A change of size in the middle of an update is shared among the replica sets by their sizes.
    private mutating func scaleProportionally(_ deployment: Deployment, _ picture: DeploymentPicture, _ bounds: RollingBounds) {
        let wanted = deployment.spec.replicas ?? 1
        let active = picture.sets.filter { $0.size > 0 }
        if active.count <= 1 {
            let only = active.first ?? picture.newSet ?? picture.sets.max { Self.revision(of: $0) < Self.revision(of: $1) }
            if let only { rescale(only, to: wanted, wanted) }
            return
        }
        if let new = picture.newSet, new.status?.availableReplicas ?? 0 == wanted, new.size == wanted {
            for set in picture.oldSets { rescale(set, to: 0, wanted) }
            return
        }
        guard deployment.spec.strategy?.type != "Recreate" else { return }
        let total = active.reduce(0) { $0 + $1.size }
        let allowed = wanted > 0 ? wanted + bounds.maxSurge : 0
        var toAdd = allowed - total
        let ordered = active.sorted { $0.size != $1.size ? $0.size > $1.size : $0.key < $1.key }
        var sizes = ordered.map(\.size)
        for (index, set) in ordered.enumerated() {
            let previous = set.metadata.annotations?[Self.maximumKey].flatMap { Int($0) } ?? total
            let exact = Double(set.size) * Double(allowed) / Double(max(1, previous))
            let change = Int(exact.rounded()) - set.size
            let bounded = toAdd > 0 ? min(max(change, 0), toAdd) : max(min(change, 0), toAdd)
            sizes[index] += bounded
            toAdd -= bounded
        }
        // What rounding left over goes to the largest.
        sizes[0] = max(0, sizes[0] + toAdd)
        for (set, size) in zip(ordered, sizes) { rescale(set, to: size, wanted) }
    }

    /// Also when only the size that is noted on it has to change: it tells that the change was dealt with.
    private mutating func rescale(_ set: ReplicaSet, to replicas: Int, _ wanted: Int) {
        let noted = set.metadata.annotations?[Self.desiredKey].flatMap { Int($0) }
        guard set.size != replicas || (set.size > 0 && noted != wanted) else { return }
        resizes.append(Resize(set: set.key, from: set.size, replicas: replicas))
    }

    private mutating func cleanUp(_ deployment: Deployment, _ picture: DeploymentPicture) {
        let limit = deployment.spec.revisionHistoryLimit ?? 10
        let unused = picture.oldSets.filter {
            $0.size == 0 && $0.status?.replicas ?? 0 == 0 && !$0.isBeingDeleted
                && $0.status?.observedGeneration ?? 0 >= $0.metadata.generation ?? 0
        }
        guard unused.count > limit else { return }
        deletions = unused.sorted { Self.revision(of: $0) < Self.revision(of: $1) }.prefix(unused.count - limit).map(\.key)
    }
}
