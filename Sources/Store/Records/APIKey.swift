// API keys of projects.

import Cryptography
package import Platform
import SQL

/// A key, without the secret.
package struct APIKey {
    /// The key's id in API and audit. The secret does not contain it.
    package let id: UUID
    /// The project that the key belongs to.
    package let project: UUID
    /// The account that made the key. The key works only while that account is active and belongs to the project.
    package let creator: UUID
    /// The first 11 characters of the secret.
    package let prefix: String
    /// The maker's name for the key; several keys may have the same name.
    package let name: String
    /// nil: all.
    package let scopes: [String]?
    /// When the key was last used, though not every use is noted; nil: never.
    package let lastUsedAt: Timestamp?
    /// When the key expires; nil: never.
    package let expiresAt: Timestamp?
    /// When the key was first deactivated; nil: never.
    package let deactivatedAt: Timestamp?
    /// When the key was made.
    package let createdAt: Timestamp
    /// When its name, scopes or expiry last changed, or it was deactivated or replaced.
    package let updatedAt: Timestamp
    /// The key that it replaced.
    package let replaces: UUID?
    /// The key that replaced it.
    package let replacedBy: UUID?

    /// Whether the key works at `now`: not deactivated, not expired, and not made by a clock that ran ahead.
    package func isActive(at now: Timestamp) -> Bool {
        deactivatedAt == nil && (expiresAt.map { $0 > now } ?? true) && !createdAt.isFuture(at: now)
    }

    /// Whether the key may do what needs `scope`: one of its scopes equals it, or ends in "*" and is a prefix of it.
    package func grants(_ scope: String) -> Bool {
        guard let scopes else { return true }
        return scopes.contains { granted in
            granted.utf8.last == UInt8(ascii: "*")
                ? scope.utf8.starts(with: granted.utf8.dropLast())
                : scope.isSame(as: granted)
        }
    }

    /// Whether a scope may contain `byte`: an ASCII letter or digit, or one of `:._*/-`.
    package static func isScopeCharacter(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || ":._*/-".utf8.contains(byte)
    }

    /// Columns id … replaced_by, as every query here lists them.
    private init(_ row: Row) {
        id = row.id(0)
        project = row.id(1)
        creator = row.id(2)
        prefix = row.text(3)
        name = row.text(4)
        scopes = row.optionalText(5).map { text in
            text.utf8.split(separator: UInt8(ascii: " ")).map { String(Substring($0)) }
        }
        lastUsedAt = row.optionalTime(6)
        expiresAt = row.optionalTime(7)
        deactivatedAt = row.optionalTime(8)
        createdAt = row.time(9)
        updatedAt = row.time(10)
        replaces = row.optionalID(11)
        replacedBy = row.optionalID(12)
    }

    /// The key `id` of `project`, ended or not; nil if the project has no such key.
    package static func find(_ id: UUID, in project: UUID, _ database: Database) throws(AuthError) -> APIKey? {
        try database.first(
            """
            SELECT id, project_id, created_by, prefix, name, scopes, last_used_at, expires_at,
                   deactivated_at, created_at, updated_at, replaces, replaced_by
            FROM api_keys WHERE id = $1 AND project_id = $2
            """,
            [.id(id), .id(project)]
        ) { APIKey($0) }
    }

    /// The key `id`, in any project.
    package static func find(_ id: UUID, in database: Database) throws(AuthError) -> APIKey? {
        try database.first(
            """
            SELECT id, project_id, created_by, prefix, name, scopes, last_used_at, expires_at,
                   deactivated_at, created_at, updated_at, replaces, replaced_by
            FROM api_keys WHERE id = $1
            """,
            [.id(id)]
        ) { APIKey($0) }
    }

    /// The keys that `creator` made, newest first, at most `limit`.
    package static func all(
        by creator: UUID, limit: Int64, in database: Database
    ) throws(AuthError) -> [APIKey] {
        try database.all(
            """
            SELECT id, project_id, created_by, prefix, name, scopes, last_used_at, expires_at,
                   deactivated_at, created_at, updated_at, replaces, replaced_by
            FROM api_keys WHERE created_by = $1 ORDER BY sequence DESC LIMIT $2
            """,
            [.id(creator), .integer(limit)]
        ) { APIKey($0) }
    }

    /// A key that a secret may belong to, with what verifies it.
    package struct Candidate {
        /// The stored key, ended or not.
        package let key: APIKey
        /// The Argon2id hash of the secret (RFC 9106), as a PHC string.
        package let hash: String
        /// Whether the account that made the key is active.
        package let creatorIsActive: Bool
        /// The maker's address, if they are a superuser.
        package let superuser: String?
    }

    /// The keys that begin like the secret, whose creators still belong to their projects.
    package static func candidates(
        prefix: String, in database: Database
    ) throws(AuthError) -> [Candidate] {
        try database.all(
            """
            SELECT k.id, k.project_id, k.created_by, k.prefix, k.name, k.scopes, k.last_used_at,
                   k.expires_at, k.deactivated_at, k.created_at, k.updated_at, k.replaces, k.replaced_by,
                   k.key_hash, u.is_active, CASE WHEN u.is_superuser = 1 THEN u.email END
            FROM api_keys AS k
            JOIN users AS u ON u.id = k.created_by
            JOIN members AS m ON m.user_id = k.created_by AND m.project_id = k.project_id
            WHERE k.prefix = $1 AND substr(u.email, 1, 8) <> 'deleted '
            """,
            [.text(prefix)]
        ) { Candidate(key: APIKey($0), hash: $0.text(13), creatorIsActive: $0.flag(14), superuser: $0.optionalText(15)) }
    }

    /// The keys of `project`, newest first, starting at `offset`.
    package static func page(
        of project: UUID, offset: Int64, limit: Int64, in database: Database
    ) throws(AuthError) -> [APIKey] {
        try database.all(
            """
            SELECT id, project_id, created_by, prefix, name, scopes, last_used_at, expires_at,
                   deactivated_at, created_at, updated_at, replaces, replaced_by
            FROM api_keys WHERE project_id = $1 ORDER BY sequence DESC LIMIT $2 OFFSET $3
            """,
            [.id(project), .integer(limit), .integer(offset)]
        ) { APIKey($0) }
    }

    /// How many keys `project` has, including ended ones. It reads all of them.
    package static func count(of project: UUID, in database: Database) throws(AuthError) -> Int64 {
        try database.first(
            "SELECT count(*) FROM api_keys WHERE project_id = $1", [.id(project)]
        ) { $0.integer(0) } ?? 0
    }

    /// A new key for `project`.
    package static func create(
        _ id: UUID, for project: UUID, by creator: UUID, named name: String, scopes: [String]?,
        prefix: String, hash: String, expiresAt: Timestamp?, replacing old: UUID? = nil, at now: Timestamp,
        in database: Database
    ) throws(AuthError) {
        let scopes = scopes.map { $0.joined(separator: " ") }
        try database.run(
            """
            INSERT INTO api_keys (id, project_id, created_by, prefix, key_hash, name, scopes,
                                  expires_at, created_at, updated_at, replaces)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            [
                .id(id), .id(project), .id(creator), .text(prefix), .text(hash), .text(name),
                .optional(scopes), .time(expiresAt), .time(now), .time(now), .id(old),
            ])
    }

    /// Notes that the key was used, unless a use was noted since `moment`. Overwrites a time from a clock that ran ahead.
    package func noteUse(at now: Timestamp, unlessSince moment: Timestamp, in database: Database) throws(AuthError) {
        try database.run(
            """
            UPDATE api_keys SET last_used_at = $1
            WHERE id = $2 AND deactivated_at IS NULL
                AND (last_used_at IS NULL OR last_used_at <= $3 OR last_used_at > $4)
            """,
            [.time(now), .id(id), .time(moment), .time(now)])
    }

    /// Deactivates the key. The first time stays.
    package func deactivate(at now: Timestamp, in database: Database) throws(AuthError) {
        try database.run(
            """
            UPDATE api_keys SET deactivated_at = $1, updated_at = $2
            WHERE id = $3 AND deactivated_at IS NULL
            """,
            [.time(now), .time(now), .id(id)])
    }

    /// Gives the key another name, other scopes, or both.
    package func update(
        name: String, scopes: [String]?, at now: Timestamp, in database: Database
    ) throws(AuthError) {
        try database.run(
            "UPDATE api_keys SET name = $1, scopes = $2, updated_at = $3 WHERE id = $4",
            [.text(name), .optional(scopes.map { $0.joined(separator: " ") }), .time(now), .id(id)])
    }

    /// Deactivates some keys that `creator` made in `project`. Returns which.
    package static func deactivateSome(
        by creator: UUID, in project: UUID, limit: Int64, at now: Timestamp, _ database: Database
    ) throws(AuthError) -> [UUID] {
        try database.all(
            """
            UPDATE api_keys SET deactivated_at = $1, updated_at = $2
            WHERE sequence IN (SELECT sequence FROM api_keys
                               WHERE created_by = $3 AND project_id = $4 AND deactivated_at IS NULL LIMIT $5)
            RETURNING id
            """,
            [.time(now), .time(now), .id(creator), .id(project), .integer(limit)]
        ) { $0.id(0) }
    }

    /// Notes that the key `new` replaced this one.
    package func noteReplacement(by new: UUID, at now: Timestamp, in database: Database) throws(AuthError) {
        try database.run(
            "UPDATE api_keys SET replaced_by = $1, updated_at = $2 WHERE id = $3",
            [.id(new), .time(now), .id(id)])
    }

    // The counts read only indexes, since a row may be long, except for replaced keys. They stop at `limit`.

    /// How many keys of `project` have not ended. A replaced key shares the place of the key that replaced it until that
    /// one ends.
    package static func liveCount(
        of project: UUID, at now: Timestamp, limit: Int64, in database: Database
    ) throws(AuthError) -> Int64 {
        try database.first(
            """
            SELECT count(*) FROM
                (SELECT 1 FROM api_keys AS k WHERE project_id = $1 AND deactivated_at IS NULL
                     AND (expires_at IS NULL OR expires_at > $2)
                     AND (replaced_by IS NULL OR NOT EXISTS
                         (SELECT 1 FROM api_keys AS heir WHERE heir.id = k.replaced_by AND heir.deactivated_at IS NULL
                              AND (heir.expires_at IS NULL OR heir.expires_at > $2))) LIMIT $3) AS live
            """,
            [.id(project), .time(now), .integer(limit)]
        ) { $0.integer(0) } ?? 0
    }

    /// The same for keys that `creator` made.
    package static func liveCount(
        of project: UUID, by creator: UUID, at now: Timestamp, limit: Int64, in database: Database
    ) throws(AuthError) -> Int64 {
        try database.first(
            """
            SELECT count(*) FROM
                (SELECT 1 FROM api_keys AS k WHERE created_by = $1 AND project_id = $2 AND deactivated_at IS NULL
                     AND (expires_at IS NULL OR expires_at > $3)
                     AND (replaced_by IS NULL OR NOT EXISTS
                         (SELECT 1 FROM api_keys AS heir WHERE heir.id = k.replaced_by AND heir.deactivated_at IS NULL
                              AND (heir.expires_at IS NULL OR heir.expires_at > $3))) LIMIT $4) AS live
            """,
            [.id(creator), .id(project), .time(now), .integer(limit)]
        ) { $0.integer(0) } ?? 0
    }

    /// Deletes the oldest ended keys of `project`, if there are more than `kept`.
    package static func deleteEnded(
        of project: UUID, but kept: Int64, at now: Timestamp, limit: Int64, in database: Database
    ) throws(AuthError) {
        try database.run(
            """
            DELETE FROM api_keys WHERE sequence IN
                (SELECT sequence FROM api_keys
                 WHERE project_id = $1 AND (deactivated_at IS NOT NULL OR expires_at <= $2)
                 ORDER BY sequence DESC LIMIT $3 OFFSET $4)
            """,
            [.id(project), .time(now), .integer(limit), .integer(kept)])
    }

    /// Deletes some keys that were deactivated or expired before `moment`. Returns how many.
    package static func deleteEnded(
        before moment: Timestamp, limit: Int64, in database: Database
    ) throws(AuthError) -> Int {
        try database.run(
            """
            DELETE FROM api_keys WHERE sequence IN
                (SELECT sequence FROM api_keys WHERE coalesce(deactivated_at, expires_at) < $1
                 ORDER BY coalesce(deactivated_at, expires_at) LIMIT $2)
            """,
            [.time(moment), .integer(limit)])
    }

    /// Deletes some keys of `project`. Returns how many.
    package static func deleteSome(
        of project: UUID, limit: Int64, in database: Database
    ) throws(AuthError) -> Int64 {
        Int64(
            try database.run(
                """
                DELETE FROM api_keys WHERE sequence IN
                    (SELECT sequence FROM api_keys WHERE project_id = $1 LIMIT $2)
                """,
                [.id(project), .integer(limit)]))
    }

    /// Deletes some keys that `creator` made. Returns how many.
    package static func deleteSome(
        by creator: UUID, limit: Int64, in database: Database
    ) throws(AuthError) -> Int64 {
        Int64(
            try database.run(
                """
                DELETE FROM api_keys WHERE sequence IN
                    (SELECT sequence FROM api_keys WHERE created_by = $1 LIMIT $2)
                """,
                [.id(creator), .integer(limit)]))
    }

    /// Makes the key expire at `expiry`, which its maker already knows.
    package func expire(at expiry: Timestamp, now: Timestamp, in database: Database) throws(AuthError) {
        try database.run(
            "UPDATE api_keys SET expires_at = $1, told_days = 0, updated_at = $2 WHERE id = $3",
            [.time(expiry), .time(now), .id(id)])
    }
}
