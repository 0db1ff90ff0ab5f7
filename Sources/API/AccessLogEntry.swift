// The line in the server's log about a request.

import Auth
import CGI
import Platform
import Store

/// What happened to one request, for its answer and its log line.
struct AccessLogEntry {
    /// The client's address, as far as it is known.
    var address: String
    private let route: Route
    private let id: String
    private let wire: Request
    /// Set once the request is well formed.
    var request: APIRequest?

    init(request: Request, route: Route, id: String) {
        address = request.remoteAddress
        self.route = route
        self.id = id
        wire = request
    }

    /// Successful reads are not logged: the web server's own log has them.
    func succeed(_ reply: Reply, _ audited: AuditEvent?) -> Response {
        if !route.isRead {
            log(status: reply.status, code: "ok", reason: nil, audited)
        }
        return Envelope.response(reply, requestID: id)
    }

    func fail(_ failure: Failure, _ audited: AuditEvent? = nil) -> Response {
        // An action that a fault stopped did not happen.
        log(
            status: failure.status, code: failure.code, reason: failure.reason,
            failure.status.rawValue < 500 ? audited : nil)
        return Envelope.response(failure, requestID: id)
    }

    /// Writes one line to the server's log. The address comes before anything a client may have written.
    func log(status: Status?, code: StaticString, reason: String?, _ audited: AuditEvent? = nil) {
        var line = LogLine(at: .now)
        line.add("ip", address)
        line.add("endpoint", route.name.description)
        if let status { line.add("status", String(status.rawValue)) }
        line.add("outcome", code.description)
        if let audited {
            line.add("event", audited.kind.name.description)
            if let detail = audited.detail { line.add("detail", detail.description) }
            if let user = audited.user { line.add("user", user.text) }
            if let subject = audited.subject { line.add("subject", subject.text) }
        }
        if let reason { line.add("reason", reason) }
        for note in request?.notes ?? [] {
            switch note.value {
            case .text(let text): line.add(note.key, text)
            case .id(let id): line.add(note.key, id.text)
            }
        }
        line.add("request", id)
        wire.log(line.bytes)
    }
}
