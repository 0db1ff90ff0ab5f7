// POST /auth/users/me/email
//
// 202: a code is on its way to the new address, or would be if that has no account: nobody can tell; and another to the
// address that the account has. 422 for what is no address; 429 as for any code.

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
