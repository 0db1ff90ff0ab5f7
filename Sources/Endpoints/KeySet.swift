// GET /.well-known/jwks.json
//
// 200: the public keys for access tokens, in the form of RFC 7517, without the envelope. A service that verifies
// tokens keeps it for five minutes, and fetches it again for an unknown key id.

package import API
import Auth

/// `GET /.well-known/jwks.json` from anyone: 200 with a `KeySetView` that caches may keep for 300 seconds.
@export(interface)
package let keySet = Endpoint(
    .keySet,
    forAnyone: { (_, auth) throws(AuthError) in
        .document(KeySetView(try auth.verificationKeys()), cachedFor: 300)
    })
