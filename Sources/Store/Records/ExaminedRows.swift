// What the doctor reads from the rows, without opening the database as the service does: that could migrate it.

package import Platform
import SQL

/// What the rows show.
package struct ExaminedRows {
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

extension ExaminedRows {
    /// Reads them. Changes nothing, not even the schema.
    init(in connection: Connection) throws(ConnectionError) {
        newest = try connection.first("SELECT max(at) FROM audit_events") { $0.optionalTime(0) } ?? nil
        oldestExpiry =
            try connection.first(
                """
                SELECT min(moment) FROM (
                    SELECT min(expires_at) AS moment FROM challenges
                    UNION ALL SELECT min(expires_at) FROM limit_counts
                    UNION ALL SELECT min(expires_at) FROM sessions) AS moments
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
                (SELECT last_error FROM mail_items WHERE due_at IS NOT NULL ORDER BY created_at LIMIT $1) AS waiting
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
