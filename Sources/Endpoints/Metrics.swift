// GET /metrics
//
// 200: metrics in Prometheus' text format, for a caller on this machine, or with `metrics_token`. 401 for others.

package import API
import Auth

/// `GET /metrics` from this machine or with `metrics_token`: 200 with the text of `Metrics`. Fails as `Auth.metrics` does.
@export(interface)
package let metrics = Endpoint(
    .metrics,
    forMonitoring: { (metrics) throws(AuthError) in
        .text(metrics.text, type: Metrics.mediaType)
    })
