// The invitations that wait for an account to accept them.

import Platform
package import Store

/// A page of invitations.
package struct InvitationPage {
    /// Newest first, `request.limit` at most.
    package let invitations: [Invitation]
    /// Which page this is, as it was asked for.
    package let request: PageRequest
    /// Invitations on all pages.
    package let total: Int64
}

extension Auth {
    /// A page of the invitations to the address of `user` that have not expired, newest first.
    package func listInvitations(
        of user: User, _ request: PageRequest
    ) throws(AuthError) -> InvitationPage {
        let database = try database()
        let now = now
        return try database.read { () throws(AuthError) in
            InvitationPage(
                invitations: try Invitation.page(
                    of: user.email, at: now, offset: request.offset, limit: request.limit, in: database),
                request: request, total: try Invitation.count(of: user.email, at: now, in: database))
        }
    }
}
