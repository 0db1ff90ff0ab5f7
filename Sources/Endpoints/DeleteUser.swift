// DELETE /auth/users/me
//
// 200: the account is deleted, with its sessions, keys, and the projects that only it owned. 400 unless
// `x-verification-code` is the code that POST /auth/users/me/deletion-code mailed.

package import API
import Auth

/// `DELETE /auth/users/me` with an access token and a code: 200 with an `EmptyView`. Fails as `Auth.deleteUser` does.
@export(interface)
package let deleteUser = Endpoint(
    .deleteUser,
    forUser: { (request, user, auth) throws(AuthError) in
        let form = try DeleteUserForm(request)
        try auth.deleteUser(user, code: form.code)
        return .ok(EmptyView())
    })
