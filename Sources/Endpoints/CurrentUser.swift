// GET /auth/users/me
//
// 200: the authenticated user's account, with projects and billing.

package import API
import Auth

/// `GET /auth/users/me` with an access token: 200 with an `AccountView`. Fails as `Auth.user(bearing:)` does.
@export(interface)
package let currentUser = Endpoint(
    .currentUser,
    forAccount: { (_, account, _) throws(AuthError) in .ok(AccountView(account)) })
