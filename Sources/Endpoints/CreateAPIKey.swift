// POST /auth/api-keys/
//
// 201: a new key of a project. The whole key is in this answer and never again: only its Argon2 hash is stored. 404
// for a project that the caller does not belong to.

package import API
import Auth

/// `POST /auth/api-keys` with an access token: 201 with an `APIKeyView`. Fails as `Auth.createAPIKey` does.
@export(interface)
package let createAPIKey = Endpoint(
    .createAPIKey,
    forUser: { (request, user, auth) throws(AuthError) in
        let form = try CreateAPIKeyForm(request)
        let created = try auth.createAPIKey(
            named: form.name, expiringIn: form.days, scopes: form.scopes, in: form.project, by: user)
        return .created(APIKeyView(created))
    })
