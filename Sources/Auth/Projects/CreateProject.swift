// Makes a project.

import Platform
package import Store

extension Auth {
    /// A new project, which `user` owns. Throws `tooMany` if the account belongs to the most projects allowed.
    package func createProject(
        named name: String, description: String?, by user: User
    ) throws(AuthError) -> ProjectDetails {
        let database = try database()
        return try change(by: user, in: database) { (user) throws(AuthError) -> ProjectDetails in
            try requireRoomForProject(of: user.id, in: database)
            let id = try Project.create(
                named: name, description: description, ownedBy: user.id, at: now, in: database)
            try record(AuditEvent(.projectCreated, user: user.id, subject: id), in: database)
            return try details(of: id, in: database)
        }
    }
}
