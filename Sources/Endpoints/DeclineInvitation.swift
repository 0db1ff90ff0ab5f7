// DELETE /projects/invitations/{invitation_id}
//
// 200: the invitation is deleted. 404 as for accepting it.

package import API
import Auth

/// `DELETE /projects/invitations/{invitation_id}` with an access token: 200 with an `EmptyView`.
/// Fails as `Auth.declineInvitation` does.
@export(interface)
package let declineInvitation = Endpoint(
    .declineInvitation,
    forUser: { (request, user, auth) throws(AuthError) in
        let form = try InvitationForm(request)
        try auth.declineInvitation(form.invitation, by: user)
        return .ok(EmptyView())
    })
