// DELETE /projects/{project_id}
//
// 200: the project is deleted, with its API keys and invitations, and its members get a mail. 403 for a member who is
// not an owner, 404 for outsiders.

package import API
import Auth

/// `DELETE /projects/{project_id}` with an access token: 200 with an `EmptyView`. Fails as `Auth.deleteProject` does.
@export(interface)
package let deleteProject = Endpoint(
    .deleteProject,
    forUser: { (request, user, auth) throws(AuthError) in
        let form = try ProjectForm(request)
        try auth.deleteProject(form.project, by: user)
        return .ok(EmptyView())
    })
