// POST /auth/users/me/deletion-code
//
// 202: a code for deleting the account is sent to its address. 429 as for any code.

package import API
import Auth

/// `POST /auth/users/me/deletion-code` with an access token: 202 with a `SentCodeView`. Fails as `Auth.sendCode` does.
@export(interface)
package let sendDeletionCode = Endpoint(
    .sendDeletionCode,
    forUser: { (request, user, auth) throws(AuthError) in
        .accepted(SentCodeView(try auth.sendDeletionCode(to: user)))
    })
