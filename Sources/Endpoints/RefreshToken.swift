// POST /auth/verification/refresh-token
//
// 200: the session's next tokens; for a token that was used a moment ago, the same tokens again. 401 for a token that is
// unknown, expired, or was used longer ago; in the last case its session ends.

package import API
import Auth

/// `POST /auth/verification/refresh-token` from a client that `client_tokens` admits: 200 with a `TokenPairView`.
/// Fails as `Auth.refreshToken` does.
@export(interface)
package let refreshToken = Endpoint(
    .refreshToken,
    forClients: { (request, auth) throws(AuthError) in
        let form = try RefreshTokenForm(request)
        let tokens = try auth.refreshToken(form.refreshToken, of: form.userID)
        return .ok(TokenPairView(tokens))
    })
