// Projects, and who belongs to them.

import Crypto
import SQLite
package import System

/// A project, as its members see it in a list.
package struct Project {
    package let id: UUID
    package let name: String

    /// The projects that `user` belongs to, oldest membership first.
    static func all(of user: UUID, in database: Database) throws(AuthError) -> [Project] {
        try database.all(
            """
            SELECT projects.id, projects.name
            FROM members JOIN projects ON projects.id = members.project_id
            WHERE members.user_id = ? ORDER BY members.created_at, projects.id
            """,
            [.id(user)]
        ) { Project(id: $0.id(0), name: $0.text(1)) }
    }

    /// A new project that `owner` owns.
    static func create(
        named name: String, ownedBy owner: UUID, at now: Timestamp, in database: Database
    ) throws(AuthError) {
        let id = UUID.random()
        try database.run(
            "INSERT INTO projects (id, name, created_at, updated_at) VALUES (?, ?, ?, ?)",
            [.id(id), .text(name), .time(now), .time(now)])
        try database.run(
            "INSERT INTO members (user_id, project_id, role, created_at) VALUES (?, ?, 'owner', ?)",
            [.id(owner), .id(id), .time(now)])
    }
}

/// What a member of a project may do in it.
enum Role {
    case owner, admin, member

    /// Whether the role manages keys that others made.
    var managesAllKeys: Bool { self != .member }

    /// The role of `user` in `project`; nil for outsiders.
    static func of(_ user: UUID, in project: UUID, _ database: Database) throws(AuthError) -> Role? {
        try database.first(
            "SELECT role FROM members WHERE user_id = ? AND project_id = ?",
            [.id(user), .id(project)]
        ) { row in
            let name = row.text(0)
            return name.utf8.elementsEqual("owner".utf8)
                ? .owner : name.utf8.elementsEqual("admin".utf8) ? .admin : .member
        }
    }
}
