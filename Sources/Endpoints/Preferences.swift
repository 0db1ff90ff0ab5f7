// GET /auth/users/me/preferences
//
// 200: the language that the caller wants mail in, and which notices.

import Auth
package import API

@export(interface)
package let preferences = Endpoint(.preferences, forUser: { (request, user, auth) throws(AuthError) in
    return .ok(PreferencesView(try auth.preferences(of: user)))
})
