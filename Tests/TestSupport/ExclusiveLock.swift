// A database that another process locks.

import SQL

/// A lock on the whole database until `release`: nobody can write. In SQLite with a rollback journal nobody can even read.
package final class ExclusiveLock: @unchecked Sendable {
    private var connection: Connection?

    package convenience init(_ home: Home) { self.init(home.path) }

    /// Locks the database of the state folder `folder`.
    package init(_ folder: String) {
        connection = try! TestDatabase.connection(to: folder)
        #if POSTGRESQL
        // The lock on the store's state, which each transaction shares: the first seven bytes of a SHA-256.
        try! connection?.script(
            """
            SET idle_in_transaction_session_timeout = 0; BEGIN; SELECT pg_advisory_xact_lock(CAST(CAST(
                'x' || substr(encode(sha256('latchkey'), 'hex'), 1, 14) AS BIT(56)) AS BIGINT))
            """)
        #else
        try! connection?.script("BEGIN EXCLUSIVE")
        #endif
    }

    package func release() {
        connection = nil
    }

    #if POSTGRESQL
    /// Whether a transaction waits for the lock.
    package var isAwaited: Bool {
        (try? connection?.first(
            """
            SELECT count(*) FROM pg_locks WHERE NOT granted
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """
        ) { $0.integer(0) > 0 }) ?? false
    }
    #endif
}
