import Collections
import KubernetesTypes

/// One change of one object.
struct StoreEvent: Sendable {
    enum Kind: Sendable { case added, modified, deleted }

    var kind: Kind
    var revision: UInt64
    /// The object after the change; of a deletion its last state under the deletion's revision.
    var object: StoredObject
    var previous: StoredObject?
}

/// The latest state of one resource, ordered by key, and its recent changes. Not synchronised: the store guards it.
struct ResourceTable {
    /// Bounds on the history: about what an informer can fall behind before it has to list again.
    static let maximumEvents = 8_192
    static let maximumEventBytes = 16 << 20

    private(set) var objects: ContiguousArray<StoredObject> = []
    private(set) var events: Deque<StoreEvent> = []
    private var eventBytes = 0
    /// Changes up to this revision are no longer known.
    private(set) var compactedRevision: UInt64

    init(compactedRevision: UInt64) { self.compactedRevision = compactedRevision }

    init(sorted objects: ContiguousArray<StoredObject>, compactedRevision: UInt64) {
        self.objects = objects
        self.compactedRevision = compactedRevision
    }

    /// The first position whose key is not less.
    private func position(_ key: String) -> Int {
        var low = 0
        var high = objects.count
        while low < high {
            let middle = (low + high) / 2
            if objects[middle].key < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func object(_ key: String) -> StoredObject? {
        let index = position(key)
        return index < objects.count && objects[index].key == key ? objects[index] : nil
    }

    mutating func record(_ event: StoreEvent) {
        let index = position(event.object.key)
        let isPresent = index < objects.count && objects[index].key == event.object.key
        switch event.kind {
        case .deleted: if isPresent { objects.remove(at: index) }
        case .added, .modified:
            if isPresent { objects[index] = event.object } else { objects.insert(event.object, at: index) }
        }
        events.append(event)
        eventBytes += event.object.body.count
        while events.count > Self.maximumEvents || (eventBytes > Self.maximumEventBytes && events.count > 1) {
            let oldest = events.removeFirst()
            eventBytes -= oldest.object.body.count
            compactedRevision = oldest.revision
        }
    }

    /// The changes after a revision, or nil where some of them are no longer known.
    func events(after revision: UInt64) -> Deque<StoreEvent>.SubSequence? {
        guard revision >= compactedRevision else { return nil }
        var low = 0
        var high = events.count
        while low < high {
            let middle = (low + high) / 2
            if events[middle].revision <= revision { low = middle + 1 } else { high = middle }
        }
        return events[low...]
    }

    /// The state as it was at a revision, or nil where that is no longer known.
    func objects(at revision: UInt64) -> ContiguousArray<StoredObject>? {
        guard let later = events(after: revision) else { return nil }
        guard !later.isEmpty else { return objects }
        // Undoing the newest first leaves the oldest known state of each key.
        var earlier: [String: StoredObject?] = [:]
        for event in later.reversed() { earlier[event.object.key] = .some(event.previous) }
        var state = objects
        state.removeAll { earlier[$0.key] != nil }
        state.append(contentsOf: earlier.values.compactMap { $0 })
        state.sort { $0.key < $1.key }
        return state
    }

    static func inNamespace(_ namespace: String, _ objects: ContiguousArray<StoredObject>)
        -> ContiguousArray<StoredObject>.SubSequence
    {
        let prefix = namespace + "/"
        var low = 0
        var high = objects.count
        while low < high {
            let middle = (low + high) / 2
            if objects[middle].key < prefix { low = middle + 1 } else { high = middle }
        }
        var end = low
        high = objects.count
        // "0" is the character after "/".
        let after = namespace + "0"
        while end < high {
            let middle = (end + high) / 2
            if objects[middle].key < after { end = middle + 1 } else { high = middle }
        }
        return objects[low..<end]
    }
}
