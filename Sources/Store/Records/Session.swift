// Sessions: a sign-in begins one, a refresh prolongs it, and a revocation or a replay ends it.

import Cryptography
package import Platform
import SQL

/// A session and its account.
package struct Session {
    /// The session's id: `sid` of its access tokens.
    package let id: UUID
    /// The generation of the current refresh token.
    package let generation: UInt32
    /// When that generation began.
    package let rotatedAt: Timestamp
    /// When the session ends, however often it is refreshed.
    package let expiresAt: Timestamp
    /// Whether something other than its expiry ended it.
    package let isRevoked: Bool
    /// The tag of its last access token, by its signing key; nil if that was issued before tags were stored.
    package let accessTokenTag: [UInt8]?
    /// The session's account, active or not.
    package let user: User

    /// The session `id` and its account, in one query.
    package static func find(_ id: UUID, in database: Database) throws(AuthError) -> Session? {
        let found = try database.first(
            """
            SELECT s.generation, s.rotated_at, s.expires_at, s.revoked_at, s.access_token_tag,
                   u.id, u.email, u.full_name, u.is_active, u.is_superuser, u.is_verified,
                   u.token_balance, u.tokens_used, u.subscription_tier, u.created_at, u.updated_at
            FROM sessions AS s JOIN users AS u ON u.id = s.user_id WHERE s.id = $1
            """,
            [.id(id)]
        ) { row in
            Session(
                id: id, generation: UInt32(truncatingIfNeeded: row.integer(0)),
                rotatedAt: row.time(1), expiresAt: row.time(2), isRevoked: !row.isNull(3),
                accessTokenTag: row.isNull(4) ? nil : row.blob(4), user: User(row, from: 5))
        }
        // An account that is being deleted has no valid sessions.
        guard let found, !found.user.isErased else { return nil }
        return found
    }

    /// The account, if it and the session are valid. Throws as `ActingSession.account` does.
    package func activeUser(at now: Timestamp) throws(AuthError) -> User {
        // Deactivating an account ends its sessions, but its owner gets that reason.
        guard user.isActive else { throw .accountInactive }
        guard !isRevoked, expiresAt > now else { throw .invalidToken }
        return user
    }

    /// Begins a session of generation 1.
    package static func create(
        _ id: UUID, of user: UUID, from client: Client, given accessTokenTag: [UInt8], at now: Timestamp,
        until expiry: Timestamp, in database: Database
    ) throws(AuthError) {
        try database.queue(
            """
            INSERT INTO sessions (id, user_id, generation, rotated_at, created_at, expires_at,
                                  client, user_agent, access_token_tag)
            VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8)
            """,
            [
                .id(id), .id(user), .time(now), .time(now), .time(expiry), .text(client.address),
                .optional(client.userAgent), .blob(accessTokenTag),
            ])
    }

    /// Makes the next generation current; false if another request did so first.
    package func rotate(
        by client: Client, given accessTokenTag: [UInt8], at now: Timestamp, in database: Database
    ) throws(AuthError) -> Bool {
        try database.run(
            """
            UPDATE sessions
            SET generation = generation + 1, rotated_at = $1, client = $2, user_agent = $3, access_token_tag = $4
            WHERE id = $5 AND generation = $6 AND revoked_at IS NULL
            """,
            [
                .time(now), .text(client.address), .optional(client.userAgent), .blob(accessTokenTag), .id(id),
                .integer(Int64(generation)),
            ]) == 1
    }

    // A session is valid if it was not revoked, has not expired and was refreshed lately. One that merely was not refreshed
    // is revoked with the others, since a longer `refresh_ttl` would revive it, but it is not counted: it had ended.

    /// Ends the session `id` of `user`; false if there is no such valid session.
    package static func revoke(
        _ id: UUID, of user: UUID, refreshedSince moment: Timestamp, at now: Timestamp, in database: Database
    ) throws(AuthError) -> Bool {
        try database.first(
            """
            UPDATE sessions SET revoked_at = $1
            WHERE id = $2 AND user_id = $3 AND revoked_at IS NULL AND expires_at > $4 RETURNING rotated_at > $5
            """,
            [.time(now), .id(id), .id(user), .time(now), .time(moment)]
        ) { $0.flag(0) } ?? false
    }

    /// Ends every session of `user` except `keep`, at most `limit`. Returns which they were, and whether they were valid.
    package static func revokeAll(
        of user: UUID, but keep: UUID?, refreshedSince moment: Timestamp, limit: Int64 = .max, at now: Timestamp,
        in database: Database
    ) throws(AuthError) -> [(id: UUID, wasGood: Bool)] {
        try database.all(
            """
            UPDATE sessions SET revoked_at = $1
            WHERE id IN (SELECT id FROM sessions
                         WHERE user_id = $2 AND id IS DISTINCT FROM $3 AND revoked_at IS NULL AND expires_at > $4 LIMIT $5)
            RETURNING id, rotated_at > $6
            """,
            [.time(now), .id(user), .id(keep), .time(now), .integer(limit), .time(moment)]
        ) { (id: $0.id(0), wasGood: $0.flag(1)) }
    }

    /// Ends the least recently used sessions of `user`, if more than `most` have not ended, at most `limit` at once. Returns
    /// which. `keep` counts and stays.
    package static func revokeExcess(
        of user: UUID, over most: Int64, keeping keep: UUID, limit: Int64, at now: Timestamp, in database: Database
    ) throws(AuthError) -> [UUID] {
        try database.all(
            """
            UPDATE sessions SET revoked_at = $1
            WHERE id IN (SELECT id FROM sessions
                         WHERE user_id = $2 AND id <> $3 AND revoked_at IS NULL AND expires_at > $4
                         ORDER BY rotated_at DESC, id LIMIT $5 OFFSET $6)
            RETURNING id
            """,
            [.time(now), .id(user), .id(keep), .time(now), .integer(limit), .integer(most - 1)]
        ) { $0.id(0) }
    }

    /// Deletes ended sessions of `user`, the longest unused first, if there are more than `kept`; at most `limit` at once.
    package static func deleteEnded(
        of user: UUID, but kept: Int64, limit: Int64, at now: Timestamp, in database: Database
    ) throws(AuthError) {
        try database.run(
            """
            DELETE FROM sessions
            WHERE id IN (SELECT id FROM sessions WHERE user_id = $1 AND (revoked_at IS NOT NULL OR expires_at <= $2)
                         ORDER BY rotated_at DESC, id LIMIT $3 OFFSET $4)
            """,
            [.id(user), .time(now), .integer(limit), .integer(kept)])
    }

    /// Ends the session `id` and returns its account; nil if it was not valid, or never existed.
    @discardableResult
    package static func revoke(
        _ id: UUID, refreshedSince moment: Timestamp, at now: Timestamp, in database: Database
    ) throws(AuthError) -> UUID? {
        try database.first(
            """
            UPDATE sessions SET revoked_at = $1
            WHERE id = $2 AND revoked_at IS NULL AND expires_at > $3 RETURNING user_id, rotated_at > $4
            """,
            [.time(now), .id(id), .time(now), .time(moment)]
        ) { $0.flag(1) ? $0.id(0) : nil } ?? nil
    }

    /// Ends every session. Returns how many were valid.
    package static func revokeAll(
        refreshedSince moment: Timestamp, at now: Timestamp, in database: Database
    ) throws(AuthError) -> Int {
        let good = try database.first(
            "SELECT count(*) FROM sessions WHERE revoked_at IS NULL AND expires_at > $1 AND rotated_at > $2",
            [.time(now), .time(moment)]
        ) { $0.integer(0) }
        try database.run("UPDATE sessions SET revoked_at = $1 WHERE revoked_at IS NULL", [.time(now)])
        return Int(good ?? 0)
    }

    /// Deletes some sessions of `user`. Returns how many.
    package static func deleteSome(of user: UUID, limit: Int64, in database: Database) throws(AuthError) -> Int64 {
        Int64(
            try database.run(
                "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE user_id = $1 LIMIT $2)",
                [.id(user), .integer(limit)]))
    }

    /// Deletes some sessions that expired before `moment`. Returns how many.
    package static func deleteExpired(
        before moment: Timestamp, limit: Int64, in database: Database
    ) throws(AuthError) -> Int {
        try database.run(
            """
            DELETE FROM sessions WHERE id IN
                (SELECT id FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)
            """,
            [.time(moment), .integer(limit)])
    }
}

