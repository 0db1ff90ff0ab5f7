// GET or POST /auth/api-keys/verify
//
// For a service that received an API key, and for servers that ask before they pass a request on. 200: the key in
// `x-api-key` is valid, and has the scope `?scope=`, if given; also as header fields. 401 with a code for each reason why
// not, 403 for a key without the scope.

package import API
import Auth

/// `GET /auth/api-keys/verify` or POST, with the key in `x-api-key`: 200 with a `VerifiedAPIKeyView` and its header fields.
/// Fails as `Auth.verifyAPIKey` does.
@export(interface)
package let verifyAPIKey = Endpoint(
    .verifyAPIKey,
    forShownKey: { (request, secret, auth) throws(AuthError) in
        let form = try VerifyAPIKeyForm(request)
        let view = VerifiedAPIKeyView(try auth.verifyAPIKey(secret, scope: form.scope))
        return .ok(view, headers: view.headers)
    })
