// Accepts or declines an invitation to a project.

package import Platform
package import Store

extension Auth {
    /// Makes `user` a member, as the invitation `id` says. Throws `invitationNotFound` if it has expired, was taken
    /// back, or is for another address; `tooMany` if the account or the project has no room.
    package func acceptInvitation(_ id: UUID, by user: User) throws(AuthError) -> ProjectDetails {
        let database = try database()
        let locks = try locks(of: id, in: database)
        return try change(by: user, locking: locks, in: database) { (user) throws(AuthError) -> ProjectDetails in
            let invitation = try invitation(id, of: user, in: database)
            guard try stands(invitation, in: database) else { throw .invitationNotFound }
            try invitation.delete(in: database)
            if try Role.of(user.id, in: invitation.project, database) == nil {
                try requireRoomForProject(of: user.id, in: database)
                try requireRoomForMember(of: invitation.project, in: database)
                try Member.add(
                    user.id, to: invitation.project, as: invitation.role, at: now, in: database)
                try record(
                    AuditEvent(.memberJoined, user: user.id, subject: invitation.project), in: database)
            }
            return try details(of: invitation.project, in: database)
        }
    }

    /// Ends the invitation `id`. Throws as `acceptInvitation` does.
    package func declineInvitation(_ id: UUID, by user: User) throws(AuthError) {
        let database = try database()
        let locks = try locks(of: id, in: database)
        try write(by: user, locking: locks, in: database) { (user) throws(AuthError) in
            try invitation(id, of: user, in: database).delete(in: database)
            try record(AuditEvent(.invitationEnded, user: user.id, subject: id), in: database)
        }
    }

    /// What answering the invitation `id` needs: an invitation never changes its project.
    private func locks(of id: UUID, in database: Database) throws(AuthError) -> [Lock] {
        guard let invitation = try Invitation.find(id, in: database) else { return [] }
        return [.project(invitation.project)]
    }

    /// Whether the inviter could still invite.
    private func stands(_ invitation: Invitation, in database: Database) throws(AuthError) -> Bool {
        guard invitation.inviterIsActive,
            let role = try Role.of(invitation.inviterID, in: invitation.project, database)
        else { return false }
        return role == .owner || (role.manages && invitation.role != .owner)
    }

    private func invitation(
        _ id: UUID, of user: User, in database: Database
    ) throws(AuthError) -> Invitation {
        guard let invitation = try Invitation.find(id, in: database), invitation.isOpen(at: now),
            invitation.email.isSame(as: user.email)
        else { throw .invitationNotFound }
        return invitation
    }
}
