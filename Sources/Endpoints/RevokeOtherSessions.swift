// POST /auth/sessions/revoke-others
//
// 200: every other session of the caller has ended; the answer says how many.

package import API
import Auth

/// `POST /auth/sessions/revoke-others` with an access token: 200 with a `RevokedCountView`.
/// Fails as `Auth.session(bearing:)` does.
@export(interface)
package let revokeOtherSessions = Endpoint(
    .revokeOtherSessions,
    forSession: { (request, caller, auth) throws(AuthError) in
        return .ok(RevokedCountView(try auth.revokeOtherSessions(of: caller)))
    })
