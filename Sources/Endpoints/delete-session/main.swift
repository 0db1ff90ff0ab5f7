// DELETE /auth/sessions/{session_id}
//
// 200: the session has ended, and its tokens with it. 404 for one that had ended, or is somebody else's.

import Auth
import AuthAPI

serve(.deleteSession) { request, auth throws(AuthError) in
    let caller = try auth.session(bearing: request)
    let form = try DeleteSessionForm(request)
    return .ok(RevokedSessionView(try auth.deleteSession(form.session, of: caller)))
}
