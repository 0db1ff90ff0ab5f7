// How an executable starts: with CGI one for each endpoint, with FastCGI one for all of them.

import Auth
import CGI
import Platform
import Store

/// Answers this process's request with `endpoint`, and ends the process.
@export(interface)
package func run(_ endpoint: Endpoint) -> Never {
    runOne { (request, service, id) in
        switch endpoint.route.address(of: request) {
        case .nowhere: Envelope.response(.notFound, requestID: id)
        case .elsewhere(let allow): refuse(request, allow: allow, id: id)
        case .here(let ids, let isOwnPath):
            respond(to: request, by: endpoint, ids: ids, isOwnPath: isOwnPath, of: service, id: id)
        }
    }
}

/// Answers this process's request, whose path or method has no endpoint, and ends the process.
@export(interface)
package func runNotFound() -> Never {
    runOne { (request, _, id) in
        if let failure = Failure(ofServerIn: request) { return Envelope.response(failure, requestID: id) }
        if request.isInFolderOfSite { return Envelope.response(.notAtRoot, requestID: id) }
        return refuse(request, allow: request.target.flatMap { Route.allowed(at: $0) }, id: id)
    }
}

private func runOne(_ answer: @escaping (Request, Service, _ id: String) -> Response) -> Never {
    Signals.leaveNoCore()
    Database.configureForOneThread()
    let service = Service(isPersistent: false)
    let id = UUID.random().text
    CGIGateway.serve(
        Turn(trapped: TrapAnswer().bytes(requestID: id)) { request in
            answer(request, service, id).admittingOrigin(of: request, by: service)
        })
}

/// Answers requests for all of `endpoints` with FastCGI, on the listening socket at standard input, until a signal stops
/// the process. The endpoints are in the order of `Route.all`.
///
/// Without such a socket it does not serve: it answers 404 to a web server that runs it with CGI, and exits with 64.
@export(interface)
package func run(_ endpoints: [Endpoint]) -> Never {
    Signals.leaveNoCore()
    guard let socket = ListeningSocket.onStandardInput else {
        if Environment.value("REQUEST_METHOD") != nil { runNotFound() }
        try? Descriptor.standardError.write(Array("latchkey-fcgi: standard input is not a listening socket\n".utf8))
        Signals.exit(64)
    }
    Database.configureForOneThread()
    let service = Service(isPersistent: true)
    let routes = endpoints.map { $0.route }
    var trapAnswer = KeptTrapAnswer()
    FastCGIServer(socket).serve(
        hasReachedMaxRequests: { service.hasReachedMaxRequests($0) }, ending: { service.cache?.checkpoint() }
    ) {
        let id = UUID.random().text
        return Turn(trapped: trapAnswer.bytes(requestID: id)) { request in
            if let failure = Failure(ofServerIn: request) ?? (request.isInFolderOfSite ? .notAtRoot : nil) {
                return Envelope.response(failure, requestID: id).admittingOrigin(of: request, by: service)
            }
            let response =
                switch Dispatch(request, among: routes) {
                case .nowhere: Envelope.response(.notFound, requestID: id)
                case .wrongMethod(let allow): refuse(request, allow: allow, id: id)
                case .route(let index, let ids, let isOwnPath):
                    respond(to: request, by: endpoints[index], ids: ids, isOwnPath: isOwnPath, of: service, id: id)
                }
            return response.admittingOrigin(of: request, by: service)
        }
    }
}

/// Answers 404 or, if the path has other methods, 405 or OPTIONS.
private func refuse(_ request: Request, allow: String?, id: String) -> Response {
    guard let allow else { return Envelope.response(.notFound, requestID: id) }
    if request.method == .options { return Envelope.options(allow: allow, requestID: id) }
    return Envelope.response(.methodNotAllowed(allow: allow), requestID: id)
}
