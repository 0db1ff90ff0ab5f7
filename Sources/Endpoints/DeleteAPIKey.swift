// DELETE /auth/api-keys/{key_id}
//
// 200: the key is deactivated, now or already before. 404 for a project or a key that the caller may not manage.

package import API
import Auth

/// `DELETE /auth/api-keys/{key_id}` with an access token: 200 with a `DeactivatedAPIKeyView`. Fails as `Auth.deleteAPIKey` does.
@export(interface)
package let deleteAPIKey = Endpoint(
    .deleteAPIKey,
    forUser: { (request, user, auth) throws(AuthError) in
        let form = try DeleteAPIKeyForm(request)
        let key = try auth.deleteAPIKey(form.key, in: form.project, by: user)
        return .ok(DeactivatedAPIKeyView(key))
    })
