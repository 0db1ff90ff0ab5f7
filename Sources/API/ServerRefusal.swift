// Puts the web server's own refusals into the envelope: a URL with control characters, a body over its limit, a POST
// without a length, a process that could not start.
//
// A server that can let a program make such an answer (lighttpd's server.error-handler, Apache's ErrorDocument, nginx's
// error_page) runs `not-found` for it, and passes the status as REDIRECT_STATUS. Only the server can set that variable: no
// header field of a request becomes it.

import CGI

extension Failure {
    /// The server's refusal of `request`; nil if there is none.
    init?(ofServerIn request: Request) {
        guard let text = request.parameters.nonEmpty("REDIRECT_STATUS"), text.utf8.count == 3, let number = Int(text),
            400...599 ~= number
        else { return nil }
        self.init(ofServerWith: number, target: request.target)
    }

    private init(ofServerWith number: Int, target: String?) {
        switch number {
        case 403: self.init(.forbidden, "forbidden", "The server does not allow this request.")
        case 404: self = .notFound
        case 405:
            self = target.flatMap { Route.allowed(at: $0) }.map { .methodNotAllowed(allow: $0) } ?? .notFound
        case 408: self.init(.requestTimeout, "request_timeout", "The request did not arrive in time.")
        case 411: self = Failure(.lengthRequired)
        case 413: self = Failure(.tooLarge)
        case 414: self.init(.uriTooLong, "uri_too_long", "The URL is too long.")
        case 431, 494:
            self.init(
                .requestHeaderFieldsTooLarge, "header_fields_too_large", "The header fields of the request are too large.")
        case 501: self.init(.notImplemented, "not_implemented", "The server does not support this method.")
        case 502...504:
            self.init(
                Status(rawValue: number) ?? .serviceUnavailable, "temporarily_unavailable",
                "The service is not available. Try again in a moment.", headers: [HeaderField("Retry-After", "2")])
        // An HTTP version that the server does not support is the client's fault, not the server's.
        case 500...504, 506...599: self = .internalError(reason: nil)
        default: self.init(.badRequest, "bad_request", "The request is malformed.")
        }
    }
}
