// Invites an address to a project. Whether it has an account shows in nothing: the invitation waits until
// whoever signs in with that address accepts it.

package import Platform
package import Store

/// An invitation, and whether a mail with it was promised.
package struct SentInvitation {
    /// As it is now, with the role that it offers.
    package let invitation: Invitation
    /// When the next mail to that address can be asked for, if none is sent now; nil: one is.
    package let mailAfter: Timestamp?
}

extension Auth {
    /// Invites `email` to the project `id` as `role`, and tells that address by mail, unless it was told of five
    /// lately. One that is invited already keeps its invitation, with the new role, and gets another mail, within the
    /// same limit.
    ///
    /// Throws `projectNotFound` for outsiders; `insufficientRole` for a member, and for an admin who would make
    /// an owner; `alreadyMember`; `tooMany`; `limited` after too many invitations.
    package func addMember(
        _ email: Email, as role: Role, to id: UUID, by user: User
    ) throws(AuthError) -> SentInvitation {
        let database = try database()
        // Whoever may not invite hears that, not that they did so too often.
        _ = try managingRole(of: user, in: id, database)
        let limits = invitationLimits(of: user) + [changeLimit(of: user)]
        return try change(by: user, within: limits, in: database) { (user) throws(AuthError) -> SentInvitation in
            let own = try managingRole(of: user, in: id, database)
            guard role != .owner || own == .owner else { throw .insufficientRole }
            guard try !Member.has(email.text, in: id, database) else { throw .alreadyMember }
            let now = now
            let last = try Invitation.find(email.text, to: id, in: database)
            // What an owner offered is not an admin's to change.
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
                throw .failure(reason: "a new invitation is not there")
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
