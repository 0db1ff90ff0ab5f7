// DELETE /auth/api-keys/{key_id}
//
// 200: the key is deactivated, now or since it first was. 404 for a project or a key that the
// caller may not manage.

import Auth
import AuthAPI

serve(.deleteAPIKey) { request, auth throws(AuthError) in
    let user = try auth.user(bearing: request)
    let form = try DeleteAPIKeyForm(request)
    let key = try auth.deleteAPIKey(form.key, in: form.project, by: user)
    return .ok(DeactivatedAPIKeyView(key))
}
