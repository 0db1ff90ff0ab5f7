// POST /auth/users/me/email
//
// 202: a code is sent to the new address, unless it has an account (the answer does not show which), and another to the
// current address. 422 for an invalid address; 429 as for any code.

package import API
import Auth

/// `POST /auth/users/me/email` with an access token: 202 with a `SentCodeView`. Fails as `Auth.changeEmail` does.
@export(interface)
package let changeEmail = Endpoint(
    .changeEmail,
    forUser: { (request, user, auth) throws(AuthError) in
        let form = try SendCodeForm(request)
        return .accepted(SentCodeView(try auth.changeEmail(of: user, to: form.email)))
    })
