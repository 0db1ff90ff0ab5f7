// Reads the database without changing it: no migration, no change of journal mode.

package import Platform
import SQLite

/// What an examination of the database finds.
package struct DatabaseExamination {
    /// How the schema compares with those that this executable knows.
    package enum Schema {
        case current, older, newer
        /// Closed by a restore or a rotation of the secret that did not finish.
        case closed
    }

    /// For example `3.40.1`.
    package let sqliteVersion: String
    /// The number of the last migration.
    package let schemaNumber: Int64
    /// How that number compares with this executable's.
    package let schema: Schema
    /// Whether its journal is a WAL.
    package let isWAL: Bool
    /// The first fault in the file, in SQLite's words; nil if there is none.
    package let damage: String?
    /// The table of the first row whose reference is missing. Checked only on request.
    package let orphan: String?
    /// What the rows show; nil if the schema is not current.
    package let rows: Rows?

    /// What the rows show.
    package struct Rows {
        /// The latest time in the audit log, where every sign-in and refresh has a row.
        package let newest: Timestamp?
        /// When the oldest expired row that still exists expired.
        package let oldestExpiry: Timestamp?
        /// Mails that wait to be sent.
        package let pendingMails: Int64
        /// When the oldest of them began to wait.
        package let oldestMail: Timestamp?
        /// Mails that were given up.
        package let failedMails: Int64
        /// The last error of the oldest mail that has one.
        package let mailError: String?
    }

    /// Examines the database in the existing file `path`; every page and every reference if `isDeep`.
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
        // Mail that was given up always has an error. Of waiting mail, the oldest has had the most time for one.
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
