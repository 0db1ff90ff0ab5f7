// DELETE /auth/users/me
//
// 200: the account is gone, with its sessions, keys, and the projects that it alone owned. 400 unless
// `x-verification-code` is a fresh code to sign in with.

import Auth
import AuthAPI

serve(.deleteUser) { request, auth throws(AuthError) in
    let code = try request.verificationCode()
    let user = try auth.user(bearing: request)
    let form = try DeleteUserForm(request, code: code)
    try auth.deleteUser(user, code: form.code)
    return .ok(EmptyView())
}
