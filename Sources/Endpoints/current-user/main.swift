// GET /auth/users/me
//
// 200: the account that the access token is of, with its projects and billing.

import Auth
import AuthAPI

serve(.currentUser) { request, auth throws(AuthError) in
    let user = try auth.user(bearing: request)
    let account = try auth.account(of: user)
    return .ok(AccountView(account))
}
