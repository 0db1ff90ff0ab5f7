// POST /auth/verification/send-code
//
// 202: a code is sent by mail, if the address may sign in: the answer does not show which. 422 for an invalid
// address; 429 within a minute of the last mail to it.

package import API
import Auth

/// `POST /auth/verification/send-code` from a client that `client_tokens` admits: 202 with a `SentCodeView`.
/// Fails as `Auth.sendCode` does.
@export(interface)
package let sendCode = Endpoint(
    .sendCode,
    forClients: { (request, auth) throws(AuthError) in
        let form = try SendCodeForm(request)
        let sent = try auth.sendCode(to: form.email)
        return .accepted(SentCodeView(sent))
    })
