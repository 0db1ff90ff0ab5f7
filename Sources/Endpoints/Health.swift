// GET /health
//
// 200: the database answers and the secret exists; the answer has the version. Otherwise 503 or 500.

package import API
import Auth

/// `GET /health` from anyone: 200 with a `HealthView`. Fails as `Auth.checkHealth` does.
@export(interface)
package let health = Endpoint(
    .health,
    forAnyone: { (_, auth) throws(AuthError) in
        try auth.checkHealth()
        return .ok(HealthView())
    })
