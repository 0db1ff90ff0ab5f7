// An answer as RFC 3875 §6 wants it: header lines, an empty line, the body.

import Platform

/// A header field of an answer. The value holds no control characters: all of them are ours.
package struct HeaderField {
    /// As it is written, such as `X-Request-Id`.
    package let name: StaticString
    /// The text behind the colon, on one line.
    package let value: String

    /// `value` is written as it is, so it must hold no control characters.
    package init(_ name: StaticString, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// One whole answer.
package struct Response {
    /// Written as the field `Status` (RFC 3875 §6.3.3).
    package let status: Status
    /// All other fields but Content-Length, in the order in which they are written.
    package var headers: [HeaderField]
    /// nil: an answer without a body, and so without Content-Type and Content-Length.
    package let body: [UInt8]?

    /// `headers` has Content-Type if there is a body; `Status` and Content-Length are added when it is written.
    package init(_ status: Status, headers: [HeaderField], body: [UInt8]?) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The answer's bytes. For a HEAD request (`headOnly`) the length is the body's that GET
    /// would get, and the body is left out (RFC 9110 §9.3.2).
    package func serialized(headOnly: Bool = false) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512 + (body?.count ?? 0))
        bytes.append(copying: "Status: ")
        bytes.append(decimal: status.rawValue)
        bytes.append(UInt8(ascii: " "))
        bytes.append(copying: status.phrase)
        bytes.append(copying: "\r\n")
        for field in headers {
            bytes.append(copying: field.name)
            bytes.append(copying: ": ")
            bytes.append(copying: field.value)
            bytes.append(copying: "\r\n")
        }
        if let body {
            bytes.append(copying: "Content-Length: ")
            bytes.append(decimal: body.count)
            bytes.append(copying: "\r\n\r\n")
            if !headOnly { bytes.append(copying: body) }
        } else {
            bytes.append(copying: "\r\n")
        }
        return bytes
    }
}
