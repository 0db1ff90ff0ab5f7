// GET /projects/invitations
//
// 200: a page of the invitations to the caller's address, newest first.

import Auth
import AuthAPI

serve(.listInvitations) { request, auth throws(AuthError) in
    let user = try auth.user(bearing: request)
    let form = try PageForm(request)
    return .ok(InvitationPageView(try auth.listInvitations(of: user, form.page)))
}
