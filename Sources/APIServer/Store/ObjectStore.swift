import Collections
import Dispatch
import KubernetesTypes
import Synchronization

/// A write that was computed from a known state of one object.
struct StoreWrite: Sendable {
    enum Operation: Sendable {
        case create(PreparedObject)
        case update(PreparedObject, expected: UInt64)
        /// Shows the object as it is given and takes it away: two changes, and both or neither.
        case retire(PreparedObject, expected: UInt64)
        case delete(key: String, expected: UInt64)

        var key: String {
            switch self {
            case .create(let object), .update(let object, _), .retire(let object, _): object.key
            case .delete(let key, _): key
            }
        }
    }

    var resource: ResourceName
    var operation: Operation
}

/// The state of the cluster: the latest version of every object in memory, recent history for watches, durable before
/// anybody sees it.
///
/// One writer takes all writes that are waiting, checks each against the state that the earlier ones lead to, makes them
/// durable in one transaction and only then shows them to readers. A write that cannot be made durable never happened.
final class ObjectStore: Sendable {
    private struct Pending {
        var write: StoreWrite
        var continuation: CheckedContinuation<Result<StoredObject, StoreError>, Never>
    }

    private struct State {
        var revision: UInt64
        var startRevision: UInt64
        var tables: [ResourceName: ResourceTable]
        var signals: [ResourceName: [ObjectIdentifier: WatchSignal]] = [:]
    }

    private struct Queue {
        var pending: [Pending] = []
        var isDraining = false
    }

    private let state: Mutex<State>
    /// Changes of a start, which become durable together; nil while every write is durable before it is seen.
    private let gathered = Mutex<[PersistedChange]?>(nil)
    private let queue = Mutex(Queue())
    private let persistence: any StorePersistence
    /// Held from a batch's check to its publication: not every write comes through the writer's queue.
    private let committing = Mutex<Void>(())
    private let writer = DispatchQueue(label: "apiserver.store.writer", qos: .userInitiated)

    init(persistence: any StorePersistence) throws {
        self.persistence = persistence
        let loaded = try persistence.load()
        var objects: [ResourceName: ContiguousArray<StoredObject>] = [:]
        for row in loaded.rows {
            objects[row.resource, default: []].append(StoredObject(body: row.body, value: row.value, revision: row.revision))
        }
        // Upstream's first revision is 1 too, and "0" means "any" to clients.
        let revision = max(loaded.revision, 1)
        var tables: [ResourceName: ResourceTable] = [:]
        for (resource, list) in objects {
            let sorted = ContiguousArray(list.sorted { $0.key < $1.key })
            tables[resource] = ResourceTable(sorted: sorted, compactedRevision: revision)
        }
        state = Mutex(State(revision: revision, startRevision: revision, tables: tables))
    }

    /// Lets another process have the database. Reads go on; writes are refused.
    func close() { writer.sync { persistence.close() } }

    // MARK: Reading

    var revision: UInt64 { state.withLock { $0.revision } }

    func object(_ resource: ResourceName, key: String) -> StoredObject? {
        state.withLock { $0.tables[resource]?.object(key) }
    }

    /// All objects of a resource and the revision at which they were this.
    func objects(_ resource: ResourceName) -> (objects: ContiguousArray<StoredObject>, revision: UInt64) {
        state.withLock { ($0.tables[resource]?.objects ?? [], $0.revision) }
    }

    /// All objects as they were at a revision that is not newer than now; nil where that is no longer known.
    func objects(_ resource: ResourceName, at revision: UInt64) -> ContiguousArray<StoredObject>? {
        state.withLock { state in
            guard let table = state.tables[resource] else { return [] }
            // A table without events in its history was the same at any revision since its newest object.
            if revision < table.compactedRevision {
                let isUnchanged = table.events.isEmpty && !table.objects.contains { $0.revision > revision }
                return isUnchanged ? table.objects : nil
            }
            return table.objects(at: revision)
        }
    }

    // MARK: Watching

    /// Registers a signal that is notified of every change of the resource (in the namespace, if one is given).
    func subscribe(_ signal: WatchSignal, to resource: ResourceName) {
        state.withLock { $0.signals[resource, default: [:]][ObjectIdentifier(signal)] = signal }
    }

    func unsubscribe(_ signal: WatchSignal, from resource: ResourceName) {
        state.withLock { _ = $0.signals[resource]?.removeValue(forKey: ObjectIdentifier(signal)) }
    }

    /// Up to `limit` changes after a revision and the revision up to which that is all; nil where history does not reach back.
    func events(_ resource: ResourceName, after revision: UInt64, limit: Int) -> (events: [StoreEvent], through: UInt64)? {
        state.withLock { state in
            guard let table = state.tables[resource] else {
                return revision >= state.startRevision ? ([], state.revision) : nil
            }
            guard let events = table.events(after: revision) else { return nil }
            let batch = Array(events.prefix(limit))
            return (batch, batch.count < events.count ? batch[batch.count - 1].revision : state.revision)
        }
    }

    /// The oldest revision from which a watch can start.
    func compactedRevision(_ resource: ResourceName) -> UInt64 {
        state.withLock { $0.tables[resource]?.compactedRevision ?? $0.startRevision }
    }

    // MARK: Writing

