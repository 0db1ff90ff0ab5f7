// What pages of other sites may read (Fetch §3.2). There are no cookies here, so a page can only show credentials that
// it has; none is ever asked of a browser, and no origin is admitted but by its exact name.

import CGI
import System

extension Response {
    /// The answer as the page that `request` comes from may read it, if the operator has named its origin. To a
    /// preflight, which methods and header fields there are.
    func admittingOrigin(of request: Request, by service: Service) -> Response {
        guard let origin = request.parameters.nonEmpty("HTTP_ORIGIN"),
            !headers.contains(where: { $0.name.isSame(as: "Access-Control-Allow-Origin") }),
            let origins = allowedOrigins(for: request, of: service), !origins.isEmpty
        else { return self }
        var response = self
        response.headers.append(HeaderField("Vary", "Origin"))
        guard origins.contains(where: { $0.isSame(as: origin) }) else { return response }
        response.headers.append(HeaderField("Access-Control-Allow-Origin", origin))
        guard request.method == .options, let allow = headers.first(where: { $0.name.isSame(as: "Allow") })
        else {
            response.headers.append(HeaderField("Access-Control-Expose-Headers", exposedFields))
            return response
        }
        response.headers += [
            HeaderField("Access-Control-Allow-Methods", allow.value),
            HeaderField("Access-Control-Allow-Headers", acceptedFields),
            HeaderField("Access-Control-Max-Age", "600"),
        ]
        return response
    }

    private func allowedOrigins(for request: Request, of service: Service) -> [String]? {
        do throws(ConfigurationFault) {
            return try service.configuration(documentRoot: request.parameters.nonEmpty("DOCUMENT_ROOT"))
                .settings.corsOrigins
        } catch {
            // Whoever answered has said so already.
            return nil
        }
    }
}

/// Fields of a request beyond those that any page may send.
private let acceptedFields = "authorization, content-type, x-api-key, x-project-id, x-verification-code"
/// Fields of an answer beyond those that any page may read.
private let exposedFields = "RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id"

extension StaticString {
    fileprivate func isSame(as other: StaticString) -> Bool { bytes.elementsEqual(other.bytes) }
}
