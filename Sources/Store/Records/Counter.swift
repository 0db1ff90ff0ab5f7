// How often each thing in the audit has happened; the schema counts whatever is added to it.

import SQLite

/// One counter. It only grows.
package struct Counter {
    /// As in the audit.
    package let event: String
    /// As in the audit; "" for none.
    package let detail: String
    package let count: Int64

    package static func all(in database: Database) throws(AuthError) -> [Counter] {
        try database.all("SELECT event, detail, count FROM counters ORDER BY event, detail") {
            Counter(event: $0.text(0), detail: $0.text(1), count: $0.integer(2))
        }
    }
}