    /// Makes one write. Returns when it is durable, with the object as stored; of a deletion, its last state under the new revision.
    func commit(_ write: StoreWrite) async throws(StoreError) -> StoredObject {
        if !persistence.blocks || gathered.withLock({ $0 != nil }) {
            return try commitNow([write])[0].get()
        }
        let result = await withCheckedContinuation { continuation in
            let starts = queue.withLock { queue in
                queue.pending.append(Pending(write: write, continuation: continuation))
                defer { queue.isDraining = true }
                return !queue.isDraining
            }
            if starts { writer.async { self.drain() } }
        }
        return try result.get()
    }

    private func drain() {
        while true {
            let batch: [Pending] = queue.withLock { queue in
                if queue.pending.isEmpty { queue.isDraining = false }
                defer { queue.pending = [] }
                return queue.pending
            }
            guard !batch.isEmpty else { return }
            let results = commitNow(batch.map(\.write))
            for (pending, result) in zip(batch, results) { pending.continuation.resume(returning: result) }
        }
    }

    /// Checks, persists and publishes a batch, one at a time: the next is checked against what this one leads to.
    private func commitNow(_ writes: [StoreWrite]) -> [Result<StoredObject, StoreError>] {
        committing.withLock { _ in commitAlone(writes) }
    }

    private func commitAlone(_ writes: [StoreWrite]) -> [Result<StoredObject, StoreError>] {
        var results: [Result<StoredObject, StoreError>] = []
        var events: [(ResourceName, StoreEvent)] = []
        var revision: UInt64 = 0
        state.withLock { state in
            revision = state.revision
            var overlay: [ResourceName: [String: StoredObject?]] = [:]
            for write in writes {
                let key = write.operation.key
                let current = overlay[write.resource]?[key] ?? state.tables[write.resource]?.object(key)
                do throws(StoreError) {
                    let outcome = try Self.evaluate(write.operation, current: current, revision: revision + 1)
                    let last = outcome.last
                    revision = last.revision
                    overlay[write.resource, default: [:]][key] = .some(last.kind == .deleted ? nil : last.object)
                    if let first = outcome.first { events.append((write.resource, first)) }
                    events.append((write.resource, last))
                    results.append(.success(last.object))
                } catch {
                    results.append(.failure(error))
                }
            }
        }
        guard !events.isEmpty else { return results }
        do throws(StoreError) {
            try persist(
                events.map { resource, event in
                    event.kind == .deleted ? .delete(resource, key: event.object.key) : .put(resource, event.object)
                }, revision: revision)
        } catch {
            return results.map { result in
                if case .success = result { .failure(error) } else { result }
            }
        }
        publish(events, revision: revision)
        return results
    }

    private func persist(_ changes: [PersistedChange], revision: UInt64) throws(StoreError) {
        let isGathered = gathered.withLock { gathered in
            gathered?.append(contentsOf: changes)
            return gathered != nil
        }
        if !isGathered { try persistence.write(changes, revision: revision) }
    }

    /// Makes all that `body` writes durable at once. Only for a start, while nobody else reads or writes.
    func durableTogether(_ body: () async throws(APIError) -> Void) async throws {
        gathered.withLock { $0 = [] }
        do {
            try await body()
        } catch {
            gathered.withLock { $0 = nil }
            throw error
        }
        let changes = gathered.withLock { gathered -> [PersistedChange] in
            defer { gathered = nil }
            return gathered ?? []
        }
        if !changes.isEmpty { try persistence.write(changes, revision: revision) }
    }

    /// What a write leads to: one change, or two that belong together.
    private struct Outcome {
        var first: StoreEvent?
        var last: StoreEvent
    }

    private static func evaluate(
        _ operation: StoreWrite.Operation, current: StoredObject?, revision: UInt64
    ) throws(StoreError) -> Outcome {
        switch operation {
        case .create(let prepared):
            guard current == nil else { throw .alreadyExists }
            let object = StoredObject(prepared, revision: revision)
            return Outcome(last: StoreEvent(kind: .added, revision: revision, object: object, previous: nil))
        case .update(let prepared, let expected):
            return Outcome(last: modification(of: try unchanged(current, since: expected), to: prepared, revision))
        case .retire(let prepared, let expected):
            let shown = modification(of: try unchanged(current, since: expected), to: prepared, revision)
            return Outcome(first: shown, last: deletion(of: shown.object, revision + 1))
        case .delete(_, let expected):
            return Outcome(last: deletion(of: try unchanged(current, since: expected), revision))
        }
    }

    private static func unchanged(_ current: StoredObject?, since expected: UInt64) throws(StoreError) -> StoredObject {
        guard let current else { throw .notFound }
        guard current.revision == expected else { throw .conflict(current: current) }
        return current
    }

    private static func modification(of current: StoredObject, to prepared: PreparedObject, _ revision: UInt64) -> StoreEvent {
        StoreEvent(
            kind: .modified, revision: revision, object: StoredObject(prepared, revision: revision), previous: current)
    }

    private static func deletion(of current: StoredObject, _ revision: UInt64) -> StoreEvent {
        StoreEvent(kind: .deleted, revision: revision, object: current.withRevision(revision), previous: current)
    }

    private func publish(_ events: [(ResourceName, StoreEvent)], revision: UInt64) {
        var awakened: [ObjectIdentifier: WatchSignal] = [:]
        state.withLock { state in
            for (resource, event) in events {
                state.tables[resource, default: ResourceTable(compactedRevision: state.startRevision)].record(event)
                for (id, signal) in state.signals[resource] ?? [:] where signal.concerns(event.object.namespace) {
                    awakened[id] = signal
                }
            }
            state.revision = revision
        }
        for signal in awakened.values { signal.notify() }
    }
}
