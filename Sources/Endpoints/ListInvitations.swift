// GET /projects/invitations
//
// 200: a page of the invitations to the caller's address, newest first.

package import API
import Auth

/// `GET /projects/invitations` with an access token: 200 with an `InvitationPageView`. Fails as `Auth.user(bearing:)` does.
@export(interface)
package let listInvitations = Endpoint(
    .listInvitations,
    forUser: { (request, user, auth) throws(AuthError) in
        let form = try PageForm(request)
        return .ok(InvitationPageView(try auth.listInvitations(of: user, form.page)))
    })
