// What every endpoint does around its own few lines, in the order of judgement that the API
// promises: path, method, body's size and type, ambiguity, credentials, and then the rest.

package import Auth
import CGI
import System

/// Bytes of the largest body.
private let bodyLimit = 65536

/// Answers the request, or by FastCGI the requests, that the process was started for, and ends the process.
///
/// `answer` is called with a request whose path, method and body's form are right.
package func serve(
    _ route: Route, _ answer: @escaping (APIRequest, Auth) throws(AuthError) -> Reply
) -> Never {
    serveTurns { service, id in
        { request in respond(to: request, on: route, of: service, id: id, answer) }
    }
}

/// Answers requests for paths and methods that no endpoint has, and ends the process.
package func serveNotFound() -> Never {
    serveTurns { _, id in { request in refuse(request, id: id) } }
}

private func serveTurns(_ answering: (Service, _ id: String) -> (Request) -> Response) -> Never {
    let gateway = Gateway.ours
    let service = Service(isLasting: gateway.isLasting)
    var trapAnswer = TrapAnswer()
    gateway.serve(isSpent: { service.isSpent($0) }, ending: { service.memory?.checkpoint() }) {
        let id = UUID.random().text
        let answer = answering(service, id)
        return Turn(trapped: trapAnswer.bytes(requestID: id)) { request in
            answer(request).admittingOrigin(of: request, by: service)
        }
    }
}

private func refuse(_ request: Request, id: String) -> Response {
    guard let path = request.uriPath, let allow = Route.allowed(uriPath: path) else {
        return Envelope.response(.notFound, requestID: id)
    }
    if request.method == .options { return Envelope.options(allow: allow, requestID: id) }
    return Envelope.response(.methodNotAllowed(allow: allow), requestID: id)
}

private func respond(
    to request: Request, on route: Route, of service: Service, id: String,
    _ answer: (APIRequest, Auth) throws(AuthError) -> Reply
) -> Response {
    guard route.accepts(pathInfo: request.pathInfo) else {
        return Envelope.response(.notFound, requestID: id)
    }
    if let path = request.uriPath,
        let allow = route.otherPath(uriPath: path, pathInfo: request.pathInfo)
    {
        return Envelope.response(.methodNotAllowed(allow: allow), requestID: id)
    }
    if request.method == .options {
        return Envelope.options(allow: route.allowed, requestID: id)
    }
    guard route.takes(request.method) else {
        return Envelope.response(.methodNotAllowed(allow: route.allowed), requestID: id)
    }

    var event = Event(request: request, route: route, id: id)
    let body: [UInt8]
    do throws(BodyError) {
        body = route.takesBody ? try request.body(limit: bodyLimit) : []
    } catch {
        return event.fail(Failure(error))
    }
    guard !route.takesBody || request.isJSON else { return event.fail(.unsupportedMediaType) }

    let auth: Auth
    do throws(ConfigurationFault) {
        let configuration = try service.configuration(
            documentRoot: request.parameters.nonEmpty("DOCUMENT_ROOT"))
        let address = clientAddress(of: request, trusting: configuration.settings.trustedProxies)
        if let address { event.address = address.text }
        auth = Auth(
            policy: configuration.policy, state: configuration.state, journal: configuration.journal,
            client: Client(
                address: address, userAgent: request.parameters.first("HTTP_USER_AGENT"),
                language: request.parameters.first("HTTP_ACCEPT_LANGUAGE").flatMap {
                    Language.preferred(acceptLanguage: $0)
                },
                requestID: id),
            testIdentities: try configuration.testIdentities(), memory: service.memory, isRead: route.isRead)
    } catch {
        return event.fail(.internalError(reason: error.reason))
    }
    service.spareClosing(auth)
    defer { wakeDeliverer(auth, after: route, log: event) }
    do throws(AuthError) {
        let apiRequest = try APIRequest(request, body: body)
        event.request = apiRequest
        if route.isOpen { try auth.admit(apiRequest) }
        let reply = try answer(apiRequest, auth)
        // Before the log, which may have to wait for the web server.
        auth.endReading()
        return event.succeed(reply, auth.event)
    } catch {
        auth.endReading()
        let failure = Failure(error)
        if failure.status.rawValue >= 500 { service.memory?.forgetDatabase() }
        return event.fail(failure, auth.event)
    }
}

/// Starts a deliverer if mail is due: what this request put into the outbox, or what an earlier one
/// left. Now and then also without mail, since it cleans up as well: it deletes more rows each time than that
/// many requests add. Only requests that write look, so that reads stay cheap. If it cannot be started the
/// mail waits for the next request; that is no reason to fail this one.
private func wakeDeliverer(_ auth: Auth, after route: Route, log event: Event) {
    guard !route.isRead else { return }
    let requestsPerCleanUp: UInt8 = 32
    do throws(AuthError) {
        let isDue = try auth.hasDueMail()
        guard isDue || (auth.isInUse && Random.bytes(1)[0] % requestsPerCleanUp == 0) else { return }
    } catch {
        return
    }
    do throws(SystemError) {
        var environment = ["LATCHKEY_HOME=\(auth.state.path)"]
        Environment.forEach(prefix: "LATCHKEY_") { name, value in
            if !name.isSame(as: "LATCHKEY_HOME") { environment.append("\(name)=\(value)") }
        }
        try Command.startDetached(
            "\(try Environment.executableFolder())/deliver-mail", environment: environment)
    } catch {
        event.log(status: nil, code: "mail_not_started", reason: error.description)
    }
}

/// What happened to one request, for its answer and its log line.
private struct Event {
    /// The client's, as far as it is known.
    var address: String
    private let route: Route
    private let id: String
    private let wire: Request
    /// Set once the request is known to be well formed.
    var request: APIRequest?

    init(request: Request, route: Route, id: String) {
        address = request.remoteAddress
        self.route = route
        self.id = id
        wire = request
    }

    /// Reads that succeed are not logged: the web server's own log has them.
    func succeed(_ reply: Reply, _ audited: AuditEvent?) -> Response {
        if !route.isRead {
            log(status: reply.status, code: "ok", reason: nil, audited)
        }
        return Envelope.response(reply, requestID: id)
    }

    func fail(_ failure: Failure, _ audited: AuditEvent? = nil) -> Response {
        // What was about to happen when a fault stopped it did not happen.
        log(
            status: failure.status, code: failure.code, reason: failure.reason,
            failure.status.rawValue < 500 ? audited : nil)
        return Envelope.response(failure, requestID: id)
    }

    /// One line in the server's log. The address comes before whatever a client may have written.
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
        for note in request?.notes ?? [] { line.add(note.key, note.value) }
        line.add("request", id)
        wire.log(line.bytes)
    }
}
