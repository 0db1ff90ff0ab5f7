// GET /projects
//
// 200: a page of the caller's projects, oldest membership first.

package import API
import Auth

/// `GET /projects` with an access token: 200 with a `ProjectPageView`. Fails as `Auth.user(bearing:)` does.
@export(interface)
package let listProjects = Endpoint(
    .listProjects,
    forUser: { (request, user, auth) throws(AuthError) in
        let form = try PageForm(request)
        return .ok(ProjectPageView(try auth.listProjects(of: user, form.page)))
    })
