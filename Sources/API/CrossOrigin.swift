// What pages of other sites may read (Fetch §3.2). There are no cookies, so a page can only send credentials that it has.
// The service never asks a browser for any, and allows an origin only by its exact name.

import CGI
import Platform
import Settings

extension Response {
    /// The answer with the headers that let `request`'s page read it, if the operator named its origin. For a preflight,
    /// also the methods and header fields.
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
            // The answer already reports this fault.
            return nil
        }
    }
}

/// The header fields that a preflight asks for and no rule reads, such as `traceparent`, each after a comma. Libraries add
/// them on their own, and a page must be able to call all the same. None of them describes the client: a page cannot set
/// the fields that do.
private func fieldsAskedFor(by request: Request) -> String {
    guard let asked = request.fields[.requestedFields], asked.utf8.count <= 2048 else {
        return ""
    }
    var names: [[UInt8]] = acceptedFields.utf8.split(whereSeparator: { $0 == UInt8(ascii: ",") || $0 == 0x20 }).map { Array($0) }
    var text = ""
    for piece in asked.utf8.split(separator: UInt8(ascii: ",")) {
        let name = trimmed(piece).map { $0.asciiLowercased }
        // Other characters are left out: CGI would turn them into another field's name.
        let isName = !name.isEmpty && name.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "-") }
        guard isName, !names.contains(where: { $0 == name }),
            !["forwarded", "x-forwarded-"].contains(where: { name.starts(with: $0.utf8) })
        else { continue }
        names.append(name)
        text += ", \(String(decoding: name, as: UTF8.self))"
    }
    return text
}

/// Request fields beyond those that every page may send.
private let acceptedFields = "authorization, content-type, x-api-key, x-project-id, x-verification-code"
/// Response fields beyond those that every page may read.
private let exposedFields = "RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id"

extension StaticString {
    fileprivate func isSame(as other: StaticString) -> Bool { bytes.elementsEqual(other.bytes) }
}
