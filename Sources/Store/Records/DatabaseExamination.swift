// A look into the database that changes nothing in it: no migration, no journal's mode.

package import Platform
import SQLite

/// What a look into the database finds.
package struct DatabaseExamination {
    /// Where the schema stands among those that this executable knows.
    package enum Schema {
        case current, older, newer
        /// Closed by a restore or a new secret that did not end.
        case closed
    }

    /// As `3.40.1`.
    package let sqliteVersion: String
    /// The number of the last migration that it has seen.
    package let schemaNumber: Int64
    /// How that compares with this executable's.
    package let schema: Schema
    /// Whether its journal is a WAL.
    package let isWAL: Bool
    /// The first thing that is wrong with the file, in SQLite's words; nil if nothing is.
    package let damage: String?
    /// The table of the first row that names another which is not there. Looked for only if asked.
    package let orphan: String?
    /// What the rows tell; nil if the schema is not current.
    package let rows: Rows?

    /// What the rows tell.
    package struct Rows {
        /// The latest moment in the audit, where every sign-in and every refresh has a row.
        package let newest: Timestamp?
        /// When what expired first, and is still there, did so.
        package let oldestExpiry: Timestamp?
        /// Mails that are still to be sent.
        package let pendingMails: Int64
        /// Since when the oldest of them waits.
        package let oldestMail: Timestamp?
        /// Mails that were given up.
        package let failedMails: Int64
        /// The last error of the oldest mail that has one.
        package let mailError: String?
    }

    /// Looks into the database in the file `path`, which is there; every page and every reference if `isDeep`.
    package init(ofFile path: String, isDeep: Bool) throws(AuthError) {
        do throws(SQLiteError) {
            let connection = try Connection(path: path)
            sqliteVersion = try connection.first("SELECT sqlite_version()") { $0.text(0) } ?? ""
            schemaNumber = Int64(try connection.version().number)
            schema =
                switch try migrator.state(of: connection) {
                case .current: .current
                case .older: .older
                case .newer: .newer
                case .closed: .closed
                }
            isWAL = try connection.journalMode() == .wal
            let found =
                isDeep
                ? try connection.first("PRAGMA integrity_check(1)") { $0.text(0) }
                : try connection.first("PRAGMA quick_check(1)") { $0.text(0) }
            if let found, !found.isSame(as: "ok") {
                damage = found
            } else if isDeep, schema == .current, let table = try connection.tableWithInvalidRow() {
                damage = "a row of \(table) is invalid"
            } else {
                damage = nil
            }
            orphan = isDeep ? try connection.first("PRAGMA foreign_key_check") { $0.text(0) } : nil
            rows = schema == .current ? try Rows(in: connection) : nil
        } catch {
            throw AuthError(error)
        }
    }
}

extension DatabaseExamination.Rows {
    fileprivate init(in connection: Connection) throws(SQLiteError) {
        newest =
            try connection.first("SELECT max(at) FROM audit_events") { $0.optionalTime(0) } ?? nil
        oldestExpiry =
            try connection.first(
                """
                SELECT min(moment) FROM (
                    SELECT min(expires_at) AS moment FROM challenges
                    UNION ALL SELECT min(expires_at) FROM limit_counts
                    UNION ALL SELECT min(expires_at) FROM sessions)
                """
            ) { $0.optionalTime(0) } ?? nil
        let limit = Value.integer(StoreBounds.countedMails)
        pendingMails = try connection.first(MailItem.pendingCount, [limit, .time(.now)]) { $0.integer(0) } ?? 0
        oldestMail = try connection.first(MailItem.oldestPending, [limit, .time(.now)]) { $0.time(0) }
        failedMails = try connection.first(MailItem.failedCount, [limit]) { $0.integer(0) } ?? 0
        // What was given up always has an error, and of what waits the oldest has waited for one.
        let waiting = try connection.first(
            """
            SELECT last_error FROM
                (SELECT last_error FROM mail_items WHERE due_at IS NOT NULL ORDER BY created_at LIMIT $1)
            WHERE last_error IS NOT NULL LIMIT 1
            """,
            [limit]
        ) { $0.text(0) }
        let givenUp = try connection.first(
            "SELECT last_error FROM mail_items WHERE due_at IS NULL ORDER BY expires_at LIMIT 1"
        ) { $0.optionalText(0) }
        mailError = waiting ?? givenUp ?? nil
    }
}
