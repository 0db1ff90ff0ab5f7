// Removes a member from a project, or takes an invitation back. Keys that the member made end with the membership.

package import Platform
package import Store

extension Auth {
    /// Removes `member`, or the invitation with that id, from the project `id`. Anyone may leave.
    ///
    /// Throws `projectNotFound` for outsiders; `memberNotFound`; `insufficientRole` for a member who would remove others,
    /// and for an admin who would remove an owner; `lastOwner` if no owner would be left.
    package func removeMember(_ member: UUID, from id: UUID, by user: User) throws(AuthError) {
        let database = try database()
        var isDone = false
        while !isDone {
            isDone = try write(by: user, locking: [.project(id), .account(member)], in: database) {
                (user) throws(AuthError) -> Bool in
                try removeSome(of: member, from: id, by: user, in: database)
            }
        }
    }

    private func removeSome(
        of member: UUID, from id: UUID, by user: User, in database: Database
    ) throws(AuthError) -> Bool {
        let own = try role(of: user, in: id, database)
        guard member == user.id || own.manages else { throw .insufficientRole }
        guard let last = try Member.find(member, in: id, database) else {
            try takeBack(member, to: id, as: own, by: user, in: database)
            return true
        }
        guard member == user.id || own == .owner || last.role != .owner else {
            throw .insufficientRole
        }
        if last.role == .owner {
            try requireOwner(besides: member, id, in: database)
        }
        guard try takeOut(member, of: id, by: user.id, in: database) else { return false }
        try tellOfLessAccess(last, in: id, database)
        if member != user.id { try announce(.accessGiven, to: user, about: member, masked(last.email), database) }
        return true
    }

    /// Tells `member` that they no longer belong to the project `id`, or have fewer rights there.
    func tellOfLessAccess(_ member: Member, in id: UUID, _ database: Database) throws(AuthError) {
        guard member.isActive, let user = try User.find(member.user, in: database) else { return }
        try announce(.accessEnded, to: user, about: id, try Project.name(of: id, in: database) ?? "", database)
    }

    /// Removes `member` from the project `id`, with everything that depends on the membership, in the current transaction.
    /// Keys go first. Returns false if there may be more of them: then call it again.
    package func takeOut(
        _ member: UUID, of id: UUID, by user: UUID, in database: Database
    ) throws(AuthError) -> Bool {
        let keys = try APIKey.deactivateSome(by: member, in: id, limit: Policy.rowsPerCleanUp, at: now, database)
        for key in keys {
            try record(
                AuditEvent(.keyDeactivated, user: user, subject: key, detail: "member removed"),
                in: database)
        }
        guard keys.count < Policy.rowsPerCleanUp else { return false }
        try Member.remove(member, from: id, in: database)
        try Invitation.deleteAll(by: member, to: id, in: database)
        try record(AuditEvent(.memberRemoved, user: user, subject: member), in: database)
        return true
    }

    private func takeBack(
        _ id: UUID, to project: UUID, as own: Role, by user: User, in database: Database
    ) throws(AuthError) {
        guard let invitation = try Invitation.find(id, in: database), invitation.project == project else {
            throw .memberNotFound
        }
        guard own == .owner || invitation.role != .owner else { throw .insufficientRole }
        try invitation.delete(in: database)
        try record(AuditEvent(.invitationEnded, user: user.id, subject: id), in: database)
    }
}
