public import KubernetesTypes
import Synchronization

/// What changed in a cache.
public enum Change<Object: Sendable>: Sendable {
    case added(Object)
    case updated(from: Object, to: Object)
    case deleted(Object)

    /// The object as it is now, or was last.
    public var object: Object {
        switch self {
        case .added(let object), .updated(_, let object), .deleted(let object): object
        }
    }
}

/// What a cache must know of an object.
public struct ObjectIdentity: Sendable, Hashable {
    public var key: ObjectKey
    public var uid: String
    public var resourceVersion: String
    public var ownerUIDs: [String]

    public init(_ metadata: ObjectMeta) {
        key = ObjectKey(namespace: metadata.namespace ?? "", name: metadata.name ?? "")
        uid = metadata.uid ?? ""
        resourceVersion = metadata.resourceVersion ?? ""
        ownerUIDs = metadata.ownerReferences?.map(\.uid) ?? []
    }

    public init(_ object: DynamicObject) {
        key = object.key
        uid = object.uid
        resourceVersion = object.resourceVersion
        ownerUIDs = object.metadata["ownerReferences"]?.array?.compactMap { $0["uid"]?.string } ?? []
    }
}

/// The objects of a kind as last heard from the server, and as we wrote them since.
///
/// Reading is synchronous and sees one consistent state. What we write ourselves is put in at once, so that the next look does
/// not miss it and make it twice; news from the server that is older than that is dropped.
public final class ObjectCache<Object: Sendable>: Sendable {
    struct Entry {
        var object: Object
        var identity: ObjectIdentity
        var indexed: [String: [String]]
    }

    struct State {
        var entries: [ObjectKey: Entry] = [:]
        var namespaces: [String: Set<ObjectKey>] = [:]
        var owners: [String: Set<ObjectKey>] = [:]
        var indexes: [String: [String: Set<ObjectKey>]] = [:]
        var indexers: [String: @Sendable (Object) -> [String]] = [:]
        var handlers: [@Sendable (Change<Object>) -> Void] = []
        /// Everything up to this version has been heard from the server.
        var heardVersion: UInt64 = 0
    }

    private let identify: @Sendable (Object) -> ObjectIdentity
    private let state = Mutex(State())

    public init(identify: @escaping @Sendable (Object) -> ObjectIdentity) {
        self.identify = identify
    }

    // MARK: Reading

    public func get(_ key: ObjectKey) -> Object? { state.withLock { $0.entries[key]?.object } }

    public func get(_ name: String, namespace: String = "") -> Object? { get(ObjectKey(namespace: namespace, name: name)) }

    /// All objects, or those of a namespace, in order of their keys.
    public func list(namespace: String? = nil) -> [Object] {
        state.withLock { state in
            guard let namespace else { return Self.objects(state, Set(state.entries.keys)) }
            return Self.objects(state, state.namespaces[namespace] ?? [])
        }
    }

    /// The objects that name this uid as an owner.
    public func owned(byUID uid: String) -> [Object] {
        state.withLock { Self.objects($0, $0.owners[uid] ?? []) }
    }

    /// The objects under a value of an index that was added with `addIndex`.
    public func indexed(_ index: String, _ value: String) -> [Object] {
        state.withLock { Self.objects($0, $0.indexes[index]?[value] ?? []) }
    }

    public var count: Int { state.withLock { $0.entries.count } }

    private static func objects(_ state: borrowing State, _ keys: Set<ObjectKey>) -> [Object] {
        keys.sorted().compactMap { state.entries[$0]?.object }
    }

    // MARK: Set-up

    /// Keeps the objects findable by what the function says of each.
    public func addIndex(_ name: String, _ values: @escaping @Sendable (Object) -> [String]) {
        state.withLock { state in
            guard state.indexers[name] == nil else { return }
            state.indexers[name] = values
            for (key, entry) in state.entries {
                let found = values(entry.object)
                state.entries[key]?.indexed[name] = found
                for value in found { state.indexes[name, default: [:]][value, default: []].insert(key) }
            }
        }
    }

    /// Calls the handler for every change, and first for every object that is already there.
    public func onChange(_ handler: @escaping @Sendable (Change<Object>) -> Void) {
        let present = state.withLock { state in
            state.handlers.append(handler)
            return Self.objects(state, Set(state.entries.keys))
        }
        for object in present { handler(.added(object)) }
    }

    // MARK: Writing

    /// The server's whole list at a version.
    func replace(with objects: [Object], resourceVersion: String) {
        let version = UInt64(resourceVersion) ?? 0
        let (changes, handlers) = state.withLock { state in
            var changes: [Change<Object>] = []
            var gone = Set(state.entries.keys)
            for object in objects {
                let identity = identify(object)
                gone.remove(identity.key)
                if let change = put(object, identity, into: &state) { changes.append(change) }
            }
            for key in gone.sorted() {
                // What we made after the list was taken is not in it and yet there.
                if let own = state.entries[key].flatMap({ UInt64($0.identity.resourceVersion) }), own > version { continue }
                if let removed = Self.remove(key, from: &state) { changes.append(.deleted(removed)) }
            }
            state.heardVersion = max(state.heardVersion, version)
            return (changes, state.handlers)
        }
        Self.notify(handlers, changes)
    }

