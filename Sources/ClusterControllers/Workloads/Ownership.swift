import ControllerRuntime
import KubernetesClient
import KubernetesTypes

/// What should change about whose an object is. Pure.
enum OwnershipDecision: Sendable, Equatable {
    case keep
    /// It matches and has no manager.
    case adopt
    /// It is managed and no longer matches.
    case release

    init(_ child: some KubernetesResource, owner: some KubernetesResource, selector: LabelSelector?) {
        guard !owner.isBeingDeleted, !child.isBeingDeleted, let selector, let selection = LabelSelection(selector),
            !selection.isEmpty
        else {
            self = .keep
            return
        }
        let isMatching = selection.matches(child.metadata.labels ?? [:])
        switch child.controllerReference {
        case nil: self = isMatching ? .adopt : .keep
        case .some(let reference): self = reference.uid == owner.uid && !isMatching ? .release : .keep
        }
    }
}

/// Holds what an owner manages to its selector.
enum Ownership {
    /// Adopts children that match and have no manager, and lets those go that no longer match.
    /// - Parameter isWanted: false for children that are not worth adopting.
    static func settle<Owner: KubernetesResource, Child: KubernetesResource>(
        _ owner: Owner, selector: LabelSelector?, children: Informer<Child>, context: ControllerContext,
        isWanted: (Child) -> Bool = { _ in true }
    ) async throws {
        var isConfirmed = false
        for child in children.cache.list(namespace: owner.namespace) {
            var references = child.metadata.ownerReferences ?? []
            switch OwnershipDecision(child, owner: owner, selector: selector) {
            case .keep: continue
            case .release: references.removeAll { $0.uid == owner.uid }
            case .adopt:
                guard isWanted(child) else { continue }
                // An owner that is being deleted gives its children away, so its newest state is asked for.
                if !isConfirmed {
                    let newest = try await context.client.find(Owner.self, owner.name, namespace: owner.namespace)
                    guard let newest, newest.uid == owner.uid, !newest.isBeingDeleted else { return }
                    isConfirmed = true
                }
                references.append(owner.asController)
            }
            let kept: JSONValue = references.isEmpty ? .null : try JSONValue(encoding: references)
            let patch: JSONValue = ["metadata": ["uid": .string(child.uid), "ownerReferences": kept]]
            do {
                let answer = try await context.client.patch(Child.resourceType, child.key, .merge(patch))
                context.manager.wrote(Child.resourceType, answer)
            } catch let error as StatusError where error.isNotFound || error.isConflict {}
        }
    }
}
