// A database that another process locks.

import SQLite

/// An exclusive lock on the whole database: with a rollback journal nobody can even read until `release`.
package final class ExclusiveLock: @unchecked Sendable {
    private var connection: Connection?

    package init(_ home: Home) {
        connection = try! Connection(path: "\(home.path)/latchkey.db")
        try! connection?.script("BEGIN EXCLUSIVE")
    }

    package func release() {
        connection = nil
    }
}
