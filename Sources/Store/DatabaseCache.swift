// The database of a process that answers many requests, left open from one to the next.
//
// 1. It is used again only after a look at its file and schema: another may have taken its place.
// 2. After a failure it is opened anew.

import Platform
import SQLite

/// The one open database of this process.
package final class DatabaseCache {
    private var openDatabase: OpenDatabase?

    /// Opens nothing: `database` does so when it is first called.
    package init() {}

    private struct OpenDatabase {
        let database: Database
        let folder: String
        let path: String
        /// The file that was at `path` before it was opened; nil if there was none.
        let file: FileIdentity?
        let journal: JournalMode?

        /// Whether it is still the one in `state`.
        func isThere(in state: StateFolder, journal: JournalMode?) -> Bool {
            guard let file, self.journal == journal, folder.isSame(as: state.path) else { return false }
            return File.mark(path)?.identity == file
        }
    }

    /// The open database, if it is still the one in `state` and its schema is ours; else it is opened anew. `toRead`: what is
    /// read is of one moment, until `endReading`.
    package func database(in state: StateFolder, journal: JournalMode?, toRead: Bool) throws(AuthError) -> Database {
        if let open = openDatabase, open.isThere(in: state, journal: journal) {
            if toRead { try open.database.beginReading() }
            if try open.database.isCurrent() { return open.database }
        }
        forget()
        try state.prepare()
        let path = state.databasePath
        let file = File.mark(path)?.identity
        let database = try Database(in: state, journal: journal, isPersistent: true)
        openDatabase = OpenDatabase(database: database, folder: state.path, path: path, file: file, journal: journal)
        return database
    }

    /// Copies the log back, for those who come when this process has ended.
    package func checkpoint() {
        openDatabase?.database.checkpoint()
    }

    /// Closes the database, unless the request at hand still uses it: then with that.
    package func forget() {
        openDatabase = nil
    }
}
