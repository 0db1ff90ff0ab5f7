// The database of a process that answers many requests, which stays open between requests.
//
// 1. It is reused only if its file and schema are still the same: another database may have replaced it.
// 2. After a failure it is opened again.

import Platform

/// The one open database of this process.
package final class DatabaseCache {
    private var openDatabase: OpenDatabase?

    /// Opens nothing: the first call of `database` does.
    package init() {}

    private struct OpenDatabase {
        let database: Database
        let folder: String
        let path: String
        /// The file at `path` before it was opened; nil if there was none.
        let file: FileIdentity?
        let journal: JournalMode?

        /// Whether the database is still the one at `location`.
        func isThere(at location: DatabaseLocation) -> Bool {
            guard let file, journal == location.journal, folder.isSame(as: location.state.path) else { return false }
            return File.mark(path)?.identity == file
        }
    }

    /// The open database, if it is still the one at `location` and its schema is current; otherwise it is opened again.
    /// `toRead`: all reads see one snapshot, until `endReading`.
    package func database(at location: DatabaseLocation, toRead: Bool) throws(AuthError) -> Database {
        if let open = openDatabase, open.isThere(at: location) {
            if toRead { try open.database.beginReading() }
            if try open.database.isCurrent() { return open.database }
        }
        forget()
        try location.state.prepare()
        let path = location.state.databasePath
        let file = File.mark(path)?.identity
        let database = try Database(at: location, isPersistent: true)
        openDatabase = OpenDatabase(
            database: database, folder: location.state.path, path: path, file: file, journal: location.journal)
        return database
    }

    /// Copies the WAL back, for the processes that come after this one.
    package func checkpoint() {
        openDatabase?.database.checkpoint()
    }

    /// Closes the database, or, if the current request uses it, lets that request close it.
    package func forget() {
        openDatabase = nil
    }
}
