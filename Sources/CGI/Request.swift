// A request as RFC 3875 passes it: meta-variables, and a body on an input.

import Platform

/// A request's method (RFC 9110 §9), as far as answers depend on it.
package enum Method: Equatable, Sendable {
    case get, head, post, put, patch, delete, options
    /// Any other token.
    case other

    init(_ name: String?) {
        self =
            switch name {
            case "GET": .get
            case "HEAD": .head
            case "POST": .post
            case "PUT": .put
            case "PATCH": .patch
            case "DELETE": .delete
            case "OPTIONS": .options
            default: .other
            }
    }

    /// The method's name in HTTP; empty for `other`.
    package var name: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .other: ""
        }
    }
}

/// Why a request has no usable body.
package enum BodyError: Error, Equatable {
    /// No valid length, and no chunked coding (RFC 9110 §15.5.12).
    case lengthRequired
    /// More bytes than the limit.
    case tooLarge
    /// Fewer bytes than announced.
    case incomplete
    /// The input failed.
    case unreadable
}

/// One request.
package struct Request {
    /// From REQUEST_METHOD (RFC 3875 §4.1.12).
    package let method: Method
    /// All meta-variables (RFC 3875 §4.1), including those from header fields.
    package let parameters: Parameters
    /// The header fields that decide something.
    package let fields: HeaderFields
    private let input: (_ limit: Int) -> [UInt8]?
    private let errors: (_ text: [UInt8]) -> Void

    /// `input` returns up to `limit` bytes of the body, fewer only at its end, nil on failure; `errors` writes to the
    /// server's log.
    package init(
        parameters: Parameters, input: @escaping (_ limit: Int) -> [UInt8]?,
        errors: @escaping (_ text: [UInt8]) -> Void = { try? Descriptor.standardError.write($0) }
    ) {
        self.parameters = parameters
        fields = HeaderFields(parameters)
        self.input = input
        self.errors = errors
        method = Method(parameters.first("REQUEST_METHOD"))
    }

    /// Writes `text` to the server's log. Ignores a failure.
    package func log(_ text: [UInt8]) { errors(text) }

    /// The path after the executable's own (RFC 3875 §4.1.5), decoded; "" if there is none.
    package var pathInfo: String { parameters.first("PATH_INFO") ?? "" }

    /// The query, as sent, without "?".
    package var query: String { parameters.first("QUERY_STRING") ?? "" }

    /// What the client asked for, as sent, including the query; nil if the server does not pass it. REQUEST_URI is not
    /// in RFC 3875; servers without it pass the path in two parts (§4.1.5, §4.1.13).
    package var target: String? {
        if let uri = parameters.nonEmpty("REQUEST_URI") { return uri }
        return parameters.nonEmpty("SCRIPT_NAME").map { $0 + pathInfo }
    }

    /// The address of the peer, as the server wrote it; "" if it did not.
    package var remoteAddress: String { parameters.first("REMOTE_ADDR") ?? "" }

    /// Whether a body's Content-Type is JSON (RFC 8259, RFC 6839 §3.1): `application/json` or `application/…+json`,
    /// with any parameters. A missing one counts as JSON, but not from a web page, which can omit it to send a body to
    /// any site without asking (Fetch §2.2.2, CORS-safelisted requests).
    package var isJSON: Bool {
        guard let type = fields.first(.contentType) else { return !isFromWebPage }
        var name: [UInt8] = []
        for byte in type.utf8 {
            if byte == UInt8(ascii: ";") { break }
            if byte != UInt8(ascii: " "), byte != UInt8(ascii: "\t") {
                name.append(byte.asciiLowercased)
            }
        }
        guard name.starts(with: "application/".utf8) else { return false }
        let subtype = name.dropFirst("application/".utf8.count)
        return subtype.elementsEqual("json".utf8)
            || (subtype.count > 5 && subtype.suffix(5).elementsEqual("+json".utf8))
    }

    /// Whether a browser sent it for a page (Fetch §3.2, Fetch Metadata §2.4), not for a typed or clicked link.
    private var isFromWebPage: Bool {
        if fields.has(.origin) { return true }
        guard fields.has(.fetchSite) else { return false }
        return fields[.fetchSite]?.isSame(as: "none") != true
    }

    /// Whether a body without a length ends with the input: it was chunked, or came by HTTP/2 or 3, whose bodies need
    /// no length (RFC 9113 §8.1), and some servers pass either on as it arrives.
    var endsWithInput: Bool {
        if fields.has(.transferEncoding) { return true }
        guard method == .post || method == .patch, let version = parameters.nonEmpty("SERVER_PROTOCOL") else { return false }
        return ["HTTP/2", "HTTP/3"].contains { version.utf8.starts(with: $0.utf8) }
    }

    /// The whole body, of at most `limit` bytes.
    package func body(limit: Int) throws(BodyError) -> [UInt8] {
        guard let length = fields.first(.contentLength) else {
            guard endsWithInput else { throw .lengthRequired }
            guard let bytes = input(limit + 1) else { throw .unreadable }
            guard bytes.count <= limit else { throw .tooLarge }
            return bytes
        }
        let digits = length.utf8
        guard digits.allSatisfy({ $0.isDigit }) else { throw .lengthRequired }
        guard let count = Int(length), count <= limit else { throw .tooLarge }
        guard count > 0 else { return [] }
        guard let bytes = input(count) else { throw .unreadable }
        guard bytes.count == count else { throw .incomplete }
        return bytes
    }
}
