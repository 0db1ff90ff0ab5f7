// POST /projects/invitations/{invitation_id}/accept
//
// 200: the project that the caller has joined. 404 for an invitation that is not theirs, or no longer exists.

package import API
import Auth

/// `POST /projects/invitations/{invitation_id}/accept` with an access token: 200 with a `ProjectView`.
/// Fails as `Auth.acceptInvitation` does.
@export(interface)
package let acceptInvitation = Endpoint(
    .acceptInvitation,
    forUser: { (request, user, auth) throws(AuthError) in
        let form = try InvitationForm(request)
        return .ok(ProjectView(try auth.acceptInvitation(form.invitation, by: user)))
    })
