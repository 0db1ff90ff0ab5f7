// PATCH /auth/api-keys/{key_id}
//
// 200: the key with its new name and scopes; what the body leaves out stays. 404 for a project or a key
// that the caller may not manage.

import Auth
import AuthAPI

serve(.updateAPIKey) { request, auth throws(AuthError) in
    let user = try auth.user(bearing: request)
    let form = try UpdateAPIKeyForm(request)
    let key = try auth.updateAPIKey(form.key, form.changes, in: form.project, by: user)
    return .ok(APIKeyView(key))
}
