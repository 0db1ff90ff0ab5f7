// PATCH /auth/users/me
//
// 200: the account, with its new name; language and notices are changed here too. What the body leaves out stays.

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
