// An answer in the form of RFC 3875 §6: header lines, an empty line, the body.

import Platform

/// A header field of an answer. The value has no control characters: no value comes from a client.
package struct HeaderField {
    /// As written, such as `X-Request-Id`.
    package let name: StaticString
    /// The text after the colon, on one line.
    package let value: String

    /// `value` is written unchanged, so it must not contain control characters.
    package init(_ name: StaticString, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// One whole answer.
package struct Response {
    /// Written as the field `Status` (RFC 3875 §6.3.3).
    package let status: Status
    /// All other fields except Content-Length, in the order in which they are written.
    package var headers: [HeaderField]
    /// nil: an answer without a body, and so without Content-Type and Content-Length.
    package let body: [UInt8]?

    /// `headers` has Content-Type if there is a body; `Status` and Content-Length are added when it is written.
    package init(_ status: Status, headers: [HeaderField], body: [UInt8]?) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The answer's bytes. For a HEAD request (`headOnly`) the length is that of GET's body, and the body is omitted
    /// (RFC 9110 §9.3.2).
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
