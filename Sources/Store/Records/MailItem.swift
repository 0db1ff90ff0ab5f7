// The outbox. The transaction that causes a mail also writes its row, and the row is deleted once a mail system has accepted the
// mail: at least once, and twice only if the deliverer is killed in between.

import Cryptography
package import Platform
import SQL

/// A mail that waits to be sent.
package struct MailItem {
    /// Also in the Message-ID, so that receivers can recognize a second copy.
    package let id: UUID
    /// What the mail is about, which selects its text.
    package let kind: MailKind
    /// The row that the mail is about: a challenge, a session, a key, an invitation, an account.
    package let subject: UUID
    /// The address that the mail goes to.
    package let email: String
    /// The language that the request asked for.
    package let language: Language?
    /// What the subject's row will no longer contain.
    package let details: String?
    /// When it was put into the outbox.
    package let createdAt: Timestamp
    /// When it expires.
    package let expiresAt: Timestamp
    /// Attempts begun, including this one.
    package let attempts: Int64

    /// Puts a mail into the outbox, to send from `due` on; nil: at once.
    package static func enqueue(
        _ kind: MailKind, about subject: UUID, to email: String, in language: Language?,
        details: String? = nil, until expiry: Timestamp, at now: Timestamp, due: Timestamp? = nil, database: Database
    ) throws(AuthError) {
        try database.queue(
            """
            INSERT INTO mail_items (id, kind, subject_id, email, locale, details, created_at,
                                    expires_at, attempts, due_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9)
            """,
            [
                .id(UUID.random()), .text(kind.name), .id(subject), .text(email),
                .optional(language?.tag), .optional(details), .time(now), .time(expiry), .time(due ?? now),
            ])
        database.noteMail()
    }

    /// The mail of `kind` to `email` that no deliverer has taken yet; nil if there is none.
    package static func waiting(
        _ kind: MailKind, to email: String, in database: Database
    ) throws(AuthError) -> (id: UUID, details: String)? {
        try database.first(
            "SELECT id, details FROM mail_items WHERE email = $1 AND kind = $2 AND attempts = 0 AND due_at IS NOT NULL",
            [.text(email), .text(kind.name)]
        ) { (id: $0.id(0), details: $0.optionalText(1) ?? "") }
    }

    /// Replaces the details of the mail `id`; false if a deliverer has taken it meanwhile.
    package static func setDetails(
        _ details: String, of id: UUID, about subject: UUID, in database: Database
    ) throws(AuthError) -> Bool {
        try database.run(
            """
            UPDATE mail_items SET details = $1, subject_id = $2
            WHERE id = $3 AND attempts = 0 AND due_at IS NOT NULL
            """,
            [.text(details), .id(subject), .id(id)]) == 1
    }

    /// Takes the item that has been due longest, for `lease`: until then no other deliverer gets it. If a clock that
    /// was ahead postponed an item, it is due now: it was created later than now, or is due later than any back-off lasts.
    package static func take(
        at now: Timestamp, lease: Duration, in database: Database
    ) throws(AuthError) -> MailItem? {
        try database.first(
            Dialect.takeMail,
            [
                .time(now + lease), .time(now), .time(now), .time(now + StoreBounds.clockTolerance),
                .time(now + StoreBounds.longestMailBackOff + StoreBounds.clockTolerance),
            ], taken)
    }

    /// Takes the newest untried item, with a lease too.
    package static func takeNewest(
        at now: Timestamp, lease: Duration, in database: Database
    ) throws(AuthError) -> MailItem? {
        try database.first(Dialect.takeNewestMail, [.time(now + lease), .time(now)], taken)
    }

    private static func taken(_ row: Row) -> MailItem {
        MailItem(
            id: row.id(0), kind: MailKind(named: row.text(1)), subject: row.id(2),
            email: row.text(3), language: row.optionalText(4).flatMap { Language(tag: $0) },
            details: row.optionalText(5), createdAt: row.time(6), expiresAt: row.time(7),
            attempts: row.integer(8))
    }

    /// Whether an untried item is due.
    package static func hasUntried(at now: Timestamp, in database: Database) throws(AuthError) -> Bool {
        try database.first(
            "SELECT 1 FROM mail_items WHERE due_at <= $1 AND attempts = 0 LIMIT 1", [.time(now)]
        ) { _ in true } ?? false
    }

    /// When the next item is due; nil if none ever will be.
    package static func nextDue(in database: Database) throws(AuthError) -> Timestamp? {
        try database.first(
            "SELECT due_at FROM mail_items WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1"
        ) { $0.time(0) }
    }

    /// When the next item that failed before is due; nil if there is none.
    package static func nextRetry(in database: Database) throws(AuthError) -> Timestamp? {
        try database.first(
            """
            SELECT due_at FROM mail_items
            WHERE due_at IS NOT NULL AND last_error IS NOT NULL ORDER BY due_at LIMIT 1
            """
        ) { $0.time(0) }
    }

    /// The state of the outbox: how many mails wait, since when, and how many were given up. A mail that is due later does not
    /// wait yet. Counts stop at `StoreBounds.countedMails`.
    package static func counts(
        at now: Timestamp, in database: Database
    ) throws(AuthError) -> (pending: Int64, oldest: Timestamp?, failed: Int64) {
        let waiting: [Value] = [.integer(StoreBounds.countedMails), .time(now)]
        let pending = try database.first(pendingCount, waiting) { $0.integer(0) }
        let oldest = try database.first(oldestPending, waiting) { $0.time(0) }
        let failed = try database.first(failedCount, [.integer(StoreBounds.countedMails)]) { $0.integer(0) }
        return (pending ?? 0, oldest, failed ?? 0)
    }

    // Each query reads a bounded part of an index, however large the outbox is.
    /// SQL: how many mails wait: due, or already tried. `$1`: how many to look at, the first due first; `$2`: now, in
    /// milliseconds.
    package static let pendingCount: StaticString =
        """
        SELECT count(*) FROM
            (SELECT due_at, attempts FROM mail_items WHERE due_at IS NOT NULL ORDER BY due_at LIMIT $1) AS waiting
        WHERE due_at <= $2 OR attempts > 0
        """
    /// SQL: when the oldest waiting mail was made; no row if none waits. `$1`: how many to look at, the oldest first; `$2`: now,
    /// in milliseconds.
    package static let oldestPending: StaticString =
        """
        SELECT created_at FROM
            (SELECT created_at, due_at, attempts FROM mail_items WHERE due_at IS NOT NULL ORDER BY created_at LIMIT $1) AS waiting
        WHERE due_at <= $2 OR attempts > 0 LIMIT 1
        """
    /// SQL: how many mails were given up. `$1`: the most to count.
    package static let failedCount: StaticString =
        "SELECT count(*) FROM (SELECT 1 FROM mail_items WHERE due_at IS NULL LIMIT $1) AS failed"

    /// Deletes all waiting mail to `email`.
    package static func deleteAll(to email: String, in database: Database) throws(AuthError) {
        try database.run("DELETE FROM mail_items WHERE email = $1", [.text(email)])
    }

    /// Deletes all mail that would carry a code.
    package static func deleteCodes(in database: Database) throws(AuthError) {
        try database.run(
            "DELETE FROM mail_items WHERE kind IN ('code', 'email-code', 'current-email-code', 'deletion-code')")
    }

    /// Deletes the mail that would carry a code to `email`.
    package static func deleteCodes(to email: String, in database: Database) throws(AuthError) {
        try database.run(
            """
            DELETE FROM mail_items
            WHERE email = $1 AND kind IN ('code', 'email-code', 'current-email-code', 'deletion-code')
            """,
            [.text(email)])
    }

    /// Deletes a mail that was accepted, or is no longer wanted.
    package func delete(in database: Database) throws(AuthError) {
        try database.run("DELETE FROM mail_items WHERE id = $1", [.id(id)])
    }

    /// Records that the attempt failed: the next is at `next`, or never.
    package func noteFailure(
        _ reason: String, next: Timestamp?, in database: Database
    ) throws(AuthError) {
        try database.run(
            "UPDATE mail_items SET due_at = $1, last_error = $2 WHERE id = $3",
            [.time(next), .text(reason), .id(id)])
    }

    /// Deletes some that were given up and expired before `moment`, and some that have waited since then and have expired at
    /// `now` without being given up. Returns how many.
    package static func deleteExpired(
        before moment: Timestamp, at now: Timestamp, limit: Int64, in database: Database
    ) throws(AuthError) -> Int {
        let givenUp = try database.run(
            """
            DELETE FROM mail_items WHERE id IN
                (SELECT id FROM mail_items WHERE due_at IS NULL AND expires_at < $1 ORDER BY expires_at LIMIT $2)
            """,
            [.time(moment), .integer(limit)])
        let waiting = try database.run(
            """
            DELETE FROM mail_items WHERE id IN
                (SELECT id FROM mail_items WHERE due_at IS NOT NULL AND created_at < $1 AND expires_at < $2
                 ORDER BY created_at LIMIT $3)
            """,
            [.time(moment), .time(now), .integer(limit)])
        return givenUp + waiting
    }
}

