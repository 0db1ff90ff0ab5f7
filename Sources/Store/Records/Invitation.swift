// Invitations to projects. They go by address: nothing shows whether it has an account.

import Cryptography
package import Platform
import SQL

/// An invitation that has not been accepted yet.
package struct Invitation {
    /// The invitation's id. It stays when the address is invited again.
    package let id: UUID
    /// The project that it invites to.
    package let project: UUID
    /// The project's current name.
    package let projectName: String
    /// The invited address, in lower case, with or without an account.
    package let email: String
    /// The role that accepting it gives.
    package let role: Role
    /// The inviter's address.
    package let inviter: String
    /// When the invitation was made; inviting the address again does not change it.
    package let createdAt: Timestamp
    /// When the invitation expires.
    package let expiresAt: Timestamp
    /// The account that invited last.
    package let inviterID: UUID
    /// Whether the account that invited last is active.
    package let inviterIsActive: Bool

    /// Whether it can be accepted: not expired, and not made by a clock that ran ahead.
    package func isOpen(at now: Timestamp) -> Bool { expiresAt > now && !createdAt.isFuture(at: now) }

    /// Columns as every query here lists them.
    private init(_ row: Row) {
        id = row.id(0)
        project = row.id(1)
        projectName = row.text(2)
        email = row.text(3)
        role = Role(named: row.text(4)) ?? .member
        inviter = row.text(5)
        createdAt = row.time(6)
        expiresAt = row.time(7)
        inviterID = row.id(8)
        inviterIsActive = row.flag(9)
    }

    /// The invitation `id`, expired or not; nil if there is none.
    package static func find(_ id: UUID, in database: Database) throws(AuthError) -> Invitation? {
        try database.first(
            """
            SELECT i.id, i.project_id, p.name, i.email, i.role, u.email, i.created_at, i.expires_at,
                   u.id, u.is_active
            FROM invitations AS i JOIN projects AS p ON p.id = i.project_id
            JOIN users AS u ON u.id = i.invited_by WHERE i.id = $1
            """,
            [.id(id)]
        ) { Invitation($0) }
    }

    /// The invitation of `email` to `project`, expired or not; there is at most one. nil: not invited.
    package static func find(
        _ email: String, to project: UUID, in database: Database
    ) throws(AuthError) -> Invitation? {
        try database.first(
            """
            SELECT i.id, i.project_id, p.name, i.email, i.role, u.email, i.created_at, i.expires_at,
                   u.id, u.is_active
            FROM invitations AS i JOIN projects AS p ON p.id = i.project_id
            JOIN users AS u ON u.id = i.invited_by WHERE i.project_id = $1 AND i.email = $2
            """,
            [.id(project), .text(email)]
        ) { Invitation($0) }
    }

    /// The unexpired invitations to `project`, oldest first; at most `StoreBounds.listedWithin`.
    package static func all(
        of project: UUID, at now: Timestamp, in database: Database
    ) throws(AuthError) -> [Invitation] {
        try database.all(
            """
            SELECT i.id, i.project_id, p.name, i.email, i.role, u.email, i.created_at, i.expires_at,
                   u.id, u.is_active
            FROM invitations AS i JOIN projects AS p ON p.id = i.project_id
            JOIN users AS u ON u.id = i.invited_by
            WHERE i.project_id = $1 AND i.expires_at > $2 ORDER BY i.created_at, i.id
            """,
            [.id(project), .time(now)], limit: StoreBounds.listedWithin
        ) { Invitation($0) }
    }

    /// The unexpired invitations of `email`, newest first, starting at `offset`.
    package static func page(
        of email: String, at now: Timestamp, offset: Int64, limit: Int64, in database: Database
    ) throws(AuthError) -> [Invitation] {
        try database.all(
            """
            SELECT i.id, i.project_id, p.name, i.email, i.role, u.email, i.created_at, i.expires_at,
                   u.id, u.is_active
            FROM invitations AS i JOIN projects AS p ON p.id = i.project_id
            JOIN users AS u ON u.id = i.invited_by
            WHERE i.email = $1 AND i.expires_at > $2 AND i.created_at <= $3
            ORDER BY i.created_at DESC, i.id LIMIT $4 OFFSET $5
            """,
            [
                .text(email), .time(now), .time(now + StoreBounds.clockTolerance), .integer(limit), .integer(offset),
            ]
        ) { Invitation($0) }
    }

    /// All invitations of `email`, including expired ones, oldest first.
    package static func all(to email: String, in database: Database) throws(AuthError) -> [Invitation] {
        try database.all(
            """
            SELECT i.id, i.project_id, p.name, i.email, i.role, u.email, i.created_at, i.expires_at,
                   u.id, u.is_active
            FROM invitations AS i JOIN projects AS p ON p.id = i.project_id
            JOIN users AS u ON u.id = i.invited_by WHERE i.email = $1 ORDER BY i.created_at, i.id
            """,
            [.text(email)]
        ) { Invitation($0) }
    }

    /// All invitations that `inviter` made, including expired ones, oldest first.
    package static func all(by inviter: UUID, in database: Database) throws(AuthError) -> [Invitation] {
        try database.all(
            """
            SELECT i.id, i.project_id, p.name, i.email, i.role, u.email, i.created_at, i.expires_at,
                   u.id, u.is_active
            FROM invitations AS i JOIN projects AS p ON p.id = i.project_id
            JOIN users AS u ON u.id = i.invited_by WHERE i.invited_by = $1 ORDER BY i.created_at, i.id
            """,
            [.id(inviter)]
        ) { Invitation($0) }
    }

    /// How many invitations all pages of `page` have.
    package static func count(
        of email: String, at now: Timestamp, in database: Database
    ) throws(AuthError) -> Int64 {
        try database.first(
            "SELECT count(*) FROM invitations WHERE email = $1 AND expires_at > $2 AND created_at <= $3",
            [.text(email), .time(now), .time(now + StoreBounds.clockTolerance)]
        ) { $0.integer(0) } ?? 0
    }

    /// Invites `email`, or gives its invitation another role, inviter and expiry. A creation date in the future becomes
    /// `now`.
    package static func put(
        _ email: String, to project: UUID, as role: Role, by inviter: UUID, at now: Timestamp,
        until expiry: Timestamp, in database: Database
    ) throws(AuthError) {
        try database.run(
            """
            INSERT INTO invitations (id, project_id, email, role, invited_by, created_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (project_id, email) DO UPDATE SET
                role = excluded.role, invited_by = excluded.invited_by, expires_at = excluded.expires_at,
                created_at = CASE WHEN invitations.created_at < excluded.created_at THEN invitations.created_at
                                  ELSE excluded.created_at END
            """,
            [
                .id(UUID.random()), .id(project), .text(email), .text(role.name), .id(inviter),
                .time(now), .time(expiry),
            ])
    }

    /// Deletes the invitation, if it still exists.
    package func delete(in database: Database) throws(AuthError) {
        try database.run("DELETE FROM invitations WHERE id = $1", [.id(id)])
    }

    /// Deletes the invitations to `project` that `inviter` made.
    package static func deleteAll(
        by inviter: UUID, to project: UUID, in database: Database
    ) throws(AuthError) {
        try database.run(
            "DELETE FROM invitations WHERE invited_by = $1 AND project_id = $2",
            [.id(inviter), .id(project)])
    }

    /// Deletes the invitations to `project` that `inviter` made for owners.
    package static func deleteOwners(
        by inviter: UUID, to project: UUID, in database: Database
    ) throws(AuthError) {
        try database.run(
            "DELETE FROM invitations WHERE invited_by = $1 AND project_id = $2 AND role = 'owner'",
            [.id(inviter), .id(project)])
    }

    /// Deletes the invitations of `email` to projects that `user` belongs to.
    package static func deleteAll(
        to email: String, whereIs user: UUID, in database: Database
    ) throws(AuthError) {
        try database.run(
            """
            DELETE FROM invitations WHERE email = $1 AND project_id IN
                (SELECT project_id FROM members WHERE user_id = $2)
            """,
            [.text(email), .id(user)])
    }

    /// How many unexpired invitations `project` has; at most `limit`.
    package static func openCount(
        of project: UUID, at now: Timestamp, limit: Int64, in database: Database
    ) throws(AuthError) -> Int64 {
        try database.first(
            "SELECT count(*) FROM (SELECT 1 FROM invitations WHERE project_id = $1 AND expires_at > $2 LIMIT $3) AS first",
            [.id(project), .time(now), .integer(limit)]
        ) { $0.integer(0) } ?? 0
    }

    /// Deletes some invitations that `inviter` made. Returns how many.
    package static func deleteSome(by inviter: UUID, limit: Int64, in database: Database) throws(AuthError) -> Int64 {
        Int64(
            try database.run(
                "DELETE FROM invitations WHERE id IN (SELECT id FROM invitations WHERE invited_by = $1 LIMIT $2)",
                [.id(inviter), .integer(limit)]))
    }

    /// Deletes some invitations of `email`. Returns how many.
    package static func deleteSome(to email: String, limit: Int64, in database: Database) throws(AuthError) -> Int64 {
        Int64(
            try database.run(
                "DELETE FROM invitations WHERE id IN (SELECT id FROM invitations WHERE email = $1 LIMIT $2)",
                [.text(email), .integer(limit)]))
    }

    /// Deletes some invitations to `project`. Returns how many.
    package static func deleteSome(
        of project: UUID, limit: Int64, in database: Database
    ) throws(AuthError) -> Int64 {
        Int64(
            try database.run(
                "DELETE FROM invitations WHERE id IN (SELECT id FROM invitations WHERE project_id = $1 LIMIT $2)",
                [.id(project), .integer(limit)]))
    }

    /// Whether `email` has an open invitation at `now`: it has not expired, and its inviter could still invite.
    package static func isOpen(
        to email: String, at now: Timestamp, in database: Database
    ) throws(AuthError) -> Bool {
        try database.first(
            """
            SELECT 1 FROM invitations AS i JOIN users AS u ON u.id = i.invited_by
            JOIN members AS m ON m.user_id = i.invited_by AND m.project_id = i.project_id
            WHERE i.email = $1 AND i.expires_at > $2 AND i.created_at <= $3 AND u.is_active = 1
                AND (m.role = 'owner' OR (m.role = 'admin' AND i.role <> 'owner'))
            LIMIT 1
            """,
            [.text(email), .time(now), .time(now + StoreBounds.clockTolerance)]
        ) { _ in true } ?? false
    }

    /// Deletes some invitations that expired before `moment`. Returns how many.
    package static func deleteExpired(
        before moment: Timestamp, limit: Int64, in database: Database
    ) throws(AuthError) -> Int {
        try database.run(
            """
            DELETE FROM invitations WHERE id IN
                (SELECT id FROM invitations WHERE expires_at < $1 ORDER BY expires_at LIMIT $2) AND expires_at < $1
            """,
            [.time(moment), .integer(limit)])
    }
}
