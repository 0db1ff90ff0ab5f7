// GET /auth/sessions
//
// 200: a page of the caller's sessions that have not ended, the last used first.

import Auth
import AuthAPI

serve(.listSessions) { request, auth throws(AuthError) in
    let caller = try auth.session(bearing: request)
    let form = try PageForm(request)
    return .ok(SessionPageView(try auth.listSessions(of: caller, form.page)))
}
