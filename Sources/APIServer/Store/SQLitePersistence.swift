import Foundation
import GRDB
import KubernetesTypes

/// Objects in one SQLite file: write-ahead log, `synchronous=FULL`, so that what `write` returned from is on the disk.
final class SQLitePersistence: StorePersistence {
    private let database: DatabaseQueue

    var blocks: Bool { true }

    /// - Parameter path: the database file; it is made, readable by its owner alone, where it does not exist.
    init(path: String) throws {
        var configuration = Configuration()
        configuration.label = "apiserver.store"
        configuration.journalMode = .wal
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA synchronous=FULL")
            // Larger checkpoints: under load the same pages are written once instead of many times.
            try database.execute(sql: "PRAGMA wal_autocheckpoint=4000")
            try database.execute(sql: "PRAGMA cache_size=-8000")
        }
        if !FileManager.default.fileExists(atPath: path),
            !FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
        {
            throw StoreError.failed("cannot create the database file \(path)")
        }
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
    }

    func load() throws -> PersistedState {
        try database.read { database in
            let revision = try Int64.fetchOne(database, sql: "SELECT revision FROM state WHERE id = 1") ?? 0
            var rows: [PersistedRow] = []
            let cursor = try Row.fetchCursor(database, sql: "SELECT groupName, resource, revision, body FROM objects")
            while let row = try cursor.next() {
                let revision: Int64 = row[2]
                let body: Data = row[3]
                rows.append(
                    PersistedRow(
                        resource: ResourceName(group: row[0], resource: row[1]), revision: UInt64(revision), body: [UInt8](body)))
            }
            return PersistedState(revision: UInt64(revision), rows: rows)
        }
    }

    func write(_ changes: [PersistedChange], revision: UInt64) throws(StoreError) {
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
            throw .noSpace("no space left for the database: \(error.message ?? "disk full")")
        } catch let error as DatabaseError {
            throw .failed("\(error.resultCode): \(error.message ?? "no message")")
        } catch {
            throw .failed("\(error)")
        }
    }
}
