// GET /projects/{project_id}
//
// 200: the project, for its members. 404 for anyone else.

package import API
import Auth

/// `GET /projects/{project_id}` with an access token: 200 with a `ProjectView`. Fails as `Auth.project` does.
@export(interface)
package let getProject = Endpoint(
    .getProject,
    forUser: { (request, user, auth) throws(AuthError) in
        let form = try ProjectForm(request)
        return .ok(ProjectView(try auth.project(form.project, for: user)))
    })
