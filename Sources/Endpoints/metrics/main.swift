// GET /metrics
//
// 200: numbers in Prometheus' text format, for a caller on this machine, or one that bears `metrics_token`. 401
// for others.

import Auth
import AuthAPI

serve(.metrics) { request, auth throws(AuthError) in
    .text(try auth.metrics(for: request).text, type: Metrics.mediaType)
}
