// The code that an address may sign in with.

import Crypto
import SQLite
import System

/// One code's life, from the first mail to the sign-in. An address has one at a time.
struct Challenge {
    let email: String
    let id: UUID
    /// Argon2id, with pepper.
    let codeHash: String
    let attempts: Int64
    let createdAt: Timestamp
    let expiresAt: Timestamp
    /// When a mail was last asked for.
    let mailedAt: Timestamp
    let isUsed: Bool

    static func find(email: String, in database: Database) throws(AuthError) -> Challenge? {
        try database.first(
            """
            SELECT email, id, code_hash, attempts, created_at, expires_at, mailed_at, used_at
            FROM challenges WHERE email = ?
            """,
            [.text(email)]
        ) { row in
            Challenge(
                email: row.text(0), id: row.id(1), codeHash: row.text(2), attempts: row.integer(3),
                createdAt: row.time(4), expiresAt: row.time(5), mailedAt: row.time(6),
                isUsed: !row.isNull(7))
        }
    }

    /// Puts this challenge in the place of the address's last one.
    func replaceLast(in database: Database) throws(AuthError) {
        try database.run(
            """
            INSERT INTO challenges (email, id, code_hash, attempts, created_at, expires_at, mailed_at)
            VALUES (?, ?, ?, 0, ?, ?, ?)
            ON CONFLICT (email) DO UPDATE SET
                id = excluded.id, code_hash = excluded.code_hash, attempts = 0,
                created_at = excluded.created_at, expires_at = excluded.expires_at,
                mailed_at = excluded.mailed_at, used_at = NULL
            """,
            [
                .text(email), .id(id), .text(codeHash), .time(createdAt), .time(expiresAt),
                .time(mailedAt),
            ])
    }

    /// Another mail with the same code was asked for: neither expiry nor attempts change.
    func noteMail(at now: Timestamp, in database: Database) throws(AuthError) {
        try database.run(
            "UPDATE challenges SET mailed_at = ? WHERE email = ? AND id = ?",
            [.time(now), .text(email), .id(id)])
    }

    /// A challenge that a guess may be compared with.
    struct Counted {
        let id: UUID
        let codeHash: String
    }

    /// Counts one guess against the live challenge of `email`, by one statement, so that however many
    /// arrive at once no more than `limit` are compared. nil if there is none, or its guesses are used up.
    static func countAttempt(
        email: String, limit: Int64, at now: Timestamp, in database: Database
    ) throws(AuthError) -> Counted? {
        try database.first(
            """
            UPDATE challenges SET attempts = attempts + 1
            WHERE email = ? AND used_at IS NULL AND expires_at > ? AND attempts < ?
            RETURNING id, code_hash
            """,
            [.text(email), .time(now), .integer(limit)]
        ) { Counted(id: $0.id(0), codeHash: $0.text(1)) }
    }

    /// Takes back a guess that was counted.
    static func takeBackAttempt(email: String, id: UUID, in database: Database) throws(AuthError) {
        try database.run(
            "UPDATE challenges SET attempts = attempts - 1 WHERE email = ? AND id = ? AND attempts > 0",
            [.text(email), .id(id)])
    }

    /// Uses the challenge up; false if another did so first, or it expired or was replaced.
    static func consume(
        email: String, id: UUID, at now: Timestamp, in database: Database
    ) throws(AuthError) -> Bool {
        try database.run(
            """
            UPDATE challenges SET used_at = ?
            WHERE email = ? AND id = ? AND used_at IS NULL AND expires_at > ?
            """,
            [.time(now), .text(email), .id(id), .time(now)]) == 1
    }

    /// Deletes some that expired before `moment`.
    static func deleteExpired(
        before moment: Timestamp, limit: Int64, in database: Database
    ) throws(AuthError) {
        try database.run(
            """
            DELETE FROM challenges WHERE email IN
                (SELECT email FROM challenges WHERE expires_at < ? ORDER BY expires_at LIMIT ?)
            """,
            [.time(moment), .integer(limit)])
    }
}
