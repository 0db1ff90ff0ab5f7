// Who may do what in a project, by role. A project always has an owner whose account is active.

import Platform
import Store

extension Auth {
    /// The role of `user` in `project`. Throws `projectNotFound` for outsiders.
    func role(of user: User, in project: UUID, _ database: Database) throws(AuthError) -> Role {
        guard let role = try Role.of(user.id, in: project, database) else { throw .projectNotFound }
        return role
    }

    /// The same, for what only owners and admins may do. Throws `insufficientRole` for other members.
    func managingRole(of user: User, in project: UUID, _ database: Database) throws(AuthError) -> Role {
        let role = try role(of: user, in: project, database)
        guard role.manages else { throw .insufficientRole }
        return role
    }

    /// Throws `lastOwner` if `project` has no active owner besides `user`.
    func requireOwner(
        besides user: UUID, _ project: UUID, in database: Database
    ) throws(AuthError) {
        guard try Member.hasOwner(besides: user, project, in: database) else { throw .lastOwner }
    }
}
