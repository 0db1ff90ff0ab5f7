// POST /auth/users/me/email/confirm
//
// 200: the account, with its new address; the old one is told by mail. 400 for a code that is wrong, spent or
// expired.

import Auth
package import AuthAPI

@export(interface)
package let confirmEmail = Endpoint(.confirmEmail, forUser: { (request, user, auth) throws(AuthError) in
    let form = try VerifyCodeForm(request)
    return .ok(AccountView(try auth.confirmEmail(form.email, of: user, code: form.code)))
})
