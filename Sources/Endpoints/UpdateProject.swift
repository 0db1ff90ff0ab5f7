// PATCH /projects/{project_id}
//
// 200: the project with its new name and description; what the body omits stays. 403 for a member who is neither
// owner nor admin, 404 for outsiders.

package import API
import Auth

/// `PATCH /projects/{project_id}` with an access token: 200 with a `ProjectView`. Fails as `Auth.updateProject` does.
@export(interface)
package let updateProject = Endpoint(
    .updateProject,
    forUser: { (request, user, auth) throws(AuthError) in
        let form = try UpdateProjectForm(request)
        let project = try auth.updateProject(
            form.project, name: form.name, description: form.description, by: user)
        return .ok(ProjectView(project))
    })
