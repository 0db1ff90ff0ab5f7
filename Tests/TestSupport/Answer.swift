// A whole answer, parsed and made comparable: names replace what differs between runs.

import Foundation

/// An answer of a handler or a server.
package struct Answer: Sendable {
    package let status: Int
    /// Header lines as received, without the status.
    package let headers: [String]
    package let body: String

    /// Parses CGI output (`Status: …`) or an HTTP answer (`HTTP/1.1 …`).
    package init(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n") else {
            (status, headers, body) = (0, [], text)
            return
        }
        let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
        status = lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        headers = Array(lines.dropFirst())
        body = String(text[end.upperBound...])
    }

    /// The value of the header `name`, in any case; nil if there is none.
    package func header(_ name: String) -> String? {
        headers.first { $0.lowercased().hasPrefix("\(name.lowercased()): ") }
            .map { String($0.dropFirst(name.count + 2)) }
    }

    /// The text of the first member called `name`, at any depth.
    package func field(_ name: String) -> String {
        let pattern = "\"\(name)\":\"([^\"]*)\""
        guard let range = body.range(of: pattern, options: .regularExpression) else { return "" }
        return String(body[range].dropFirst(name.count + 4).dropLast())
    }

    /// `error.code`.
    package var code: String { field("code") }

    /// Status, relevant headers and body as one text, with names in place of ids, times, tokens and lengths.
    package var shown: String {
        let kept = headers.filter { line in
            [
                "allow", "content-type", "retry-after", "ratelimit", "www-authenticate", "cache-control",
                "x-content-type-options", "x-request-id", "content-length", "vary", "access-control-",
            ]
            .contains { line.lowercased().hasPrefix($0) }
        }
        return ([String(status)] + kept.map(Answer.named) + ["", Answer.named(body)])
            .joined(separator: "\n")
    }

    /// Only the body, in the form of `shown`.
    package var shownBody: String { Answer.named(body) }

    private static func named(_ text: String) -> String {
        let names = [
            ("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>"),
            ("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z", "<time>"),
            ("eyJ[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{86}", "<access token>"),
            ("sk_[A-Za-z0-9_-]{43}", "<key>"),
            ("sk_[A-Za-z0-9_-]{8}(?=\")", "<prefix>"),
            ("(?<=\")[A-Za-z0-9_-]{86}(?=\")", "<refresh token>"),
            ("(?<=Content-Length: )[0-9]+", "<count>"),
        ]
        return names.reduce(text) { text, name in
            text.replacingOccurrences(of: name.0, with: name.1, options: .regularExpression)
        }
    }
}

/// The header lines of every JSON answer, in the form of `Answer.shown`.
package let standardHeaders = """
    Content-Type: application/json; charset=utf-8
    Cache-Control: no-store
    X-Content-Type-Options: nosniff
    X-Request-Id: <uuid>
    """
