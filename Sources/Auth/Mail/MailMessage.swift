// A mail as text (RFC 5322, MIME: RFC 2045–2047), with the line ends that Unix mail programs and maildirs use. Every
// line is ASCII and short, whatever the templates contain.

import Cryptography
import Platform
package import Store

/// A name and an address, as in `From`.
package struct Mailbox: Equatable {
    /// The displayed name, at most 128 characters; nil for none.
    package let name: String?
    /// The sender's address; its domain is also that of the Message-ID.
    package let address: Email

    /// Keeps the first 128 Unicode scalars of `name`; nil: only the address.
    package init(name: String?, address: Email) {
        self.name = name.map { String(Substring($0.unicodeScalars.prefix(128))) }
        self.address = address
    }
}

/// One mail, ready to be written.
struct MailMessage {
    let id: UUID
    let date: Timestamp
    let from: Mailbox
    /// A valid `Email`'s text.
    let recipient: String
    let content: MailTemplate

    /// The whole mail.
    var bytes: [UInt8] {
        // "=_" never occurs in quoted-printable text, so no part can hold the boundary.
        let boundary = "=_\(id.text)"
        var text =
            MailHeader.word("Date", date.mailDate)
            + MailHeader.mailbox("From", from)
            + MailHeader.word("To", recipient)
            + MailHeader.text("Subject", content.subject)
            + MailHeader.word("Message-ID", "<\(id.text)@\(from.address.domain)>")
            + "Auto-Submitted: auto-generated\n"
            + "MIME-Version: 1.0\n"
        guard !content.html.utf8.isEmpty else {
            return Array((text + MailMessage.part("plain", content.text)).utf8)
        }
        text += "Content-Type: multipart/alternative;\n boundary=\"\(boundary)\"\n\n"
        for (type, body) in [("plain", content.text), ("html", content.html)] {
            text += "--\(boundary)\n\(MailMessage.part(type, body))\n"
        }
        text += "--\(boundary)--\n"
        return Array(text.utf8)
    }

    /// A part's own header fields, and its text.
    private static func part(_ type: String, _ body: String) -> String {
        "Content-Type: text/\(type); charset=utf-8\n"
            + "Content-Transfer-Encoding: quoted-printable\n\n"
            + quotedPrintable(body)
    }

    /// RFC 2045 §6.7: lines of at most 76 characters, with everything except printable ASCII as `=XX`.
    static func quotedPrintable(_ text: String) -> String {
        let hex = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        var column = 0
        let bytes = Array(text.utf8)
        for (index, byte) in bytes.enumerated() {
            if byte == 0x0A {
                result.append(byte)
                column = 0
                continue
            }
            let isLast = index + 1 == bytes.count || bytes[index + 1] == 0x0A
            let isSpace = byte == 0x20 || byte == 0x09
            let isLiteral =
                (byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "=")) || (isSpace && !isLast)
            let width = isLiteral ? 1 : 3
            if column + width > 75 {
                result.append(contentsOf: "=\n".utf8)
                column = 0
            }
            if isLiteral {
                result.append(byte)
            } else {
                result += [UInt8(ascii: "="), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
            column += width
        }
        return String(decoding: result, as: UTF8.self)
    }
}
