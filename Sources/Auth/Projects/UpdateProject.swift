// Changes the name and the description of a project.

package import Platform
package import Store

/// A new text, no text, or no change.
package enum TextChange {
    case same
    /// This; nil: nothing.
    case this(String?)

    func applied(to text: String?) -> String? {
        switch self {
        case .same: text
        case .this(let new): new
        }
    }
}

extension Auth {
    /// Gives the project `id` another `name` (nil: the same), another description, or both.
    ///
    /// Throws `projectNotFound` for outsiders, `insufficientRole` for a member who is not an owner or admin.
    package func updateProject(
        _ id: UUID, name: String?, description: TextChange, by user: User
    ) throws(AuthError) -> ProjectDetails {
        let database = try database()
        return try change(by: user, locking: [.project(id)], in: database) { (user) throws(AuthError) -> ProjectDetails in
            _ = try managingRole(of: user, in: id, database)
            let project = try details(of: id, in: database)
            try Project.update(
                id, name: name ?? project.name,
                description: description.applied(to: project.description), at: now, in: database)
            try record(AuditEvent(.projectChanged, user: user.id, subject: id), in: database)
            return try details(of: id, in: database)
        }
    }
}
