// DELETE /projects/{project_id}/members/{user_id}
//
// 200: the member is removed, or the invitation with that id is withdrawn. 403 for what only an owner may do, 409 for
// the last owner, 404 for outsiders and for a user who is not a member.

package import API
import Auth

/// `DELETE /projects/{project_id}/members/{user_id}` with an access token: 200 with an `EmptyView`.
/// Fails as `Auth.removeMember` does.
@export(interface)
package let removeMember = Endpoint(
    .removeMember,
    forUser: { (request, user, auth) throws(AuthError) in
        let form = try MemberForm(request)
        try auth.removeMember(form.member, from: form.project, by: user)
        return .ok(EmptyView())
    })
