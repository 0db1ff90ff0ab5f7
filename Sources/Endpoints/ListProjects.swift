// GET /projects
//
// 200: a page of the caller's projects, oldest membership first.

package import API
import Auth

@export(interface)
package let listProjects = Endpoint(
    .listProjects,
    forUser: { (request, user, auth) throws(AuthError) in
        let form = try PageForm(request)
        return .ok(ProjectPageView(try auth.listProjects(of: user, form.page)))
    })
