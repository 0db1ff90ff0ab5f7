// The open invitations of an account.

import Platform
package import Store

/// A page of invitations.
package struct InvitationPage {
    /// Newest first, at most `request.limit`.
    package let invitations: [Invitation]
    /// The page that was requested.
    package let request: PageRequest
    /// Invitations on all pages.
    package let total: Int64
}

extension Auth {
    /// A page of the unexpired invitations to the address of `user`, newest first.
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
