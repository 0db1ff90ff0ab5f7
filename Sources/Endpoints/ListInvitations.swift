// GET /projects/invitations
//
// 200: a page of the invitations to the caller's address, newest first.

package import API
import Auth

@export(interface)
package let listInvitations = Endpoint(
    .listInvitations,
    forUser: { (request, user, auth) throws(AuthError) in
        let form = try PageForm(request)
        return .ok(InvitationPageView(try auth.listInvitations(of: user, form.page)))
    })
