// Projects.

import Cryptography
package import Platform
import SQL

/// A project, as its members see it in a list.
package struct Project {
    /// The project's id, as in the API's paths.
    package let id: UUID
    /// Its name; several projects may have the same one.
    package let name: String

    /// The projects that `user` belongs to, oldest membership first; at most `StoreBounds.listedWithin`.
    package static func all(of user: UUID, in database: Database) throws(AuthError) -> [Project] {
        try database.all(ofUser, [.id(user)], limit: StoreBounds.listedWithin) { Project(id: $0.id(0), name: $0.text(1)) }
    }

    /// The projects of `user` are wanted soon: the next statement may bring them.
    package static func expectAll(of user: UUID, in database: Database) { database.expect(ofUser, [.id(user)]) }

    private static var ofUser: StaticString {
        """
        SELECT projects.id, projects.name
        FROM members JOIN projects ON projects.id = members.project_id
        WHERE members.user_id = $1 ORDER BY members.created_at, projects.id
        """
    }

    /// A new project that `owner` owns.
    @discardableResult
    package static func create(
        named name: String, description: String? = nil, ownedBy owner: UUID, at now: Timestamp,
        in database: Database
    ) throws(AuthError) -> UUID {
        let id = UUID.random()
        try database.run(
            "INSERT INTO projects (id, name, description, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)",
            [.id(id), .text(name), .optional(description), .time(now), .time(now)])
        try Member.add(owner, to: id, as: .owner, at: now, in: database)
        return id
    }

    /// Gives the project `id` another name, another description, or both.
    package static func update(
        _ id: UUID, name: String, description: String?, at now: Timestamp, in database: Database
    ) throws(AuthError) {
        try database.run(
            "UPDATE projects SET name = $1, description = $2, updated_at = $3 WHERE id = $4",
            [.text(name), .optional(description), .time(now), .id(id)])
    }

    /// The name of the project `id`; nil if there is none.
    package static func name(of id: UUID, in database: Database) throws(AuthError) -> String? {
        try database.first("SELECT name FROM projects WHERE id = $1", [.id(id)]) { $0.text(0) }
    }

    /// The projects that `user` owns, also with others, oldest membership first; at most `limit`.
    package static func owned(by user: UUID, limit: Int64 = .max, in database: Database) throws(AuthError) -> [Project] {
        try database.all(
            """
            SELECT p.id, p.name FROM members AS m JOIN projects AS p ON p.id = m.project_id
            WHERE m.user_id = $1 AND m.role = 'owner' ORDER BY m.created_at, p.id LIMIT $2
            """,
            [.id(user), .integer(limit)]
        ) { Project(id: $0.id(0), name: $0.text(1)) }
    }

    /// Whether another member of the project besides `user` has an active account.
    package func hasActiveMember(besides user: UUID, in database: Database) throws(AuthError) -> Bool {
        try database.first(
            """
            SELECT 1 FROM members AS m JOIN users AS u ON u.id = m.user_id
            WHERE m.project_id = $1 AND m.user_id <> $2 AND u.is_active = 1 LIMIT 1
            """,
            [.id(id), .id(user)]
        ) { _ in true } ?? false
    }

    /// Deletes the project `id`, which must be empty.
    package static func delete(_ id: UUID, in database: Database) throws(AuthError) {
        try database.run("DELETE FROM projects WHERE id = $1", [.id(id)])
    }
}

/// A project with everything that its members can see.
package struct ProjectDetails {
    /// The project's id, as in the API's paths.
    package let id: UUID
    /// Its name; several projects may have the same one.
    package let name: String
    /// Its members' description; nil: none.
    package let description: String?
    /// When the project was made.
    package let createdAt: Timestamp
    /// When its name or description last changed.
    package let updatedAt: Timestamp
    /// Its members, in the order in which they joined; at most `StoreBounds.listedWithin`.
    package internal(set) var members: [Member] = []
    /// Its unexpired invitations, oldest first; at most `StoreBounds.listedWithin`.
    package internal(set) var invitations: [Invitation] = []

    /// Columns id … updated_at.
    private init(_ row: Row) {
        id = row.id(0)
        name = row.text(1)
        description = row.optionalText(2)
        createdAt = row.time(3)
        updatedAt = row.time(4)
    }

    /// The project `id` with its members and open invitations; nil if there is none.
    package static func find(
        _ id: UUID, at now: Timestamp, in database: Database
    ) throws(AuthError) -> ProjectDetails? {
        let found = try database.first(
            "SELECT id, name, description, created_at, updated_at FROM projects WHERE id = $1", [.id(id)]
        ) { ProjectDetails($0) }
        return try found?.withPeople(at: now, in: database)
    }

    /// The projects that `user` belongs to, oldest membership first, starting at `offset`.
    package static func page(
        of user: UUID, offset: Int64, limit: Int64, at now: Timestamp, in database: Database
    ) throws(AuthError) -> [ProjectDetails] {
        let rows = try database.all(
            """
            SELECT p.id, p.name, p.description, p.created_at, p.updated_at
            FROM members AS m JOIN projects AS p ON p.id = m.project_id
            WHERE m.user_id = $1 ORDER BY m.created_at, p.id LIMIT $2 OFFSET $3
            """,
            [.id(user), .integer(limit), .integer(offset)]
        ) { ProjectDetails($0) }
        var projects: [ProjectDetails] = []
        for row in rows { projects.append(try row.withPeople(at: now, in: database)) }
        return projects
    }

    /// All projects, the oldest first, at most `limit`.
    package static func all(
        limit: Int64, at now: Timestamp, in database: Database
    ) throws(AuthError) -> [ProjectDetails] {
        let rows = try database.all(
            "SELECT id, name, description, created_at, updated_at FROM projects ORDER BY created_at, id LIMIT $1",
            [.integer(limit)]
        ) { ProjectDetails($0) }
        var projects: [ProjectDetails] = []
        for row in rows { projects.append(try row.withPeople(at: now, in: database)) }
        return projects
    }

    /// How many projects all pages of `page` have.
    package static func count(of user: UUID, in database: Database) throws(AuthError) -> Int64 {
        try database.first("SELECT count(*) FROM members WHERE user_id = $1", [.id(user)]) {
            $0.integer(0)
        } ?? 0
    }

    private func withPeople(
        at now: Timestamp, in database: Database
    ) throws(AuthError) -> ProjectDetails {
        var project = self
        project.members = try Member.all(of: id, in: database)
        project.invitations = try Invitation.all(of: id, at: now, in: database)
        return project
    }
}
