// What the web server refuses by itself, in the envelope: a URL with control characters, a body over its limit, a POST
// without a length, a process that could not be started.
//
// A server that can have such an answer made by a program (lighttpd's server.error-handler, Apache's ErrorDocument, nginx's
// error_page) runs `not-found` for it, and tells the status as REDIRECT_STATUS. That is a variable of the server's own: no
// header field of a request becomes one of its name.

import CGI

extension Failure {
    /// What the server has refused `request` for; nil if it has not.
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
        case 501: self.init(.notImplemented, "not_implemented", "The server does not know this method.")
        case 502...504:
            self.init(
                Status(rawValue: number) ?? .serviceUnavailable, "temporarily_unavailable",
                "Try again in a moment.", headers: [HeaderField("Retry-After", "2")])
        // A version of HTTP that the server does not know is the client's fault, not the server's.
        case 500...504, 506...599: self = .internalError(reason: nil)
        default: self.init(.badRequest, "bad_request", "The request is malformed.")
        }
    }
}
