// GET /health
//
// 200: the database answers and the secret is there. 503 or 500 if not.

import Auth
import AuthAPI

serve(.health) { _, auth throws(AuthError) in
    try auth.checkHealth()
    return .ok(HealthView())
}
