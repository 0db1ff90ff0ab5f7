// PATCH /auth/users/me
//
// 200: the account, with its new name; language and notices are changed here too. What the body leaves out stays.

package import API
import Auth

@export(interface)
package let updateUser = Endpoint(
    .updateUser,
    forUser: { (request, user, auth) throws(AuthError) in
        let form = try UpdateUserForm(request)
        return .ok(AccountView(try auth.updateUser(user, form.changes)))
    })
