// POST /auth/verification/revoke-token
//
// 200: the session has ended, or there was none: the answer does not show which.

package import API
import Auth

/// `POST /auth/verification/revoke-token` from a client that `client_tokens` admits: 200 with an `EmptyView`, for any
/// token.
@export(interface)
package let revokeToken = Endpoint(
    .revokeToken,
    forClients: { (request, auth) throws(AuthError) in
        let form = try RevokeTokenForm(request)
        try auth.revokeToken(form.refreshToken)
        return .ok(EmptyView())
    })
