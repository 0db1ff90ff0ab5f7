// GET /auth/sessions
//
// 200: a page of the caller's sessions that have not ended, the last used first.

package import API
import Auth

/// `GET /auth/sessions` with an access token: 200 with a `SessionPageView`. Fails as `Auth.session(bearing:)` does.
@export(interface)
package let listSessions = Endpoint(
    .listSessions,
    forSession: { (request, caller, auth) throws(AuthError) in
        let form = try PageForm(request)
        return .ok(SessionPageView(try auth.listSessions(of: caller, form.page)))
    })
