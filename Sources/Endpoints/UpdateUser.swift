// PATCH /auth/users/me
//
// 200: the account after changes to its name, language or notices. What the body omits stays.

package import API
import Auth

/// `PATCH /auth/users/me` with an access token: 200 with an `AccountView`. Fails as `Auth.user(bearing:)` does.
@export(interface)
package let updateUser = Endpoint(
    .updateUser,
    forUser: { (request, user, auth) throws(AuthError) in
        let form = try UpdateUserForm(request)
        return .ok(AccountView(try auth.updateUser(user, form.changes)))
    })
