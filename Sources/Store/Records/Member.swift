// Who belongs to which project.

import Cryptography
package import Platform
import SQL

/// What a member may do in a project.
package enum Role: Equatable {
    case owner, admin, member

    /// The role called `name` in the API and in the database.
    package init?(named name: String) {
        switch name {
        case "owner": self = .owner
        case "admin": self = .admin
        case "member": self = .member
        default: return nil
        }
    }

    /// The role's name in the API and in the database: `owner`, `admin` or `member`.
    package var name: String {
        switch self {
        case .owner: "owner"
        case .admin: "admin"
        case .member: "member"
        }
    }

    /// Whether the role may change the project, its members, and other members' keys.
    package var manages: Bool { self != .member }

    /// The role of `user` in `project`; nil for outsiders.
    package static func of(_ user: UUID, in project: UUID, _ database: Database) throws(AuthError) -> Role? {
        try database.first(
            "SELECT role FROM members WHERE user_id = $1 AND project_id = $2",
            [.id(user), .id(project)]
        ) { Role(named: $0.text(0)) ?? .member }
    }
}

/// A person in a project.
package struct Member {
    /// The id of the member's account.
    package let user: UUID
    /// The account's address, in lower case.
    package let email: String
    /// The account's name, for people; nil: it has none.
    package let fullName: String?
    /// What the member may do in the project.
    package let role: Role
    /// Whether the account is active.
    package let isActive: Bool

    /// Columns user_id, email, full_name, role, is_active.
    private init(_ row: Row) {
        user = row.id(0)
        email = row.text(1)
        fullName = row.optionalText(2)
        role = Role(named: row.text(3)) ?? .member
        isActive = row.flag(4)
    }

    /// The members of `project`, in the order in which they joined; at most `StoreBounds.listedWithin`.
    package static func all(of project: UUID, in database: Database) throws(AuthError) -> [Member] {
        try database.all(
            """
            SELECT m.user_id, u.email, u.full_name, m.role, u.is_active
            FROM members AS m JOIN users AS u ON u.id = m.user_id
            WHERE m.project_id = $1 ORDER BY m.created_at, m.user_id
            """,
            [.id(project)], limit: StoreBounds.listedWithin
        ) { Member($0) }
    }

    /// The member `user` of `project`, with an active account or not; nil for outsiders.
    package static func find(_ user: UUID, in project: UUID, _ database: Database) throws(AuthError) -> Member? {
        try database.first(
            """
            SELECT m.user_id, u.email, u.full_name, m.role, u.is_active
            FROM members AS m JOIN users AS u ON u.id = m.user_id
            WHERE m.project_id = $1 AND m.user_id = $2
            """,
            [.id(project), .id(user)]
        ) { Member($0) }
    }

    /// Whether a user with that address belongs to `project`.
    package static func has(
        _ email: String, in project: UUID, _ database: Database
    ) throws(AuthError) -> Bool {
        try database.first(
            """
            SELECT 1 FROM users AS u JOIN members AS m ON m.user_id = u.id
            WHERE u.email = $1 AND m.project_id = $2
            """,
            [.text(email), .id(project)]
        ) { _ in true } ?? false
    }

    /// Whether `project` has an owner besides `user` whose account is active.
    ///
    /// Without one, an owner can't leave, be removed or get another role; deleting the account deletes the project; and
    /// deactivating the account tells the operator.
    package static func hasOwner(
        besides user: UUID, _ project: UUID, in database: Database
    ) throws(AuthError) -> Bool {
        try database.first(
            """
            SELECT 1 FROM members AS m JOIN users AS u ON u.id = m.user_id
            WHERE m.project_id = $1 AND m.role = 'owner' AND m.user_id <> $2 AND u.is_active = 1
            """,
            [.id(project), .id(user)]
        ) { _ in true } ?? false
    }

    /// The owner of `project` with an active account who joined first.
    package static func firstActiveOwner(of project: UUID, in database: Database) throws(AuthError) -> UUID? {
        try database.first(
            """
            SELECT m.user_id FROM members AS m JOIN users AS u ON u.id = m.user_id
            WHERE m.project_id = $1 AND m.role = 'owner' AND u.is_active = 1
            ORDER BY m.created_at, m.user_id LIMIT 1
            """,
            [.id(project)]
        ) { $0.id(0) }
    }

    /// Some members of `project` except `user`, by their accounts' ids.
    package static func some(
        of project: UUID, but user: UUID?, limit: Int64, in database: Database
    ) throws(AuthError) -> [Member] {
        try database.all(
            """
            SELECT m.user_id, u.email, u.full_name, m.role, u.is_active
            FROM members AS m JOIN users AS u ON u.id = m.user_id
            WHERE m.project_id = $1 AND m.user_id <> $2 ORDER BY m.user_id LIMIT $3
            """,
            [.id(project), .blob(user?.bytes ?? []), .integer(limit)]
        ) { Member($0) }
    }

    /// Makes `user` a member of `project`. Throws `failure` if they are one already.
    package static func add(
        _ user: UUID, to project: UUID, as role: Role, at now: Timestamp, in database: Database
    ) throws(AuthError) {
        try database.run(
            "INSERT INTO members (user_id, project_id, role, created_at) VALUES ($1, $2, $3, $4)",
            [.id(user), .id(project), .text(role.name), .time(now)])
    }

    /// Gives the member `user` of `project` the role `role`; changes nothing for outsiders.
    package static func setRole(
        _ role: Role, of user: UUID, in project: UUID, _ database: Database
    ) throws(AuthError) {
        try database.run(
            "UPDATE members SET role = $1 WHERE user_id = $2 AND project_id = $3",
            [.text(role.name), .id(user), .id(project)])
    }

    /// Removes `user` from `project`; changes nothing for outsiders. Their keys and invitations there stay.
    package static func remove(_ user: UUID, from project: UUID, in database: Database) throws(AuthError) {
        try database.run(
            "DELETE FROM members WHERE user_id = $1 AND project_id = $2", [.id(user), .id(project)])
    }

    /// How many members `project` has; at most `limit`.
    package static func count(of project: UUID, limit: Int64, in database: Database) throws(AuthError) -> Int64 {
        try database.first(
            "SELECT count(*) FROM (SELECT 1 FROM members WHERE project_id = $1 LIMIT $2) AS first",
            [.id(project), .integer(limit)]
        ) { $0.integer(0) } ?? 0
    }

    /// How many projects `user` belongs to; at most `limit`.
    package static func projectCount(of user: UUID, limit: Int64, in database: Database) throws(AuthError) -> Int64 {
        try database.first(
            "SELECT count(*) FROM (SELECT 1 FROM members WHERE user_id = $1 LIMIT $2) AS first", [.id(user), .integer(limit)]
        ) { $0.integer(0) } ?? 0
    }

    /// Some projects that `user` belongs to, by their ids.
    package static func someProjects(of user: UUID, limit: Int64, in database: Database) throws(AuthError) -> [UUID] {
        try database.all(
            "SELECT project_id FROM members WHERE user_id = $1 ORDER BY project_id LIMIT $2", [.id(user), .integer(limit)]
        ) { $0.id(0) }
    }
}
