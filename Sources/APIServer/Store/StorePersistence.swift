import KubernetesTypes

/// Where objects survive a restart. Called by one writer at a time.
protocol StorePersistence: Sendable {
    /// Everything stored, in any order, and the newest revision that was ever acknowledged.
    func load() throws -> PersistedState

    /// Makes all changes durable, or none.
    func write(_ changes: [PersistedChange], revision: UInt64) throws(StoreError)

    /// Gives the file back. Nothing is written afterwards.
    func close()

    /// Whether `write` can block, so that it must not run on a thread that serves requests.
    var blocks: Bool { get }
}

struct PersistedState: Sendable {
    var revision: UInt64
    var rows: [PersistedRow]
}

struct PersistedRow: Sendable {
    var resource: ResourceName
    var revision: UInt64
    var body: [UInt8]
    /// What the body says.
    var value: JSONValue
}

enum PersistedChange: Sendable {
    case put(ResourceName, StoredObject)
    case delete(ResourceName, key: String)
}

/// Keeps nothing: for tests, simulation and clusters that may forget.
struct MemoryPersistence: StorePersistence {
    func load() throws -> PersistedState { PersistedState(revision: 0, rows: []) }
    func write(_ changes: [PersistedChange], revision: UInt64) throws(StoreError) {}
    func close() {}
    var blocks: Bool { false }
}

/// Why a write was not made.
enum StoreError: Error, Sendable {
    case alreadyExists
    case notFound
    /// The object is not at the revision that the write was computed from.
    case conflict(current: StoredObject?)
    /// The disk is full; reads go on, and writes as soon as there is room.
    case noSpace(String)
    case failed(String)
}

/// A database that cannot be used as it is. Said in one sentence that names the file, and another about what to do.
struct DatabaseFailure: Error, CustomStringConvertible {
    enum Code: String, Sendable { case damaged, notADatabase, inaccessible, inUse, full }

    var code: Code
    var message: String
    var cause: String

    var description: String { "\(message) (\(cause))" }

    static func damaged(_ path: String, _ cause: String) -> DatabaseFailure {
        DatabaseFailure(
            code: .damaged,
            message:
                "the cluster's database \(path) is damaged: put back a copy of it, or move \(path) and \(path)-wal away and start "
                + "again with an empty cluster",
            cause: cause)
    }
}
