// Invites an address to a project. Nothing shows whether it has an account: the invitation waits until someone signs
// in with that address and accepts it.

package import Platform
package import Store

/// An invitation, and whether a mail announces it.
package struct SentInvitation {
    /// The invitation as it is now, with its role.
    package let invitation: Invitation
    /// When the next mail to that address can be sent; nil: one is being sent now.
    package let mailAfter: Timestamp?
}

extension Auth {
    /// Invites `email` to the project `id` as `role`, and mails that address, unless it got five such mails lately.
    /// An open invitation stays, with the new role, and is mailed again within the same limit.
    ///
    /// Throws `projectNotFound` for outsiders; `insufficientRole` for a member, and for an admin who would make an
    /// owner; `alreadyMember`; `tooMany`; `limited` after too many invitations.
    package func addMember(
        _ email: Email, as role: Role, to id: UUID, by user: User
    ) throws(AuthError) -> SentInvitation {
        let database = try database()
        // A user who may not invite gets that answer, not that they did so too often.
        _ = try managingRole(of: user, in: id, database)
        let limits = invitationLimits(of: user) + [changeLimit(of: user)]
        let locks: [Lock] = [.project(id), .limit(invitationMailLimit(for: email).name, email.text)]
        return try change(by: user, within: limits, locking: locks, in: database) {
            (user) throws(AuthError) -> SentInvitation in
            let own = try managingRole(of: user, in: id, database)
            guard role != .owner || own == .owner else { throw .insufficientRole }
            guard try !Member.has(email.text, in: id, database) else { throw .alreadyMember }
            let now = now
            let last = try Invitation.find(email.text, to: id, in: database)
            // An admin may not change what an owner offered.
            guard last?.role != .owner || last.map({ $0.expiresAt <= now }) == true || own == .owner else {
                throw .insufficientRole
            }
            let isNew = last.map { $0.expiresAt <= now } ?? true
            if isNew {
                try requireRoomForMember(of: id, in: database)
                try requireRoomForInvitation(to: id, in: database)
            }
            let end = now + Policy.invitationLifetime
            try Invitation.put(
                email.text, to: id, as: role, by: user.id, at: now, until: end, in: database)
            guard let invitation = try Invitation.find(email.text, to: id, in: database) else {
                throw .failure(reason: "the new invitation was not found")
            }
            let mailLimit = invitationMailLimit(for: email)
            let wait = try wait(for: mailLimit, in: database)
            if wait == nil {
                try mailLimit.charge(at: now, in: database)
                try MailItem.enqueue(
                    .invitation, about: invitation.id, to: email.text, in: client.language,
                    until: now + Policy.noticeLifetime, at: now, database: database)
            }
            try record(
                AuditEvent(.memberInvited, user: user.id, subject: invitation.id), in: database)
            if isNew || last?.role != role {
                try announce(
                    role == .owner ? .ownerMade : .accessGiven, to: user, about: invitation.id, email.masked, database)
            }
            return SentInvitation(invitation: invitation, mailAfter: wait.map { now + $0 })
        }
    }
}
