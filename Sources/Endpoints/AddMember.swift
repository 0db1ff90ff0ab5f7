// POST /projects/{project_id}/members
//
// 201: the address is invited and gets a mail; it becomes a member once its owner accepts. Inviting it again sends
// another mail; beyond the limit, the answer says when that will be possible. 409 for a member's address, 403 and 404 as
// for changing the project.

package import API
import Auth

/// `POST /projects/{project_id}/members` with an access token: 201 with a `MemberView`. Fails as `Auth.addMember` does.
@export(interface)
package let addMember = Endpoint(
    .addMember,
    forUser: { (request, user, auth) throws(AuthError) in
        let form = try AddMemberForm(request)
        let sent = try auth.addMember(form.email, as: form.role, to: form.project, by: user)
        return .created(MemberView(sent))
    })
