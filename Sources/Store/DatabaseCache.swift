// The database of a process that answers many requests, which stays open between requests.
//
// 1. It is reused only if it is still the one at its location: `DatabaseIdentity` of each store knows how to tell.
// 2. After a failure it is opened again.

import Platform

/// The one open database of this process.
package final class DatabaseCache {
    private var openDatabase: (database: Database, identity: DatabaseIdentity)?

    /// Opens nothing: the first call of `database` does.
    package init() {}

    /// The open database, if it is still the one at `location` and its schema is current; otherwise it is opened again. A
    /// request begins with it, which only reads if `toRead`.
    package func database(at location: DatabaseLocation, toRead: Bool) throws(AuthError) -> Database {
        if let (database, identity) = openDatabase, identity.isThere(at: location) {
            try database.beginRequest(toRead: toRead)
            if try database.canBeReused() { return database }
        }
        forget()
        try location.state.prepare()
        let identity = DatabaseIdentity(of: location)
        let database = try Database(at: location, isPersistent: true)
        try database.beginRequest(toRead: toRead)
        openDatabase = (database, identity)
        return database
    }

    /// Copies the log of an SQLite file back, for the processes that come after this one.
    package func checkpoint() {
        openDatabase?.database.checkpoint()
    }

    /// Closes the database, or, if the current request uses it, lets that request close it.
    package func forget() {
        openDatabase = nil
    }
}
