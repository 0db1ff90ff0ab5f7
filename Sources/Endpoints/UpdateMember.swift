// PATCH /projects/{project_id}/members/{user_id}
//
// 200: the member with the new role. 403 for what only an owner may do, 409 for the last owner, 404 for outsiders and
// for a user who is not a member.

package import API
import Auth

/// `PATCH /projects/{project_id}/members/{user_id}` with an access token: 200 with a `MemberView`.
/// Fails as `Auth.updateMember` does.
@export(interface)
package let updateMember = Endpoint(
    .updateMember,
    forUser: { (request, user, auth) throws(AuthError) in
        let form = try UpdateMemberForm(request)
        let member = try auth.updateMember(form.member, to: form.role, in: form.project, by: user)
        return .ok(MemberView(member))
    })
