// The projects of an account.

package import Platform
package import Store

/// A page of projects.
package struct ProjectPage {
    /// Oldest membership first, at most `request.limit`.
    package let projects: [ProjectDetails]
    /// The page that was requested.
    package let request: PageRequest
    /// Projects on all pages.
    package let total: Int64
}

extension Auth {
    /// A page of the projects that `user` belongs to, oldest membership first.
    package func listProjects(of user: User, _ request: PageRequest) throws(AuthError) -> ProjectPage {
        let database = try database()
        return try database.read { () throws(AuthError) in
            ProjectPage(
                projects: try ProjectDetails.page(
                    of: user.id, offset: request.offset, limit: request.limit, at: now, in: database),
                request: request, total: try ProjectDetails.count(of: user.id, in: database))
        }
    }

    /// The project `id`, for a member. Throws `projectNotFound` for outsiders, as if it did not exist.
    package func project(_ id: UUID, for user: User) throws(AuthError) -> ProjectDetails {
        let database = try database()
        return try database.read { () throws(AuthError) in
            _ = try role(of: user, in: id, database)
            return try details(of: id, in: database)
        }
    }

    /// The details of a project that exists.
    package func details(of id: UUID, in database: Database) throws(AuthError) -> ProjectDetails {
        guard let project = try ProjectDetails.find(id, at: now, in: database) else {
            throw .projectNotFound
        }
        return project
    }
}
