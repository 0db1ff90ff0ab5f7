// GET /auth/api-keys/
//
// 200: a page of a project's keys, newest first, for its members and for its keys with the scope
// api-keys:read. 404 for any other project.

package import API
import Auth

/// `GET /auth/api-keys` with an access token or an API key: 200 with an `APIKeyPageView`. Fails as `Auth.listAPIKeys` does.
@export(interface)
package let listAPIKeys = Endpoint(
    .listAPIKeys,
    forUserOrKey: { (request, caller, auth) throws(AuthError) in
        let form = try ListAPIKeysForm(request)
        let page = try auth.listAPIKeys(of: form.project, form.page, by: caller)
        return .ok(APIKeyPageView(page))
    })
