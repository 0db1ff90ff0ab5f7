// DELETE /projects/invitations/{invitation_id}
//
// 200: the invitation is no more. 404 as for accepting it.

import Auth
import AuthAPI

serve(.declineInvitation) { request, auth throws(AuthError) in
    let user = try auth.user(bearing: request)
    let form = try InvitationForm(request)
    try auth.declineInvitation(form.invitation, by: user)
    return .ok(EmptyView())
}
