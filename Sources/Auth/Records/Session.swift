// Sessions: what a sign-in begins, a refresh prolongs, and a revocation or a replay ends.

import Crypto
import SQLite
import System

/// A session and the account it is of.
struct Session {
    let id: UUID
    /// Of the refresh token that is good now.
    let generation: UInt32
    /// When that became so.
    let rotatedAt: Timestamp
    /// The session's end, however often it is refreshed.
    let expiresAt: Timestamp
    let isRevoked: Bool
    let user: User

    /// The session `id` and its account, in one look-up.
    static func find(_ id: UUID, in database: Database) throws(AuthError) -> Session? {
        try database.first(
            """
            SELECT s.generation, s.rotated_at, s.expires_at, s.revoked_at,
                   u.id, u.email, u.full_name, u.is_active, u.is_superuser, u.is_verified,
                   u.token_balance, u.tokens_used, u.subscription_tier, u.created_at, u.updated_at
            FROM sessions AS s JOIN users AS u ON u.id = s.user_id WHERE s.id = ?
            """,
            [.id(id)]
        ) { row in
            Session(
                id: id, generation: UInt32(truncatingIfNeeded: row.integer(0)),
                rotatedAt: row.time(1), expiresAt: row.time(2), isRevoked: !row.isNull(3),
                user: User(row, from: 4))
        }
    }

    /// Begins a session of generation 1.
    static func create(
        _ id: UUID, of user: UUID, at now: Timestamp, until expiry: Timestamp, in database: Database
    ) throws(AuthError) {
        try database.run(
            """
            INSERT INTO sessions (id, user_id, generation, rotated_at, created_at, expires_at)
            VALUES (?, ?, 1, ?, ?, ?)
            """,
            [.id(id), .id(user), .time(now), .time(now), .time(expiry)])
    }

    /// Makes the next generation the good one; false if another did so first.
    func rotate(at now: Timestamp, in database: Database) throws(AuthError) -> Bool {
        try database.run(
            """
            UPDATE sessions SET generation = generation + 1, rotated_at = ?
            WHERE id = ? AND generation = ? AND revoked_at IS NULL
            """,
            [.time(now), .id(id), .integer(Int64(generation))]) == 1
    }

    /// Ends the session `id`, and tells whose it was; nil for one that has ended or never was, which stays
    /// as it is.
    @discardableResult
    static func revoke(_ id: UUID, at now: Timestamp, in database: Database) throws(AuthError) -> UUID? {
        try database.first(
            "UPDATE sessions SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL RETURNING user_id",
            [.time(now), .id(id)]
        ) { $0.id(0) }
    }

    /// Deletes some that expired before `moment`.
    static func deleteExpired(
        before moment: Timestamp, limit: Int64, in database: Database
    ) throws(AuthError) {
        try database.run(
            """
            DELETE FROM sessions WHERE id IN
                (SELECT id FROM sessions WHERE expires_at < ? ORDER BY expires_at LIMIT ?)
            """,
            [.time(moment), .integer(limit)])
    }
}
