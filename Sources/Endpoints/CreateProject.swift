// POST /projects
//
// 201: a new project, which the caller owns.

package import API
import Auth

/// `POST /projects` with an access token: 201 with a `ProjectView`. Fails as `Auth.createProject` does.
@export(interface)
package let createProject = Endpoint(
    .createProject,
    forUser: { (request, user, auth) throws(AuthError) in
        let form = try CreateProjectForm(request)
        let project = try auth.createProject(named: form.name, description: form.description, by: user)
        return .created(ProjectView(project))
    })
