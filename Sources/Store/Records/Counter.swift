// How often each event in the audit log has happened. Old rows of the audit log are deleted; these numbers only grow.

import SQL

/// One counter. It only grows.
package struct Counter {
    /// The event, as in the audit log.
    package let event: String
    /// The detail, as in the audit log; "" for none.
    package let detail: String
    /// How often the event was added to the audit log since the database has had counters.
    package let count: Int64

    /// Adds one.
    static func add(to event: String, detail: String, in database: Database) throws(AuthError) {
        try database.queue(Dialect.addToCounter, [.text(event), .text(detail)])
    }

    /// All counters, by name.
    package static func all(in database: Database) throws(AuthError) -> [Counter] {
        try database.all(Dialect.readCounters) {
            Counter(event: $0.text(0), detail: $0.text(1), count: $0.integer(2))
        }
    }
}
