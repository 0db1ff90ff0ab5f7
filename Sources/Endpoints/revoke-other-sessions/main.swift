// POST /auth/sessions/revoke-others
//
// 200: every session of the caller but this one has ended; how many they were.

import Auth
import AuthAPI

serve(.revokeOtherSessions) { request, auth throws(AuthError) in
    let caller = try auth.session(bearing: request)
    return .ok(RevokedCountView(try auth.revokeOtherSessions(of: caller)))
}
