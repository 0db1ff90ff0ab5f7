// A database in a SQLite file of its own: the one that a backup has, in either build.

import Platform
import SQLite

/// The database's schema, copies of the database, and replacing it by another.
package enum Schema {
    /// The fault of the database in the file `path`; nil if there is none.
    package static func fault(inCopy path: String) throws(AuthError) -> String? {
        do throws(SQLiteError) {
            let copy = try Connection(path: path)
            let found = try copy.first("PRAGMA integrity_check(1)") { $0.text(0) } ?? "no answer"
            guard found.isSame(as: "ok") else { return found }
            if let table = try copy.tableWithInvalidRow() { return "a row of \(table) is invalid" }
            return try copy.first("PRAGMA foreign_key_check") { "a row of \($0.text(0)) refers to a row that does not exist" }
        } catch {
            throw AuthError(error)
        }
    }

    /// Migrates the database in the file `path`, which nobody else uses, to this executable's schema, and into one file.
    /// Throws `failure` if it is not a database, or is newer.
    static func migrated(_ path: String) throws(AuthError) -> SQLite.Connection {
        let database: SQLite.Connection
        var isNewer = true
        do throws(SQLiteError) {
            database = try Connection(path: path)
            switch try migrator.state(of: database) {
            case .current, .older:
                isNewer = false
                // A database without a schema is not an older one.
                guard try database.version().number > 0 else {
                    throw SQLiteError(refusing: "it is empty")
                }
                try database.setJournalMode(.delete)
                try migrator.migrate(database)
            case .newer, .closed: break
            }
        } catch {
            throw .failure(reason: "the backup's database is damaged, or not one of Latchkey: \(error.description)")
        }
        guard !isNewer else { throw .failure(reason: "the backup's database was created by a newer version of Latchkey") }
        return database
    }

    /// A new, empty database in the file `path`, which must not exist.
    static func created(_ path: String) throws(AuthError) -> SQLite.Connection {
        do throws(SQLiteError) {
            let database = try Connection(path: path)
            try migrator.migrate(database)
            return database
        } catch {
            throw AuthError(error)
        }
    }
}

/// Reports the progress of long work: what is being done, and percent of it.
package typealias ProgressReport = (_ what: StaticString, _ percent: Int) -> Void
