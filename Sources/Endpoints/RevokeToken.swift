// POST /auth/verification/revoke-token
//
// 200: the session has ended, or there was none: nobody can tell.

package import API
import Auth

@export(interface)
package let revokeToken = Endpoint(
    .revokeToken,
    forClients: { (request, auth) throws(AuthError) in
        let form = try RevokeTokenForm(request)
        try auth.revokeToken(form.refreshToken)
        return .ok(EmptyView())
    })
