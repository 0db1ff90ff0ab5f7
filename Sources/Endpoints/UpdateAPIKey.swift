// PATCH /auth/api-keys/{key_id}
//
// 200: the key with its new name and scopes; what the body omits stays. 404 for a project or a key that the caller
// may not manage.

package import API
import Auth

/// `PATCH /auth/api-keys/{key_id}` with an access token: 200 with an `APIKeyView`. Fails as `Auth.updateAPIKey` does.
@export(interface)
package let updateAPIKey = Endpoint(
    .updateAPIKey,
    forUser: { (request, user, auth) throws(AuthError) in
        let form = try UpdateAPIKeyForm(request)
        let key = try auth.updateAPIKey(form.key, form.changes, in: form.project, by: user)
        return .ok(APIKeyView(key))
    })
