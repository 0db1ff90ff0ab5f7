// POST /auth/users/me/email/confirm
//
// 200: the account, with its new address; the old one gets a mail, and all other sessions end. 400 unless `code` was
// mailed to the new address and `current_code` to the old one.

package import API
import Auth

/// `POST /auth/users/me/email/confirm` with an access token: 200 with an `AccountView`. Fails as `Auth.confirmEmail` does.
@export(interface)
package let confirmEmail = Endpoint(
    .confirmEmail,
    forSession: { (request, caller, auth) throws(AuthError) in
        let form = try ConfirmEmailForm(request)
        return .ok(
            AccountView(
                try auth.confirmEmail(form.email, of: caller, code: form.code, currentCode: form.currentCode)))
    })
