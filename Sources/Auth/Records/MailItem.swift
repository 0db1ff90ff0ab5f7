// The outbox. A row is written in the same transaction as what it is about, and goes when a
// mail system has accepted the mail: at least once, and twice only if the deliverer is killed
// between those two moments.

import Crypto
import SQLite
import System

/// A mail that is still to be sent.
struct MailItem {
    /// Also the Message-ID's, so that receivers can tell a second copy.
    let id: UUID
    let challenge: UUID
    let email: String
    let createdAt: Timestamp
    let expiresAt: Timestamp
    /// Attempts begun, this one among them.
    let attempts: Int64

    /// Puts a mail with the code of `challenge` into the outbox.
    static func enqueue(for challenge: Challenge, at now: Timestamp, in database: Database) throws(AuthError) {
        try database.run(
            """
            INSERT INTO mail_items (id, challenge_id, email, created_at, expires_at, attempts, due_at)
            VALUES (?, ?, ?, ?, ?, 0, ?)
            """,
            [
                .id(UUID.random()), .id(challenge.id), .text(challenge.email), .time(now),
                .time(challenge.expiresAt), .time(now),
            ])
    }

    /// Takes the item that has been due longest, for `lease`: until then no other deliverer gets it.
    static func take(
        at now: Timestamp, lease: Duration, in database: Database
    ) throws(AuthError) -> MailItem? {
        try database.first(
            """
            UPDATE mail_items SET attempts = attempts + 1, due_at = ?
            WHERE id = (SELECT id FROM mail_items WHERE due_at <= ? ORDER BY due_at LIMIT 1)
            RETURNING id, challenge_id, email, created_at, expires_at, attempts
            """,
            [.time(now + lease), .time(now)]
        ) { row in
            MailItem(
                id: row.id(0), challenge: row.id(1), email: row.text(2), createdAt: row.time(3),
                expiresAt: row.time(4), attempts: row.integer(5))
        }
    }

    /// When the next item is due; nil if none ever will be.
    static func nextDue(in database: Database) throws(AuthError) -> Timestamp? {
        try database.first(
            "SELECT due_at FROM mail_items WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1"
        ) { $0.time(0) }
    }

    /// When the next item that has failed before is due; nil if none is.
    static func nextRetry(in database: Database) throws(AuthError) -> Timestamp? {
        try database.first(
            """
            SELECT due_at FROM mail_items
            WHERE due_at IS NOT NULL AND last_error IS NOT NULL ORDER BY due_at LIMIT 1
            """
        ) { $0.time(0) }
    }

    /// How the outbox stands: how many wait, since when, and how many were given up.
    static func standing(
        in database: Database
    ) throws(AuthError) -> (pending: Int64, oldest: Timestamp?, failed: Int64) {
        let waiting = try database.first(
            "SELECT count(*), min(created_at) FROM mail_items WHERE due_at IS NOT NULL"
        ) { (count: $0.integer(0), oldest: $0.optionalTime(1)) }
        let failed = try database.first("SELECT count(*) FROM mail_items WHERE due_at IS NULL") {
            $0.integer(0)
        }
        return (waiting?.count ?? 0, waiting?.oldest, failed ?? 0)
    }

    /// It was accepted, or is not wanted any more.
    func delete(in database: Database) throws(AuthError) {
        try database.run("DELETE FROM mail_items WHERE id = ?", [.id(id)])
    }

    /// The attempt failed: the next is at `next`, or never.
    func noteFailure(
        _ reason: String, next: Timestamp?, in database: Database
    ) throws(AuthError) {
        try database.run(
            "UPDATE mail_items SET due_at = ?, last_error = ? WHERE id = ?",
            [.time(next), .text(reason), .id(id)])
    }

    /// Deletes some that expired before `moment`.
    static func deleteExpired(
        before moment: Timestamp, limit: Int64, in database: Database
    ) throws(AuthError) {
        try database.run(
            """
            DELETE FROM mail_items WHERE id IN
                (SELECT id FROM mail_items WHERE expires_at < ? ORDER BY expires_at LIMIT ?)
            """,
            [.time(moment), .integer(limit)])
    }
}
