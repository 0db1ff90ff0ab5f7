// POST /projects
//
// 201: a new project, which the caller owns.

import Auth
import AuthAPI

serve(.createProject) { request, auth throws(AuthError) in
    let user = try auth.user(bearing: request)
    let form = try CreateProjectForm(request)
    let project = try auth.createProject(named: form.name, description: form.description, by: user)
    return .created(ProjectView(project))
}
