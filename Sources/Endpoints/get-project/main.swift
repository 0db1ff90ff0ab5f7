// GET /projects/{project_id}
//
// 200: the project, for its members. 404 for anyone else.

import Auth
import AuthAPI

serve(.getProject) { request, auth throws(AuthError) in
    let user = try auth.user(bearing: request)
    let form = try ProjectForm(request)
    return .ok(ProjectView(try auth.project(form.project, for: user)))
}
