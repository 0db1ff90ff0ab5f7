// POST /auth/verification/revoke-token
//
// 200: the session has ended, or there was none: nobody can tell.

import Auth
import AuthAPI

serve(.revokeToken) { request, auth throws(AuthError) in
    let form = try RevokeTokenForm(request)
    try auth.revokeToken(form.refreshToken)
    return .ok(EmptyView())
}
