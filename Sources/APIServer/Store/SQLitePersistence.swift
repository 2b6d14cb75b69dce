import Foundation
import GRDB
import KubernetesTypes

/// Objects in one SQLite file: write-ahead log, `synchronous=FULL`, so that what `write` returned from is on the disk.
///
/// The file is this process's alone (`locking_mode=EXCLUSIVE`): a second server would not see what the first has in memory, and
/// without readers beside it the log needs no shared memory file, whose pages a full disk cannot give.
final class SQLitePersistence: StorePersistence {
    private let database: DatabaseQueue
    private let path: String

    var blocks: Bool { true }

    /// - Parameter path: the database file; it is made, readable by its owner alone, where it does not exist.
    init(path: String) throws {
        var configuration = Configuration()
        self.path = path
        configuration.label = "apiserver.store"
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA locking_mode=EXCLUSIVE")
            try database.execute(sql: "PRAGMA journal_mode=WAL")
            try database.execute(sql: "PRAGMA synchronous=FULL")
            // Larger checkpoints: under load the same pages are written once instead of many times.
            try database.execute(sql: "PRAGMA wal_autocheckpoint=4000")
            try database.execute(sql: "PRAGMA cache_size=-8000")
        }
        if !FileManager.default.fileExists(atPath: path),
            !FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
        {
            throw DatabaseFailure(
                code: .inaccessible, message: "cannot create the database \(path): see that its folder is there and writable",
                cause: String(cString: strerror(errno)))
        }
        do {
            database = try DatabaseQueue(path: path, configuration: configuration)
            try database.write { database in
                try database.execute(
                    sql: """
                        CREATE TABLE IF NOT EXISTS objects (
                            groupName TEXT NOT NULL, resource TEXT NOT NULL, key TEXT NOT NULL,
                            revision INTEGER NOT NULL, body BLOB NOT NULL,
                            PRIMARY KEY (groupName, resource, key)
                        ) WITHOUT ROWID;
                        CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL);
                        INSERT OR IGNORE INTO state (id, revision) VALUES (1, 0);
                        """)
            }
        } catch let error as DatabaseError {
            throw Self.failure(error, path: path)
        }
    }

    private static func failure(_ error: DatabaseError, path: String) -> DatabaseFailure {
        let cause = "SQLite: \(error.message ?? "\(error.resultCode)")"
        switch error.resultCode {
        case .SQLITE_CORRUPT: return .damaged(path, cause)
        case .SQLITE_NOTADB:
            return DatabaseFailure(
                code: .notADatabase,
                message:
                    "\(path) is not a database of this program: put back a copy of it, or move it away and start again with an "
                    + "empty cluster", cause: cause)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return DatabaseFailure(
                code: .inUse, message: "another process has the database \(path) open: stop it, or use another data directory",
                cause: cause)
        case .SQLITE_FULL:
            return DatabaseFailure(
                code: .full, message: "no space is left on the disk of \(path): free some and start again", cause: cause)
        default:
            return DatabaseFailure(
                code: .inaccessible,
                message: "cannot read the database \(path): see that the disk works and the file is readable",
                cause: cause)
        }
    }

    func load() throws -> PersistedState {
        do {
            return try database.read { database in
                let revision = try Int64.fetchOne(database, sql: "SELECT revision FROM state WHERE id = 1") ?? 0
                var rows: [PersistedRow] = []
                let cursor = try Row.fetchCursor(
                    database, sql: "SELECT groupName, resource, revision, body, key FROM objects")
                while let row = try cursor.next() {
                    let revision: Int64 = row[2]
                    let body: Data = row[3]
                    let resource = ResourceName(group: row[0], resource: row[1])
                    let bytes = [UInt8](body)
                    guard let value = try? JSONParser.parse(bytes), value.object != nil else {
                        throw DatabaseFailure.damaged(path, "\(resource.qualified) \(row[4] as String) is not JSON")
                    }
                    rows.append(PersistedRow(resource: resource, revision: UInt64(revision), body: bytes, value: value))
                }
                return PersistedState(revision: UInt64(revision), rows: rows)
            }
        } catch let error as DatabaseError {
            throw Self.failure(error, path: path)
        }
    }

    func write(_ changes: [PersistedChange], revision: UInt64) throws(StoreError) {
        do throws(StoreError) {
            try commit(changes, revision: revision)
        } catch {
            guard case .noSpace = error else { throw error }
            // What the log has twice can make room in it.
            try? database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
            try commit(changes, revision: revision)
        }
    }

    func close() { try? database.close() }

    private func commit(_ changes: [PersistedChange], revision: UInt64) throws(StoreError) {
        do {
            try database.writeWithoutTransaction { database in
                try database.inTransaction(.immediate) {
                    let put = try database.cachedStatement(
                        sql: "INSERT OR REPLACE INTO objects (groupName, resource, key, revision, body) VALUES (?, ?, ?, ?, ?)")
                    let delete = try database.cachedStatement(
                        sql: "DELETE FROM objects WHERE groupName = ? AND resource = ? AND key = ?")
                    for change in changes {
                        switch change {
                        case .put(let resource, let object):
                            try put.execute(arguments: [
                                resource.group, resource.resource, object.key, Int64(object.revision), Data(object.body),
                            ])
                        case .delete(let resource, let key):
                            try delete.execute(arguments: [resource.group, resource.resource, key])
                        }
                    }
                    try database.cachedStatement(sql: "UPDATE state SET revision = ? WHERE id = 1")
                        .execute(arguments: [Int64(revision)])
                    return .commit
                }
            }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
            throw .noSpace("no space is left on the disk of \(path)")
        } catch let error as DatabaseError {
            throw .failed("\(path): \(error.resultCode): \(error.message ?? "no message")")
        } catch {
            throw .failed("\(path): \(error)")
        }
    }
}