    /// An object that the server says is there.
    func heard(_ object: Object) {
        let identity = identify(object)
        let (change, handlers) = state.withLock { state in
            state.heardVersion = max(state.heardVersion, UInt64(identity.resourceVersion) ?? 0)
            return (put(object, identity, into: &state), state.handlers)
        }
        Self.notify(handlers, change.map { [$0] } ?? [])
    }

    /// An object that the server says is gone.
    func heardDeletion(of object: Object) {
        let identity = identify(object)
        let (removed, handlers) = state.withLock { state -> (Object?, [@Sendable (Change<Object>) -> Void]) in
            state.heardVersion = max(state.heardVersion, UInt64(identity.resourceVersion) ?? 0)
            // A new object of the same name that we made ourselves may already have taken its place.
            if let present = state.entries[identity.key], present.identity.uid != identity.uid { return (nil, []) }
            return (Self.remove(identity.key, from: &state), state.handlers)
        }
        if removed != nil { Self.notify(handlers, [.deleted(object)]) }
    }

    /// An object that is gone or cannot be read as it is now: handlers hear of the deletion of what was known of it.
    func heardAbsence(of identity: ObjectIdentity) {
        let (removed, handlers) = state.withLock { state -> (Object?, [@Sendable (Change<Object>) -> Void]) in
            let version = UInt64(identity.resourceVersion) ?? 0
            state.heardVersion = max(state.heardVersion, version)
            // What we wrote after that is there, and readable.
            if let own = state.entries[identity.key].flatMap({ UInt64($0.identity.resourceVersion) }), own > version {
                return (nil, [])
            }
            return (Self.remove(identity.key, from: &state), state.handlers)
        }
        if let removed { Self.notify(handlers, [.deleted(removed)]) }
    }

    /// Nothing happened up to this version.
    func heardVersion(_ resourceVersion: String) {
        state.withLock { $0.heardVersion = max($0.heardVersion, UInt64(resourceVersion) ?? 0) }
    }

    /// An object as the server answered it to a write of ours.
    public func wrote(_ object: Object) {
        let identity = identify(object)
        let (change, handlers) = state.withLock { state -> (Change<Object>?, [@Sendable (Change<Object>) -> Void]) in
            // The watch has been there already; the object may even be gone again.
            guard let version = UInt64(identity.resourceVersion), version > state.heardVersion else { return (nil, []) }
            return (put(object, identity, into: &state), state.handlers)
        }
        Self.notify(handlers, change.map { [$0] } ?? [])
    }

    private static func notify(_ handlers: [@Sendable (Change<Object>) -> Void], _ changes: [Change<Object>]) {
        for change in changes { for handler in handlers { handler(change) } }
    }

    /// Resource versions of one kind compare as numbers (KEP-5504).
    private func put(_ object: Object, _ identity: ObjectIdentity, into state: inout State) -> Change<Object>? {
        let previous = state.entries[identity.key]
        if let previous, previous.identity.uid == identity.uid {
            if previous.identity.resourceVersion == identity.resourceVersion { return nil }
            if let old = UInt64(previous.identity.resourceVersion), let new = UInt64(identity.resourceVersion), new < old {
                return nil
            }
        }
        if previous != nil { _ = Self.remove(identity.key, from: &state) }
        let indexed = state.indexers.mapValues { $0(object) }
        state.entries[identity.key] = Entry(object: object, identity: identity, indexed: indexed)
        state.namespaces[identity.key.namespace, default: []].insert(identity.key)
        for owner in identity.ownerUIDs { state.owners[owner, default: []].insert(identity.key) }
        for (name, values) in indexed {
            for value in values { state.indexes[name, default: [:]][value, default: []].insert(identity.key) }
        }
        return previous.map { .updated(from: $0.object, to: object) } ?? .added(object)
    }

    private static func remove(_ key: ObjectKey, from state: inout State) -> Object? {
        guard let entry = state.entries.removeValue(forKey: key) else { return nil }
        func drop(_ sets: inout [String: Set<ObjectKey>], _ name: String) {
            sets[name]?.remove(key)
            if sets[name]?.isEmpty == true { sets[name] = nil }
        }
        drop(&state.namespaces, key.namespace)
        for owner in entry.identity.ownerUIDs { drop(&state.owners, owner) }
        for (name, values) in entry.indexed {
            for value in values { drop(&state.indexes[name, default: [:]], value) }
        }
        return entry.object
    }
}
