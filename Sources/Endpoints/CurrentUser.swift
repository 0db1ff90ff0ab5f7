// GET /auth/users/me
//
// 200: the authenticated user's account, with projects and billing.

package import API
import Auth

/// `GET /auth/users/me` with an access token: 200 with an `AccountView`. Fails as `Auth.user(bearing:)` does.
@export(interface)
package let currentUser = Endpoint(
    .currentUser,
    forUser: { (request, user, auth) throws(AuthError) in
        let account = try auth.account(of: user)
        return .ok(AccountView(account))
    })
