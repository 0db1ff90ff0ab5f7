// A database that another process locks.

import SQL

/// A lock on the whole database until `release`: nobody can write. In SQLite with a rollback journal nobody can even read.
package final class ExclusiveLock: @unchecked Sendable {
    private var connection: Connection?

    package init(_ home: Home) {
        connection = try! TestDatabase.connection(to: home.path)
        #if POSTGRESQL
            // The lock on the store's state, which each transaction shares: the first seven bytes of a SHA-256.
            try! connection?.script(
                """
                BEGIN; SELECT pg_advisory_xact_lock(CAST(CAST(
                    'x' || substr(encode(sha256('latchkey'), 'hex'), 1, 14) AS BIT(56)) AS BIGINT))
                """)
        #else
            try! connection?.script("BEGIN EXCLUSIVE")
        #endif
    }

    package func release() {
        connection = nil
    }
}
