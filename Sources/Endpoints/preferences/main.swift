// GET /auth/users/me/preferences
//
// 200: the language that the caller wants mail in, and which notices.

import Auth
import AuthAPI

serve(.preferences) { request, auth throws(AuthError) in
    let user = try auth.user(bearing: request)
    return .ok(PreferencesView(try auth.preferences(of: user)))
}