/// A mail in the outbox, for listing.
package struct MailStatus {
    /// Also in the Message-ID.
    package let id: UUID
    /// The kind's name in the table.
    package let kind: String
    /// The address that the mail goes to.
    package let email: String
    /// When it was put into the outbox.
    package let createdAt: Timestamp
    /// When it expires.
    package let expiresAt: Timestamp
    /// Attempts begun.
    package let attempts: Int64
    /// When the next attempt is due; nil: it was given up.
    package let dueAt: Timestamp?
    /// Why the last failed attempt failed; nil: none failed.
    package let lastError: String?

    /// The whole outbox, oldest first, at most `limit`.
    package static func all(limit: Int64, in database: Database) throws(AuthError) -> [MailStatus] {
        try database.all(
            """
            SELECT id, kind, email, created_at, expires_at, attempts, due_at, last_error
            FROM mail_items ORDER BY created_at, id LIMIT $1
            """,
            [.integer(limit)]
        ) { row in
            MailStatus(
                id: row.id(0), kind: row.text(1), email: row.text(2), createdAt: row.time(3),
                expiresAt: row.time(4), attempts: row.integer(5), dueAt: row.optionalTime(6),
                lastError: row.optionalText(7))
        }
    }

    /// All mail to `email`, oldest first.
    package static func all(to email: String, in database: Database) throws(AuthError) -> [MailStatus] {
        try database.all(
            """
            SELECT id, kind, email, created_at, expires_at, attempts, due_at, last_error
            FROM mail_items WHERE email = $1 ORDER BY created_at, id
            """,
            [.text(email)]
        ) { row in
            MailStatus(
                id: row.id(0), kind: row.text(1), email: row.text(2), createdAt: row.time(3),
                expiresAt: row.time(4), attempts: row.integer(5), dueAt: row.optionalTime(6),
                lastError: row.optionalText(7))
        }
    }
}
