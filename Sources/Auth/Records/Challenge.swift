// The codes that are mailed to an address: to sign in with it, or to make it an account's.

import Crypto
import SQLite
package import System

/// What a code is asked for: an address, and what whoever reads its mail may do then.
struct ChallengeTarget {
    let email: Email
    /// The account that is to get the address; nil: to sign in.
    let user: UUID?

    fileprivate var keys: [Value] { [.text(email.text), .blob(user?.bytes ?? [])] }
}

/// One code's life, from the first mail to its use. A target has one at a time.
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

    private init(_ row: Row) {
        self.init(
            email: row.text(0), id: row.id(1), codeHash: row.text(2), attempts: row.integer(3),
            createdAt: row.time(4), expiresAt: row.time(5), mailedAt: row.time(6), isUsed: !row.isNull(7))
    }

    init(
        email: String, id: UUID, codeHash: String, attempts: Int64, createdAt: Timestamp,
        expiresAt: Timestamp, mailedAt: Timestamp, isUsed: Bool
    ) {
        self.email = email
        self.id = id
        self.codeHash = codeHash
        self.attempts = attempts
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.mailedAt = mailedAt
        self.isUsed = isUsed
    }

    static func find(_ target: ChallengeTarget, in database: Database) throws(AuthError) -> Challenge? {
        try database.first(
            """
            SELECT email, id, code_hash, attempts, created_at, expires_at, mailed_at, used_at
            FROM challenges WHERE email = ? AND user_id = ?
            """,
            target.keys
        ) { Challenge($0) }
    }

    /// The challenge `id` of `email`, whatever it is for.
    static func find(_ id: UUID, of email: String, in database: Database) throws(AuthError) -> Challenge? {
        try database.first(
            """
            SELECT email, id, code_hash, attempts, created_at, expires_at, mailed_at, used_at
            FROM challenges WHERE email = ? AND id = ?
            """,
            [.text(email), .id(id)]
        ) { Challenge($0) }
    }

    /// Puts this challenge in the place of the target's last one.
    func replaceLast(of target: ChallengeTarget, in database: Database) throws(AuthError) {
        try database.run(
            """
            INSERT INTO challenges (email, user_id, id, code_hash, attempts, created_at, expires_at,
                                    mailed_at)
            VALUES (?, ?, ?, ?, 0, ?, ?, ?)
            ON CONFLICT (email, user_id) DO UPDATE SET
                id = excluded.id, code_hash = excluded.code_hash, attempts = 0,
                created_at = excluded.created_at, expires_at = excluded.expires_at,
                mailed_at = excluded.mailed_at, used_at = NULL
            """,
            target.keys + [
                .id(id), .text(codeHash), .time(createdAt), .time(expiresAt), .time(mailedAt),
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

    /// Counts one guess against the live challenge of `target`, by one statement, so that however many
    /// arrive at once no more than `limit` are compared. nil if there is none, or its guesses are used up.
    static func countAttempt(
        _ target: ChallengeTarget, limit: Int64, at now: Timestamp, in database: Database
    ) throws(AuthError) -> Counted? {
        try database.first(
            """
            UPDATE challenges SET attempts = attempts + 1
            WHERE email = ? AND user_id = ? AND used_at IS NULL AND expires_at > ? AND attempts < ?
            RETURNING id, code_hash
            """,
            target.keys + [.time(now), .integer(limit)]
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

    /// Deletes some that expired before `moment`; how many.
    static func deleteExpired(
        before moment: Timestamp, limit: Int64, in database: Database
    ) throws(AuthError) -> Int {
        try database.run(
            """
            DELETE FROM challenges WHERE (email, user_id) IN
                (SELECT email, user_id FROM challenges WHERE expires_at < ? ORDER BY expires_at LIMIT ?)
            """,
            [.time(moment), .integer(limit)])
    }

    /// Deletes all there are; how many.
    static func deleteAll(in database: Database) throws(AuthError) -> Int {
        try database.run("DELETE FROM challenges")
    }

    /// Deletes those of `email` and of the account `user`.
    static func deleteAll(of email: String, and user: UUID, in database: Database) throws(AuthError) {
        try database.run("DELETE FROM challenges WHERE email = ?", [.text(email)])
        try database.run(
            "DELETE FROM challenges WHERE user_id = ? AND user_id <> x''", [.id(user)])
    }
}

/// That a code was asked for; never the code.
package struct HeldCode {
    /// Where it was mailed to.
    package let email: String
    package let attempts: Int64
    package let createdAt: Timestamp
    package let expiresAt: Timestamp
    package let usedAt: Timestamp?

    /// Those of `email`, and those for the account `user`.
    static func all(of email: String, and user: UUID, in database: Database) throws(AuthError) -> [HeldCode] {
        try database.all(
            """
            SELECT email, attempts, created_at, expires_at, used_at FROM challenges
            WHERE email = ?1 OR user_id = ?2 ORDER BY created_at, email
            """,
            [.text(email), .id(user)]
        ) { row in
            HeldCode(
                email: row.text(0), attempts: row.integer(1), createdAt: row.time(2), expiresAt: row.time(3),
                usedAt: row.optionalTime(4))
        }
    }
}
