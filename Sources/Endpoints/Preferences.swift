// GET /auth/users/me/preferences
//
// 200: the caller's language for mail, and their notices.

package import API
import Auth

/// `GET /auth/users/me/preferences` with an access token: 200 with a `PreferencesView`. Fails as `Auth.user(bearing:)` does.
@export(interface)
package let preferences = Endpoint(
    .preferences,
    forUser: { (request, user, auth) throws(AuthError) in
        return .ok(PreferencesView(try auth.preferences(of: user)))
    })
