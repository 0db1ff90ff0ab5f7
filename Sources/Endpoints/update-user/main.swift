// PATCH /auth/users/me
//
// 200: the account, with its new name; language and notices are changed here too. What the body leaves out stays.

import Auth
import AuthAPI

serve(.updateUser) { request, auth throws(AuthError) in
    let user = try auth.user(bearing: request)
    let form = try UpdateUserForm(request)
    return .ok(AccountView(try auth.updateUser(user, form.changes)))
}
