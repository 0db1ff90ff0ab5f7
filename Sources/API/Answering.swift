// What every endpoint does around its own few lines, in the order that the API promises: path, method, size and type of the
// body, ambiguity, credentials, and then the rest.

import Auth
import CGI
import Platform
import Settings
import Store

/// The most bytes of a body.
private let bodyLimit = 65536

/// Answers a request to `endpoint`, whose path contains the given ids.
func respond(
    to request: Request, by endpoint: Endpoint, ids: [String], isOwnPath: Bool, of service: Service, id: String
) -> Response {
    let route = endpoint.route
    guard route.takes(request.method, isOwnPath: isOwnPath) else {
        let allow = route.allow(isOwnPath: isOwnPath)
        if request.method == .options { return Envelope.options(allow: allow, requestID: id) }
        return Envelope.response(.methodNotAllowed(allow: allow), requestID: id)
    }

    var entry = AccessLogEntry(request: request, route: route, id: id)
    let body: [UInt8]
    do throws(BodyError) {
        body = route.takesBody ? try request.body(limit: bodyLimit) : []
    } catch {
        return entry.fail(Failure(error))
    }
    guard !route.takesBody || request.isJSON else { return entry.fail(.unsupportedMediaType) }

    let auth: Auth
    do throws(ConfigurationFault) {
        let configuration = try service.configuration(
            documentRoot: request.parameters.nonEmpty("DOCUMENT_ROOT"))
        let address = clientAddress(of: request, trusting: configuration.settings.trustedProxies)
        if let address { entry.address = address.text }
        auth = Auth(
            policy: configuration.policy, store: configuration.store,
            client: Client(
                address: address, userAgent: request.fields[.userAgent],
                language: request.fields[.acceptLanguage].flatMap { Language.preferred(acceptLanguage: $0) },
                requestID: id),
            testIdentities: try configuration.testIdentities(), cache: service.cache, isRead: route.isRead)
    } catch {
        return entry.fail(
            error.isTemporary
                ? Failure(.unavailable(reason: error.reason)) : .internalError(reason: error.reason))
    }
    service.spareClosing(auth)
    defer { wakeDeliverer(auth, after: route, log: entry) }
    do throws(AuthError) {
        let apiRequest = try APIRequest(request, body: body, pathIDs: ids)
        entry.request = apiRequest
        let reply = try endpoint.answer(apiRequest, auth)
        // Before the log, which may wait for the web server.
        auth.endReading()
        return entry.succeed(reply, auth.event)
    } catch {
        auth.endReading()
        let failure = Failure(error)
        if failure.status.rawValue >= 500 { service.cache?.forgetDatabase() }
        return entry.fail(failure, auth.event)
    }
}

/// Starts a deliverer if mail is due: from this request or an earlier one. Sometimes it starts one without mail, to clean up:
/// each run deletes more rows than the requests since the last one added. A request that changed nothing added none, so
/// a flood of refusals starts nothing. Only requests that write look, so that reads stay cheap. If the deliverer cannot
/// start, the mail waits for the next request; this one does not fail.
private func wakeDeliverer(_ auth: Auth, after route: Route, log entry: AccessLogEntry) {
    guard !route.isRead else { return }
    let requestsPerCleanUp = 32 * Database.cleanUpFactor
    do throws(AuthError) {
        let isDue = try auth.hasDueMail()
        guard isDue || (auth.hasChangedRows && Int(Random.bytes(1)[0]) % requestsPerCleanUp == 0) else { return }
    } catch {
        return
    }
    do throws(SystemError) {
        var environment = ["LATCHKEY_HOME=\(auth.state.path)"]
        for prefix in Database.environmentPrefixes {
            Environment.forEach(prefix: prefix) { name, value in
                if !name.isSame(as: "LATCHKEY_HOME") { environment.append("\(name)=\(value)") }
            }
        }
        try Command.startDetached(
            "\(try Environment.executableFolder())/deliver-mail", environment: environment)
    } catch {
        entry.log(status: nil, code: "mail_not_started", reason: error.description)
    }
}
