// The database of a process that answers many requests, whose connection stays open between requests.
//
// 1. The first statement of each request also reads the store's state. If the epoch has changed, the secret and the token key
//    are read again.
// 2. After a failure, the database is opened again.

import Platform

/// The one open database of this process.
package final class DatabaseCache {
    private var openDatabase: OpenDatabase?

    /// Opens nothing: the first call of `database` does.
    package init() {}

    private struct OpenDatabase {
        let database: Database
        let folder: String
        let address: String?
        let isPooled: Bool
    }

    /// The open database, if it is the one at `location`; otherwise it is opened again. `toRead` makes no difference here.
    package func database(at location: DatabaseLocation, toRead: Bool) throws(AuthError) -> Database {
        if let open = openDatabase, open.folder.isSame(as: location.state.path), open.isPooled == location.isPooled,
            (open.address ?? "").isSame(as: location.address ?? "")
        {
            try open.database.beginRequest(toRead: toRead)
            return open.database
        }
        forget()
        let database = try Database(at: location, isPersistent: true)
        openDatabase = OpenDatabase(
            database: database, folder: location.state.path, address: location.address, isPooled: location.isPooled)
        try database.beginRequest(toRead: toRead)
        return database
    }

    /// Nothing: the server does what is needed.
    package func checkpoint() {}

    /// Closes the database, or, if the current request uses it, lets that request close it.
    package func forget() {
        openDatabase = nil
    }
}
