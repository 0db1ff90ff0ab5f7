// POST /auth/sessions/revoke-others
//
// 200: every session of the caller but this one has ended; how many they were.

import Auth
package import API

@export(interface)
package let revokeOtherSessions = Endpoint(.revokeOtherSessions, forSession: { (request, caller, auth) throws(AuthError) in
    return .ok(RevokedCountView(try auth.revokeOtherSessions(of: caller)))
})
