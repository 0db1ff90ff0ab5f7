// Gives a member of a project another role.

package import Platform
package import Store

extension Auth {
    /// Makes `member` of the project `id` a `role`.
    ///
    /// Throws `projectNotFound` for outsiders; `memberNotFound`; `insufficientRole` for a member, and for an admin
    /// where an owner is concerned; `lastOwner` if no owner would be left.
    package func updateMember(
        _ member: UUID, to role: Role, in id: UUID, by user: User
    ) throws(AuthError) -> Member {
        let database = try database()
        return try change(by: user, locking: [.project(id), .account(member)], in: database) {
            (user) throws(AuthError) -> Member in
            let own = try managingRole(of: user, in: id, database)
            guard let last = try Member.find(member, in: id, database) else { throw .memberNotFound }
            guard own == .owner || (last.role != .owner && role != .owner) else {
                throw .insufficientRole
            }
            guard last.role != role else { return last }
            if last.role == .owner {
                try requireOwner(besides: member, id, in: database)
            }
            try Member.setRole(role, of: member, in: id, database)
            // An inviter cannot offer more than their new role allows.
            if role == .member {
                try Invitation.deleteAll(by: member, to: id, in: database)
            } else if last.role == .owner {
                try Invitation.deleteOwners(by: member, to: id, in: database)
            }
            try record(AuditEvent(.memberChanged, user: user.id, subject: member), in: database)
            if member != user.id {
                try announce(
                    role == .owner ? .ownerMade : .accessGiven, to: user, about: member, masked(last.email), database)
            }
            if role == .member || last.role == .owner { try tellOfLessAccess(last, in: id, database) }
            guard let changed = try Member.find(member, in: id, database) else {
                throw .failure(reason: "the changed member was not found")
            }
            return changed
        }
    }
}
