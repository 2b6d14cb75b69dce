import KubernetesTypes

/// What becomes of an object by the state of its owners.
enum GarbageDecision: Sendable, Equatable {
    case keep
    /// These references lead nowhere, while another owner still holds the object.
    case dropReferences(uids: Set<String>)
    case delete(Propagation)

    enum Propagation: Sendable, Equatable {
        case background
        case foreground
        case orphan
    }

    /// What is known of an owner.
    enum Owner: Sendable, Equatable {
        case present
        /// Deleted in the foreground: it waits for its dependents.
        case waiting
        case absent
    }

    static let foregroundFinalizer = "foregroundDeletion"
    static let orphanFinalizer = "orphan"

    /// - Parameter hasDependents: whether other objects name this one as their owner.
    static func decide(_ object: DynamicObject, owners: [(reference: OwnerReference, state: Owner)], hasDependents: Bool)
        -> GarbageDecision
    {
        guard !object.isBeingDeleted, !owners.isEmpty else { return .keep }
        let absent = owners.filter { $0.state == .absent }
        let waiting = owners.filter { $0.state == .waiting }
        if owners.contains(where: { $0.state == .present }) {
            let gone = Set((absent + waiting).map(\.reference.uid))
            return gone.isEmpty ? .keep : .dropReferences(uids: gone)
        }
        // An owner that waits for this object waits for those that this one owns too.
        if !waiting.isEmpty, hasDependents { return .delete(.foreground) }
        if object.finalizers.contains(orphanFinalizer) { return .delete(.orphan) }
        if object.finalizers.contains(foregroundFinalizer) { return .delete(.foreground) }
        return .delete(.background)
    }

    /// Whether an owner in foreground deletion may go: nothing that blocks it is left.
    static func mayGo(dependents: [DynamicObject], ownerUID: String) -> Bool {
        !dependents.contains { dependent in
            dependent.ownerReferences.contains { $0.uid == ownerUID && $0.blockOwnerDeletion == true }
        }
    }
}
