// POST /auth/sessions/revoke-others
//
// 200: every session of the caller but this one has ended; how many they were.

package import API
import Auth

@export(interface)
package let revokeOtherSessions = Endpoint(
    .revokeOtherSessions,
    forSession: { (request, caller, auth) throws(AuthError) in
        return .ok(RevokedCountView(try auth.revokeOtherSessions(of: caller)))
    })