/// A session as its owner sees it in a list.
package struct SessionSummary {
    /// The session's id, by which its owner ends it.
    package let id: UUID
    /// When the sign-in was.
    package let createdAt: Timestamp
    /// When it was last refreshed, or begun.
    package let lastUsedAt: Timestamp
    /// When the session ends, however often it is refreshed.
    package let expiresAt: Timestamp
    /// The last network address; nil for a session from before addresses were stored.
    package let client: String?
    /// The client's user agent at the last refresh or the sign-in; nil if it sent none.
    package let userAgent: String?

    /// The sessions of `user` that have not ended and were refreshed since `moment`, the last used first, starting at
    /// `offset`.
    package static func page(
        of user: UUID, refreshedSince moment: Timestamp, at now: Timestamp, offset: Int64, limit: Int64,
        in database: Database
    ) throws(AuthError) -> [SessionSummary] {
        try database.all(
            """
            SELECT id, created_at, rotated_at, expires_at, client, user_agent FROM sessions
            WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 AND rotated_at > $3
            ORDER BY rotated_at DESC, id LIMIT $4 OFFSET $5
            """,
            [.id(user), .time(now), .time(moment), .integer(limit), .integer(offset)]
        ) { row in
            SessionSummary(
                id: row.id(0), createdAt: row.time(1), lastUsedAt: row.time(2), expiresAt: row.time(3),
                client: row.optionalText(4), userAgent: row.optionalText(5))
        }
    }

    /// How many sessions all pages of `page` have.
    package static func count(
        of user: UUID, refreshedSince moment: Timestamp, at now: Timestamp, in database: Database
    ) throws(AuthError) -> Int64 {
        try database.first(
            """
            SELECT count(*) FROM sessions
            WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 AND rotated_at > $3
            """,
            [.id(user), .time(now), .time(moment)]
        ) { $0.integer(0) } ?? 0
    }
}

/// A stored session, ended or not.
package struct SessionExport {
    /// The session's id.
    package let id: UUID
    /// When the sign-in was.
    package let createdAt: Timestamp
    /// When it was last refreshed, or begun.
    package let lastUsedAt: Timestamp
    /// When the session ends, however often it is refreshed.
    package let expiresAt: Timestamp
    /// When something other than its expiry ended it; nil: nothing did.
    package let endedAt: Timestamp?
    /// The last network address.
    package let client: String?
    /// The client's user agent at the last refresh or the sign-in; nil if it sent none.
    package let userAgent: String?

    /// All sessions of `user`, oldest first.
    package static func all(of user: UUID, in database: Database) throws(AuthError) -> [SessionExport] {
        try database.all(
            """
            SELECT id, created_at, rotated_at, expires_at, revoked_at, client, user_agent FROM sessions
            WHERE user_id = $1 ORDER BY created_at, id
            """,
            [.id(user)]
        ) { row in
            SessionExport(
                id: row.id(0), createdAt: row.time(1), lastUsedAt: row.time(2), expiresAt: row.time(3),
                endedAt: row.optionalTime(4), client: row.optionalText(5), userAgent: row.optionalText(6))
        }
    }
}
