// GET /projects
//
// 200: a page of the caller's projects, oldest membership first.

import Auth
import AuthAPI

serve(.listProjects) { request, auth throws(AuthError) in
    let user = try auth.user(bearing: request)
    let form = try PageForm(request)
    return .ok(ProjectPageView(try auth.listProjects(of: user, form.page)))
}
