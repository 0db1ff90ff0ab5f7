// POST /auth/api-keys/{key_id}/rotate
//
// 201: a new key in place of the old one, which keeps working for `overlap_days`. The whole key is in this answer and never
// again. 404 for a key that is not active, or that the caller may not manage.

package import API
import Auth

/// `POST /auth/api-keys/{key_id}/rotate` with an access token: 201 with an `APIKeyView`. Fails as `Auth.rotateAPIKey` does.
@export(interface)
package let rotateAPIKey = Endpoint(
    .rotateAPIKey,
    forUser: { (request, user, auth) throws(AuthError) in
        let form = try RotateAPIKeyForm(request)
        let key = try auth.rotateAPIKey(form.key, overlap: form.overlap, in: form.project, by: user)
        return .created(APIKeyView(key))
    })
