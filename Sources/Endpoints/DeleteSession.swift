// DELETE /auth/sessions/{session_id}
//
// 200: the session has ended, and so have its tokens. 404 for one that had already ended, or is another account's.

package import API
import Auth

/// `DELETE /auth/sessions/{session_id}` with an access token: 200 with a `RevokedSessionView`.
/// Fails as `Auth.deleteSession` does.
@export(interface)
package let deleteSession = Endpoint(
    .deleteSession,
    forSession: { (request, caller, auth) throws(AuthError) in
        let form = try DeleteSessionForm(request)
        return .ok(RevokedSessionView(try auth.deleteSession(form.session, of: caller)))
    })
