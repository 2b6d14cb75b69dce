import KubernetesTypes
import Synchronization

/// Names an object of any kind.
struct GraphNode: Sendable, Hashable {
    var type: ResourceType
    var key: ObjectKey
}

/// Who owns whom, over all kinds: heads of objects only.
final class ObjectGraph: Sendable {
    private struct State {
        var nodes: [String: (node: GraphNode, object: DynamicObject)] = [:]
        var dependents: [String: Set<String>] = [:]
    }

    private let state = Mutex(State())

    func put(_ object: DynamicObject, _ type: ResourceType) {
        state.withLock { state in
            Self.remove(object.uid, from: &state)
            state.nodes[object.uid] = (GraphNode(type: type, key: object.key), object)
            for owner in object.ownerReferences { state.dependents[owner.uid, default: []].insert(object.uid) }
        }
    }

    func remove(_ uid: String) { state.withLock { Self.remove(uid, from: &$0) } }

    private static func remove(_ uid: String, from state: inout State) {
        guard let previous = state.nodes.removeValue(forKey: uid) else { return }
        for owner in previous.object.ownerReferences {
            state.dependents[owner.uid]?.remove(uid)
            if state.dependents[owner.uid]?.isEmpty == true { state.dependents[owner.uid] = nil }
        }
    }

    func object(_ uid: String) -> (node: GraphNode, object: DynamicObject)? { state.withLock { $0.nodes[uid] } }

    func dependents(of uid: String) -> [(node: GraphNode, object: DynamicObject)] {
        state.withLock { state in (state.dependents[uid] ?? []).sorted().compactMap { state.nodes[$0] } }
    }

    func dependentUIDs(of uid: String) -> [String] { state.withLock { $0.dependents[uid]?.sorted() ?? [] } }

    /// Forgets a kind that is no longer served.
    func removeAll(of type: ResourceType) {
        state.withLock { state in
            for (uid, entry) in state.nodes where entry.node.type == type { Self.remove(uid, from: &state) }
        }
    }

    /// The head of an object: what the graph needs of it.
    static func head(_ object: DynamicObject) -> DynamicObject {
        var metadata = object.metadata
        for field in ["managedFields", "annotations", "labels"] { metadata[field] = nil }
        return DynamicObject(["apiVersion": .string(object.apiVersion), "kind": .string(object.kind), "metadata": metadata])
    }
}
