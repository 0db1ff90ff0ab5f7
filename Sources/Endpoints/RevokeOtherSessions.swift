// POST /auth/sessions/revoke-others
//
// 200: every session of the caller but this one has ended; how many they were.

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
