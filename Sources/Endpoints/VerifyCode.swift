// POST /auth/verification/verify-code
//
// 200: the tokens of a new session; the first one creates the account. 400 for a code that is wrong, used or expired,
// with another error code if it has no attempts left; 403 for the right code of a deactivated account.

package import API
import Auth

/// `POST /auth/verification/verify-code` from a client that `client_tokens` admits: 200 with a `TokenPairView`.
/// Fails as `Auth.verifyCode` does.
@export(interface)
package let verifyCode = Endpoint(
    .verifyCode,
    forClients: { (request, auth) throws(AuthError) in
        let form = try VerifyCodeForm(request)
        let tokens = try auth.verifyCode(form.code, for: form.email)
        return .ok(TokenPairView(tokens))
    })
