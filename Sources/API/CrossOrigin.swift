// What pages of other sites may read (Fetch §3.2). There are no cookies here, so a page can only show credentials that
// it has; none is ever asked of a browser, and no origin is admitted but by its exact name.

import CGI
import Platform
import Settings

extension Response {
    /// The answer as the page that `request` comes from may read it, if the operator has named its origin. To a
    /// preflight, which methods and header fields there are.
    func admittingOrigin(of request: Request, by service: Service) -> Response {
        guard request.fields.has(.origin),
            !headers.contains(where: { $0.name.isSame(as: "Access-Control-Allow-Origin") }),
            let origins = allowedOrigins(for: request, of: service), !origins.isEmpty
        else { return self }
        var response = self
        response.headers.append(HeaderField("Vary", "Origin"))
        guard let origin = request.fields[.origin], origins.contains(where: { $0.isSame(as: origin) }) else {
            return response
        }
        response.headers.append(HeaderField("Access-Control-Allow-Origin", origin))
        guard request.method == .options, let allow = headers.first(where: { $0.name.isSame(as: "Allow") })
        else {
            response.headers.append(HeaderField("Access-Control-Expose-Headers", exposedFields))
            return response
        }
        response.headers += [
            HeaderField("Access-Control-Allow-Methods", allow.value),
            HeaderField("Access-Control-Allow-Headers", acceptedFields + fieldsAskedFor(by: request)),
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

/// The names of header fields that a preflight asks for and no rule reads, such as `traceparent`, each behind a comma: what
/// libraries add to requests by themselves must not keep a page from calling. None of them says anything about the client:
/// the fields that do are not a page's to write.
private func fieldsAskedFor(by request: Request) -> String {
    guard let asked = request.fields[.requestedFields], asked.utf8.count <= 2048 else {
        return ""
    }
    var names: [[UInt8]] = acceptedFields.utf8.split(whereSeparator: { $0 == UInt8(ascii: ",") || $0 == 0x20 }).map { Array($0) }
    var text = ""
    for piece in asked.utf8.split(separator: UInt8(ascii: ",")) {
        let name = trimmed(piece).map { $0.asciiLowercased }
        // Other signs are left out: by CGI they would make another field's name.
        let isName = !name.isEmpty && name.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "-") }
        guard isName, !names.contains(where: { $0 == name }),
            !["forwarded", "x-forwarded-"].contains(where: { name.starts(with: $0.utf8) })
        else { continue }
        names.append(name)
        text += ", \(String(decoding: name, as: UTF8.self))"
    }
    return text
}

/// Fields of a request beyond those that any page may send.
private let acceptedFields = "authorization, content-type, x-api-key, x-project-id, x-verification-code"
/// Fields of an answer beyond those that any page may read.
private let exposedFields = "RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id"

extension StaticString {
    fileprivate func isSame(as other: StaticString) -> Bool { bytes.elementsEqual(other.bytes) }
}
