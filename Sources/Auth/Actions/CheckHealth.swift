// Whether the service could do its work now.

import SQLite

extension Auth {
    /// Throws what keeps the database from answering, if anything does; makes it if there is none.
    package func checkHealth() throws(AuthError) {
        _ = try database().first("SELECT count(*) FROM sqlite_schema") { $0.integer(0) }
        _ = try secrets()
    }
}
