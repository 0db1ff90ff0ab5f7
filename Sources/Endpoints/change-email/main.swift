// POST /auth/users/me/email
//
// 202: a code is on its way to the new address, or would be if that has no account: nobody can tell. 422 for
// what is no address; 429 as for any code.

import Auth
import AuthAPI

serve(.changeEmail) { request, auth throws(AuthError) in
    let user = try auth.user(bearing: request)
    let form = try SendCodeForm(request)
    return .accepted(SentCodeView(try auth.changeEmail(of: user, to: form.email)))
}
