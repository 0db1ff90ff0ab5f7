// GET /.well-known/jwks.json
//
// 200: the public keys that access tokens are signed by, as RFC 7517 has it and not in the envelope. Whoever
// verifies tokens by it keeps it for five minutes, and asks again for a key id that is not in it.

package import API
import Auth

/// `GET /.well-known/jwks.json` from anyone: 200 with a `KeySetView` that caches may keep for 300 seconds.
@export(interface)
package let keySet = Endpoint(
    .keySet,
    forAnyone: { (_, auth) throws(AuthError) in
        .document(KeySetView(try auth.verificationKeys()), cachedFor: 300)
    })
