// The database's file as a whole.

import Platform
package import SQLite

/// The number of a schema, and whether it is closed; see `Schema`.
package typealias SchemaVersion = SQLite.SchemaVersion

extension Schema {
    /// The number of the last migration.
    package static func version(of database: Database) throws(AuthError) -> Int64 {
        try database.schemaNumber()
    }

    /// Writes a whole, compact copy to the file `path`, which must not exist: one snapshot of the database, whatever
    /// others write meanwhile (sqlite.org/lang_vacuum.html#vacuuminto).
    package static func copy(
        _ database: Database, to path: String, report: @escaping ProgressReport
    ) throws(AuthError) {
        let size =
            try database.first(
                """
                SELECT (page_count - freelist_count) * page_size
                FROM pragma_page_count, pragma_freelist_count, pragma_page_size
                """
            ) { $0.integer(0) } ?? 1
        _ = try database.reporting({ report("copying", percent(of: size, in: path)) }) { () throws(AuthError) in
            try database.run("VACUUM INTO $1", [.text(path)])
        }
    }

    private static func percent(of size: Int64, in path: String) -> Int {
        let done = ((try? File.status(path)) ?? nil)?.size ?? 0
        return Int(min(100, Int64(done) * 100 / max(1, size)))
    }
}

extension Schema {
    /// Migrates the database in the file `path`, which nobody else uses, to this executable's schema, and into one file.
    /// Throws `failure` if it is not a database, or is newer.
    package static func adopt(_ path: String) throws(AuthError) -> Database { try Database(try migrated(path)) }

    /// Closes the database in the file `path` to all requests, whatever its schema; creates it if there is none.
    ///
    /// Returns its previous version, with the number 0 for a new one; nil if it cannot be read as a database, which then
    /// stays as it is.
    package static func close(_ path: String) throws(AuthError) -> SchemaVersion? {
        do throws(SQLiteError) {
            let database = try Connection(path: path)
            return try database.transaction { () throws(SQLiteError) -> SchemaVersion in
                let version = try database.version()
                try database.close(for: .replacement)
                return version
            } failing: {
                $0
            }
        } catch {
            guard error.kind != .temporary else { throw AuthError(error) }
            return nil
        }
    }

    /// Restores the version that the database in the file `path` had before `close`.
    package static func setVersion(of path: String, _ version: SchemaVersion) throws(AuthError) {
        do throws(SQLiteError) {
            try Connection(path: path).setVersion(version)
        } catch {
            throw AuthError(error)
        }
    }

    /// Writes a copy of the closed database in the file `path` to `copy`, with the number of its schema; false if it is
    /// too damaged.
    package static func keep(
        _ path: String, as copy: String, version: Int, report: @escaping ProgressReport
    ) throws(AuthError) -> Bool {
        do throws(AuthError) {
            try self.copy(try Database(try Connection.of(path)), to: copy) { _, percent in report("keeping", percent) }
        } catch {
            guard case .failure = error else { throw error }
            File.remove(copy)
            return false
        }
        do throws(SQLiteError) {
            // Durable by SQLite's own commit; VACUUM INTO syncs what it wrote.
            try Connection(path: copy).setVersion(SchemaVersion(number: version))
        } catch {
            throw AuthError(error)
        }
        return true
    }

    /// Replaces the contents of the database in the file `path` by those of the file `new`, in one step that also opens
    /// it. Processes that have it open keep the same file.
    package static func replace(_ path: String, by new: String, report: ProgressReport) throws(AuthError) {
        do throws(SQLiteError) {
            let live = try Connection(path: path)
            try Connection(path: new).replaceContents(of: live) { report("replacing", $0) }
            _ = live.checkpoint()
        } catch {
            throw AuthError(error)
        }
    }
}

extension Connection {
    fileprivate static func of(_ path: String) throws(AuthError) -> Connection {
        do throws(SQLiteError) {
            return try Connection(path: path)
        } catch {
            throw AuthError(error)
        }
    }
}
